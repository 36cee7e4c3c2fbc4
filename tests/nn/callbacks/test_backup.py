"""BackupAndRestore: a training that is stopped anywhere ends as if it had not been."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import optim
from nn import callbacks, initializers, layers, models, utils
from nn._batches import batches
from nn.callbacks import BackupAndRestore, Callback

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 6)).astype(np.float32)
Y = RNG.integers(0, 3, 50)
HELD_OUT = RNG.normal(size=(20, 6)).astype(np.float32), RNG.integers(0, 3, 20)
EPOCHS = 4


class StopError(BaseException):
    """Stands for a kill."""


class Stop(Callback):
    """Ends the program at a step, or at another moment of an epoch."""

    def __init__(self, step: int = -1, moment: str = "on_train_batch_end", epoch: int = -1) -> None:
        super().__init__()
        self.step, self.moment, self.epoch = step, moment, epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.moment == "on_train_batch_end" and self.step == self.model.optimizer.iterations:
            raise StopError

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self.moment == "on_epoch_begin" and self.epoch == epoch:
            raise StopError

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.moment == "on_epoch_end" and self.epoch == epoch:
            raise StopError


def compiled() -> models.Sequential:
    """A net with dropout and normalization, of the seed's weights."""
    utils.set_random_seed(7)
    model = models.Sequential(
        [
            layers.Dense(5, "relu", input_shape=(6,)),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(3, "softmax"),
        ]
    )
    model.compile(optim.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


Options = dict[str, Any]


def arrays() -> Options:
    return {"x": X, "y": Y, "batch_size": 8}


def in_order() -> Options:
    return {**arrays(), "shuffle": False}


def in_steps() -> Options:
    return {**arrays(), "steps_per_epoch": 5}


def in_batches() -> Options:
    return {"x": batches(X, Y, batch_size=8, seed=3)}


class Endless:
    """Batches without an end, which can tell where they are."""

    def __init__(self) -> None:
        self.steps = batches(X, Y, batch_size=8, seed=3)
        self.state_dict, self.load_state_dict = self.steps.state_dict, self.steps.load_state_dict

    def __iter__(self) -> Iterator[Any]:
        while True:
            yield from self.steps


def endless_batches() -> Options:
    return {"x": Endless(), "steps_per_epoch": 5}


def one_iterator() -> Options:
    def endless() -> Iterator[Any]:
        steps = batches(X, Y, batch_size=8, seed=3)
        while True:
            yield from steps

    return {"x": endless(), "steps_per_epoch": 6}


def with_validation() -> Options:
    return {**arrays(), "validation_data": HELD_OUT, "validation_freq": [1, 3, 4]}


def split_off() -> Options:
    return {**arrays(), "validation_split": 0.3, "class_weight": {1: 2.0}}


DATA = (
    *(arrays, in_order, in_steps, in_batches),
    *(endless_batches, one_iterator, with_validation, split_off),
)


def run(
    folder: Path,
    data: Callable[[], Options],
    stops: list[Stop],
    more: Callable[[], list[Callback]] = list,
    **options: Any,
) -> tuple[Any, list[Callback]]:
    """Train, in a new process as it were after each of the stops; what came of it, bit for bit."""
    for k in range(len(stops) + 1):
        model, others = compiled(), more()
        # the backup stands first in the list, and hears of everything last all the same
        backup = BackupAndRestore(folder / "backup", **options)
        heard = [backup, *stops[k : k + 1], *others]
        try:
            history = model.fit(**data(), epochs=EPOCHS, verbose=0, callbacks=heard)
        except StopError:
            assert k < len(stops)
            for callback in others:  # as the end of a process does
                if isinstance(callback, callbacks.CSVLogger):
                    callback._close()
            continue
        assert not list((folder / "backup").glob("*")) or not backup.delete_checkpoint
        variables = [*model.variables, *model.optimizer.variables]
        return (
            [(v.name, v.numpy().tobytes()) for v in variables],
            (history.history, history.epoch),
            utils.set_random_seed.__globals__["_shared"].bit_generator.state,
        ), others
    raise AssertionError("the last run was stopped")


# -- bit for bit ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "save_freq"),
    [*((data, 3) for data in DATA), *((arrays, n) for n in (1, 100, "epoch")), (in_steps, "epoch")],
)
def test_a_training_ends_as_if_never_stopped(
    data: Callable[[], Options], save_freq: Any, tmp_path: Path
) -> None:
    whole, _ = run(tmp_path / "whole", data, [])
    stops = [Stop(1), Stop(9), Stop(14), Stop(19)]
    stopped, _ = run(tmp_path / "stopped", data, stops, save_freq=save_freq)
    assert stopped == whole


@pytest.mark.parametrize("moment", ["on_epoch_begin", "on_epoch_end"])
@pytest.mark.parametrize("save_freq", ["epoch", 4])
def test_a_stop_between_epochs(moment: str, save_freq: Any, tmp_path: Path) -> None:
    whole, _ = run(tmp_path / "whole", with_validation, [])
    stops = [Stop(moment=moment, epoch=epoch) for epoch in range(EPOCHS)]
    assert run(tmp_path / "stopped", with_validation, stops, save_freq=save_freq)[0] == whole


@pytest.mark.long
@settings(max_examples=100)
@given(
    steps=st.lists(st.integers(1, 19), max_size=4).map(sorted),
    save_freq=st.integers(1, 9),
    data=st.sampled_from(DATA),
)
def test_any_stops(
    steps: list[int],
    save_freq: int,
    data: Callable[[], Options],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("run")
    whole, _ = run(folder / "whole", data, [])
    assert run(folder / "stopped", data, [*map(Stop, steps)], save_freq=save_freq)[0] == whole


def monitors(folder: Path) -> Callable[[], list[Callback]]:
    return lambda: [
        callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True),
        callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=0.5, cooldown=2),
        callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9),
        callbacks.CSVLogger(folder / "log.csv"),
        callbacks.ModelCheckpoint(folder / "best", "val_accuracy", save_best_only=True),
        callbacks.ModelCheckpoint(folder / "{epoch}-{batch}", save_freq=4),
    ]


@pytest.mark.parametrize("save_freq", ["epoch", 1, 5])
def test_callbacks_go_on_too(save_freq: Any, tmp_path: Path) -> None:
    def data() -> Options:
        return {**arrays(), "validation_data": HELD_OUT}

    names = ("whole", "stopped")
    for name in names:
        (tmp_path / name).mkdir()
    folder = tmp_path / "whole"
    whole, others = run(folder, data, [], monitors(folder))
    folder = tmp_path / "stopped"
    stops = [Stop(3), Stop(8), Stop(moment="on_epoch_end", epoch=1), Stop(15), Stop(27)]
    stopped, after = run(folder, data, stops, monitors(folder), save_freq=save_freq)
    assert stopped == whole
    for one, other in zip(others, after, strict=True):
        assert str(one.state_dict()) == str(other.state_dict())
    files = [
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir() if path.is_file()}
        for name in names
    ]
    assert files[0] == files[1]
    assert {"log.csv", "best", "1-4", "2-5"} < set(files[0])


class Counting(Callback):
    """A user's callback with a state of its own, that draws random numbers."""

    backed_up = ("seen", "sums")

    def __init__(self) -> None:
        super().__init__()
        self.seen, self.sums = 0, {"loss": [0.0]}

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.seen += 1
        noise = initializers.RandomNormal(stddev=0.1)((3,))
        self.model.layers[-1].bias.assign_add(noise)
        self.sums["loss"].append(logs["loss"])


def test_a_callback_says_what_it_goes_by(tmp_path: Path) -> None:
    whole, (one,) = run(tmp_path / "whole", arrays, [], lambda: [Counting()])
    stops = [Stop(5), Stop(20)]
    stopped, (other,) = run(tmp_path / "stopped", arrays, stops, lambda: [Counting()], save_freq=2)
    assert stopped == whole
    assert one.state_dict() == other.state_dict()
    assert one.seen == 28  # type: ignore[attr-defined]


def test_a_training_that_has_ended_is_not_trained_on(tmp_path: Path) -> None:
    whole, _ = run(tmp_path, arrays, [], delete_checkpoint=False)
    assert {path.name for path in (tmp_path / "backup").iterdir()} == {
        *("latest.safetensors", "previous.safetensors")
    }
    assert run(tmp_path, arrays, [Stop(1)][:0], delete_checkpoint=False)[0] == whole
    model = compiled()
    backup = BackupAndRestore(tmp_path / "backup")
    model.fit(X, Y, batch_size=8, epochs=EPOCHS + 1, verbose=0, callbacks=[backup])
    assert model.optimizer.iterations == 7 * (EPOCHS + 1)


def test_a_training_that_was_ended_early_stays_so(tmp_path: Path) -> None:
    def stopping() -> list[Callback]:
        return [callbacks.EarlyStopping("loss", min_delta=10.0)]

    whole, _ = run(tmp_path / "whole", arrays, [], stopping)
    assert len(whole[1][0]["loss"]) == 2
    # killed between the end of training and the end of the program
    for _ in range(2):
        assert run(tmp_path / "run", arrays, [], stopping, delete_checkpoint=False)[0] == whole


# -- files ---------------------------------------------------------------------------------------


def stopped_at(folder: Path, step: int, **options: Any) -> None:
    with pytest.raises(StopError):
        compiled().fit(
            **arrays(),
            epochs=EPOCHS,
            verbose=0,
            callbacks=[Stop(step), BackupAndRestore(folder, **options)],
        )


def test_a_damaged_file_is_not_needed_where_the_one_before_is_kept(tmp_path: Path) -> None:
    whole, _ = run(tmp_path / "whole", arrays, [])
    folder = tmp_path / "stopped" / "backup"
    stopped_at(folder, 12, save_freq=2)
    latest = folder / "latest.safetensors"
    content = bytearray(latest.read_bytes())
    content[len(content) // 2] ^= 1
    latest.write_bytes(content)
    (folder / f".{latest.name}.0.part").write_bytes(b"beginning")
    with pytest.warns(UserWarning, match=r"latest\.safetensors .*going back to .*previous"):
        stopped, _ = run(tmp_path / "stopped", arrays, [], save_freq=2)
    assert stopped == whole


def test_the_file_before_will_do_where_the_newest_is_gone(tmp_path: Path) -> None:
    """As after a kill between two renames, where a file system has no links."""
    whole, _ = run(tmp_path / "whole", arrays, [])
    stopped_at(tmp_path / "stopped" / "backup", 12, save_freq=2)
    (tmp_path / "stopped" / "backup" / "latest.safetensors").unlink()
    assert run(tmp_path / "stopped", arrays, [], save_freq=2)[0] == whole


def test_where_nothing_else_is_kept_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    stopped_at(tmp_path, 12, double_checkpoint=False)
    assert [path.name for path in tmp_path.iterdir()] == ["latest.safetensors"]
    (tmp_path / "latest.safetensors").write_bytes(b"what")
    model = compiled()
    before = [v.numpy().tobytes() for v in model.variables]
    backup = BackupAndRestore(tmp_path)
    with pytest.raises(ValueError, match=r"latest\.safetensors is truncated or no safetensors"):
        model.fit(**arrays(), verbose=0, callbacks=[backup])
    assert [v.numpy().tobytes() for v in model.variables] == before


def other_model() -> models.Sequential:
    model = models.Sequential([layers.Dense(3, "softmax", input_shape=(6,))])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def other_metrics() -> models.Sequential:
    model = compiled()
    model.compile(optim.Adam(0.01), "sparse_categorical_crossentropy")
    return model


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (
            other_model,
            {},
            "it has 'model/dense_1/bias', which this training has not.*; 'model/dense",
        ),
        (other_metrics, {}, "it has 'metrics/accuracy/total', which"),
        (compiled, {"batch_size": 9}, "x was gone through as .*'batch_size': 8.*; here it is"),
        (compiled, {"validation_data": HELD_OUT}, r"given \['train'\], here are \['train', 'val"),
        (compiled, {"callbacks": [Counting()]}, "it lacks 'callbacks/counting'"),
    ],
)
def test_a_backup_of_another_training_is_refused(
    make: Callable[[], models.Sequential], options: Options, message: str, tmp_path: Path
) -> None:
    stopped_at(tmp_path, 10, save_freq=2)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    model = make()
    given = {**arrays(), "callbacks": [], **options}
    given["callbacks"] = [*given["callbacks"], BackupAndRestore(tmp_path)]
    with pytest.raises(ValueError, match=message):
        model.fit(**given, verbose=0)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_data_that_end_sooner_are_an_error(tmp_path: Path) -> None:
    def some(count: int) -> Iterator[Any]:
        yield from list(batches(X, Y, batch_size=8, seed=3)) * count

    def fit(count: int, *heard: Callback) -> None:
        heard = (*heard, BackupAndRestore(tmp_path, save_freq=1))
        compiled().fit(some(count), epochs=3, steps_per_epoch=6, verbose=0, callbacks=heard)

    with pytest.raises(StopError):
        fit(5, Stop(10))
    with pytest.raises(ValueError, match="x gives 7 batches; 9 were taken before"):
        fit(1)


@pytest.mark.parametrize("save_freq", [0, -1, "batch", 1.5])
def test_how_often_is_checked(save_freq: Any) -> None:
    with pytest.raises(ValueError, match="save_freq is 'epoch' or a number of steps of 1 or more"):
        BackupAndRestore("folder", save_freq=save_freq)
