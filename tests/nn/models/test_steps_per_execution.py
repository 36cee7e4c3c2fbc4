"""Several steps per execution: the same bits, and callbacks that hear of the last of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
import optim
from nn import layers, models
from nn.models._feed import make_feed

X = np.random.default_rng(0).normal(size=(23, 4)).astype(np.float32)
Y = np.random.default_rng(1).integers(0, 3, 23)
WEIGHT = np.random.default_rng(2).random(23).astype(np.float32)


def made(together: int = 1, **more: Any) -> models.Sequential:
    nn.utils.set_random_seed(0)
    model = models.Sequential(
        [layers.Dense(5, "relu", input_shape=(4,)), layers.Dropout(0.3), layers.Dense(3)]
    )
    loss = nn.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        optim.Adam(0.01), loss, metrics=["accuracy"], steps_per_execution=together, **more
    )
    return model


class Hears(nn.callbacks.Callback):
    """Everything that is said of batches."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[Any] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.said.append(("begin", batch))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.said.append(("end", batch, (logs or {})["loss"]))

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.said.append(("test", batch))

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self.said.append(("tested", batch))

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.said.append(("predict", batch))

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        self.said.append(("predicted", batch, (logs or {})["outputs"].shape))


def trained(together: int, **more: Any) -> tuple[Any, list[np.ndarray], list[Any]]:
    model, hears = made(together), Hears()
    nn.utils.set_random_seed(3)
    given: dict[str, Any] = {"batch_size": 4, "epochs": 2, "verbose": 0, "callbacks": [hears]}
    data = (X, Y) if "x" not in more else (more.pop("x"),)
    history = model.fit(*data, **{**given, **more}).history
    return history, [v.numpy() for v in [*model.weights, *model.optimizer.variables]], hears.said


@pytest.mark.parametrize("together", [2, 3, 6, 100])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"sample_weight": WEIGHT, "shuffle": False},
        {"class_weight": {0: 2.0}, "validation_data": (X, Y), "validation_batch_size": 5},
        {"steps_per_epoch": 4},
    ],
)
def test_the_same_bits(together: int, more: dict[str, Any]) -> None:
    ours, expected = trained(together, **more), trained(1, **more)
    assert ours[0] == expected[0]
    for a, b in zip(ours[1], expected[1], strict=True):
        np.testing.assert_array_equal(a, b)
    losses: dict[Any, Any] = {}
    for epoch, said in enumerate(epochs(expected[2])):
        losses |= {(epoch, batch): loss for kind, batch, *loss in said if kind == "end"}
    for epoch, said in enumerate(epochs(ours[2])):
        begins = [said[1] for said in said if said[0] == "begin"]
        ends = [(said[1], said[2]) for said in said if said[0] == "end"]
        steps = more.get("steps_per_epoch", 6)
        assert begins == list(range(0, steps, together))
        assert [batch for batch, _ in ends] == [min(k + together, steps) - 1 for k in begins]
        assert all([loss] == losses[epoch, batch] for batch, loss in ends)


def epochs(said: list[Any]) -> list[list[Any]]:
    """What was said in each epoch of training."""
    starts = [k for k, (kind, batch, *_) in enumerate(said) if (kind, batch) == ("begin", 0)]
    return [said[i:j] for i, j in zip(starts, [*starts[1:], len(said)], strict=True)]


def test_what_gives_batches_too() -> None:
    def batches() -> Any:
        for k in range(0, 23, 4):
            yield X[k : k + 4], Y[k : k + 4]

    class Source:
        def __iter__(self) -> Any:
            return batches()

    ours, expected = trained(4, x=Source()), trained(1, x=Source())
    assert ours[0] == expected[0]
    for a, b in zip(ours[1], expected[1], strict=True):
        np.testing.assert_array_equal(a, b)
    ends = [batch for kind, batch, *_ in ours[2] if kind == "end"]
    assert ends == [3, 5, 3, 5]


@pytest.mark.parametrize("eager", [True, False])
def test_evaluate_and_predict(eager: bool) -> None:
    ours, expected = made(4, run_eagerly=eager), made(1, run_eagerly=eager)
    hears = Hears()
    given: dict[str, Any] = {"batch_size": 4, "verbose": 0}
    report = ours.evaluate(X, Y, callbacks=[hears], **given)
    assert report == expected.evaluate(X, Y, **given)
    found = ours.predict(X, callbacks=[hears], **given)
    np.testing.assert_array_equal(found, expected.predict(X, **given))
    assert hears.said == [
        *(("test", 0), ("tested", 3), ("test", 4), ("tested", 5)),
        *(("predict", 0), ("predicted", 3, (16, 3)), ("predict", 4), ("predicted", 5, (7, 3))),
    ]


def test_training_that_is_told_to_stop_ends_after_the_execution() -> None:
    class Stops(nn.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.stop_training = True

    model = made(4)
    model.fit(X, Y, batch_size=4, epochs=3, verbose=0, callbacks=[Stops()])
    assert int(model.optimizer.iterations) == 4


def test_a_training_that_was_interrupted_goes_on(tmp_path: Path) -> None:
    class Stops(nn.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if int(self.model.optimizer.iterations) == 9:
                raise KeyboardInterrupt

    def run(*callbacks: Any) -> Any:
        model = made(3)
        nn.utils.set_random_seed(2)
        backup = nn.callbacks.BackupAndRestore(tmp_path / "backup", save_freq=2)
        given: Any = {"batch_size": 4, "epochs": 3, "verbose": 0}
        model.fit(X, Y, callbacks=[*callbacks, backup], **given)
        return model

    whole = run()
    with pytest.raises(KeyboardInterrupt):
        run(Stops())
    resumed = run()
    for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_it_is_saved_with_the_model(tmp_path: Path) -> None:
    model = made(7)
    model.save(tmp_path / "m")
    again: Any = models.load_model(tmp_path / "m")
    assert again.steps_per_execution == 7


@pytest.mark.parametrize(("value", "error"), [(0, ValueError), (1.5, TypeError), ("a", TypeError)])
def test_what_is_no_number_of_steps(value: Any, error: Any) -> None:
    with pytest.raises(error, match="steps_per_execution must be"):
        made(value)


@given(
    rows=st.integers(1, 20),
    size=st.integers(1, 6),
    most=st.integers(1, 5),
    shuffle=st.booleans(),
    steps=st.none() | st.integers(1, 9),
)
def test_groups_of_batches_are_the_batches(
    rows: int, size: int, most: int, shuffle: bool, steps: int | None
) -> None:
    """Also where an epoch ends within a pass over the rows, and the state after each group."""
    x = np.arange(rows)
    single, grouped = (make_feed(x, x, None, size, shuffle, steps=steps) for _ in range(2))
    feeds: list[Any] = [single, grouped]
    found: list[list[Any]] = []
    for k, feed in enumerate(feeds):
        nn.utils.set_random_seed(4)
        batches: list[Any] = []
        for _ in range(3):
            done = 0
            if not k:
                batches += [(a.tolist(), feed.state_dict()) for _, (a, _) in feed.epoch()]
                continue
            counts = []
            for _, (a, _), sizes in feed.groups(most):
                assert sum(sizes) == len(a)
                ends = np.cumsum(sizes)
                parts = [p.tolist() for p in np.split(a, ends[:-1])]
                batches += [(part, None) for part in parts[:-1]] + [(parts[-1], feed.state_dict())]
                counts.append(len(sizes))
                done += len(sizes)
            assert all(count <= most for count in counts)
            edges = np.cumsum(counts)
            assert all(k in edges for k in range(most, done, most))
        found.append(batches)
    assert [batch for batch, _ in found[0]] == [batch for batch, _ in found[1]]
    for (_, expected), (_, state) in zip(*found, strict=True):
        assert state in (None, expected)
