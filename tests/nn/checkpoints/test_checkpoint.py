"""Checkpoint: a training goes on as if it had never stopped, or is left as it was."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
import optim
from nn import _random, _safetensors, layers, losses, models, utils
from nn._batches import batches
from nn.checkpoints import Checkpoint

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 6)).astype(np.float32)
Y = RNG.integers(0, 3, 50)
EPOCHS = 4
OPTIMIZERS: dict[str, Callable[[], optim.Optimizer]] = {
    "sgd": lambda: optim.SGD(0.1),
    "momentum": lambda: optim.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "schedule": lambda: optim.SGD(optim.schedules.ExponentialDecay(0.1, 7, 0.9)),
    "adam": lambda: optim.Adam(0.01, use_ema=True, ema_overwrite_frequency=5),
    "nadam": lambda: optim.Nadam(0.01, global_clipnorm=1.0),
}


class Best:
    """What a callback keeps: numbers, text and arrays."""

    def __init__(self) -> None:
        self.best: tuple[float, str] = (np.inf, "none")
        self.weights: list[np.ndarray] | None = None
        self.losses: list[float] = []

    def state_dict(self) -> dict[str, Any]:
        return vars(self)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        if set(state) != set(vars(self)):
            raise ValueError(f"expected {sorted(vars(self))}")
        vars(self).update(state)


class Training:
    """A net with dropout and normalization, trained by hand."""

    def __init__(self, optimizer: str = "adam", width: int = 5, seed: int = 0) -> None:
        utils.set_random_seed(seed)
        self.model = models.Sequential(
            [
                layers.Dense(width, "relu", input_shape=(6,)),
                layers.BatchNormalization(),
                layers.Dropout(0.3),
                layers.Dense(3),
            ]
        )
        self.optimizer = OPTIMIZERS[optimizer]()
        self.optimizer.build(self.model.trainable_variables)
        self.batches = batches(X, Y, batch_size=8, seed=seed)
        self.best = Best()
        self.noise = ad.random.default_rng(seed)
        self.checkpoint = Checkpoint(
            model=self.model,
            optimizer=self.optimizer,
            batches=self.batches,
            others=[self.best, {"noise": self.noise}],
        )
        self.loss = losses.SparseCategoricalCrossentropy(from_logits=True)
        self.step = ad.function(self._step)

    def _step(self, x: Any, y: Any) -> Any:
        with ad.GradientTape() as tape:
            x = x + 0.1 * self.noise.normal(size=x.shape)
            loss = self.loss(y, self.model(x, training=True))
        weights = self.model.trainable_variables
        pairs = zip(tape.gradient(loss, weights), weights, strict=True)
        self.optimizer.apply_gradients(pairs)
        return loss

    def run(self, first: int = 0, stop: Callable[[int], bool] = lambda step: False) -> int:
        """Train to the end, or until `stop(steps)` after a step; the epoch it stopped in."""
        for epoch in range(first, EPOCHS):
            for x, y in self.batches:
                loss = float(self.step(x, y))
                self.best.losses.append(loss)
                if loss < self.best.best[0]:
                    self.best.best = (loss, f"step {int(self.optimizer.iterations)}")
                    self.best.weights = self.model.get_weights()
                if stop(int(self.optimizer.iterations)):
                    self.checkpoint.save(self.path, epoch=epoch)
                    return epoch
        return EPOCHS

    path: Any = None

    def state(self) -> Any:
        """Everything, to be compared bit for bit."""
        return (
            [(v.name, v.numpy().tobytes()) for v in self.model.variables],
            [(v.name, v.numpy().tobytes()) for v in self.optimizer.variables],
            (self.best.best, self.best.losses, [w.tobytes() for w in self.best.weights or []]),
            (self.noise.state, str(self.batches.state_dict())),
            _random.generator(None).bit_generator.state,
            [rng.state for layer in self.model.layers for rng in generators(layer)],
        )


def generators(layer: Any) -> list[ad.random.Generator]:
    return [x for x in vars(layer).values() if isinstance(x, ad.random.Generator)]


# -- going on ------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("stop", [1, 7, 10, 14, 27])
def test_a_training_goes_on_bit_for_bit(optimizer: str, stop: int, tmp_path: Path) -> None:
    whole = Training(optimizer)
    whole.run()
    first = Training(optimizer)
    first.path = tmp_path / "run"
    first.run(stop=lambda step: step == stop)
    second = Training(optimizer, seed=1)
    values = second.checkpoint.restore(first.path)
    assert values == {"epoch": (stop - 1) // 7}
    second.run(values["epoch"])
    assert second.state() == whole.state()


def test_a_restored_state_is_the_one_that_was_saved(tmp_path: Path) -> None:
    one, other = Training(), Training(seed=1)
    one.run()
    one.checkpoint.save(tmp_path / "run", note="α", history={"loss": [0.1, np.nan]}, n=(1, None))
    before = one.state()
    assert other.state() != before
    values = other.checkpoint.restore(str(tmp_path / "run"))
    assert other.state() == before == one.state()
    assert str(values) == "{'note': 'α', 'history': {'loss': [0.1, nan]}, 'n': (1, None)}"
    assert str(other.checkpoint.values(tmp_path / "run")) == str(values)


def test_other_programs_read_the_file(tmp_path: Path) -> None:
    training = Training("momentum")
    training.checkpoint.save(tmp_path / "run")
    found = safetensors.numpy.load_file(tmp_path / "run")
    kernel = training.model.variables[0]
    np.testing.assert_array_equal(found["model/dense/kernel"], kernel.numpy())
    assert {name for name in found if name.startswith("optimizer/")} == {
        *("optimizer/iterations", "optimizer/learning_rate"),
        *(f"optimizer/dense/{name}/momentum" for name in ("kernel", "bias")),
        *(f"optimizer/dense_1/{name}/momentum" for name in ("kernel", "bias")),
        *(f"optimizer/batch_normalization/{name}/momentum" for name in ("gamma", "beta")),
    }
    with safetensors.safe_open(tmp_path / "run", "np") as file:
        assert file.metadata()["autodiff"] == "checkpoint 1"


def test_the_file_before_is_kept_where_it_is_asked_for(tmp_path: Path) -> None:
    checkpoint, path, previous = Training().checkpoint, tmp_path / "run", tmp_path / "before"
    for n in range(3):
        checkpoint.save(path, previous=previous, n=n)
        assert checkpoint.values(path) == {"n": n}
        assert previous.exists() == (n > 0)
    assert checkpoint.values(previous) == {"n": 1}
    assert {file.name for file in tmp_path.iterdir()} == {"run", "before"}


@pytest.mark.parametrize("kind", [np.random.MT19937, np.random.Philox, np.random.SFC64])
def test_every_generator_of_numpy_goes_on(kind: Any, tmp_path: Path) -> None:
    rng, other = (np.random.Generator(kind(seed)) for seed in (0, 1))
    rng.random(7)
    Checkpoint(rng=rng).save(tmp_path / "run")
    Checkpoint(rng=other).restore(tmp_path / "run")
    assert rng.random(1000).tobytes() == other.random(1000).tobytes()


def untouched(frozen: bool) -> tuple[Any, optim.Optimizer]:
    """A model, and an optimizer that knows nothing of it."""
    model = models.Sequential([layers.Dense(5, input_shape=(6,)), layers.Dense(3)])
    model.layers[0].trainable = not frozen
    return model, optim.Adam()


@pytest.mark.parametrize("frozen", [False, True])
def test_slots_are_made_where_an_optimizer_has_none(frozen: bool, tmp_path: Path) -> None:
    model, optimizer = untouched(frozen)
    variables = model.trainable_variables
    optimizer.apply_gradients([(ad.ones_like(v), v) for v in variables])
    Checkpoint(model=model, optimizers=[optimizer]).save(tmp_path / "run")
    other, fresh = untouched(frozen)
    Checkpoint(model=other, optimizers=[fresh]).restore(tmp_path / "run")
    assert [v.name for v in fresh.variables] == [v.name for v in optimizer.variables]
    for a, b in zip(fresh.variables, optimizer.variables, strict=True):
        assert a.numpy().tobytes() == b.numpy().tobytes()
    with pytest.raises(ValueError, match=r"it has 'optimizers/0/dense.*/kernel/momentum', which"):
        Checkpoint(optimizers=[optim.Adam()]).restore(tmp_path / "run")


# -- what does not fit ---------------------------------------------------------------------------


def refused(training: Training, path: Path, message: str) -> None:
    """Restoring raises this, and changes nothing."""
    before = training.state()
    with pytest.raises(ValueError, match=message) as caught:
        training.checkpoint.restore(path)
    assert str(path) in str(caught.value)
    assert training.state() == before


def test_other_trainings_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "run"
    Training(width=7).checkpoint.save(path)
    refused(Training(), path, r"'model/dense/kernel' is float32\[6, 7\]; expected float32\[6, 5\]")
    Training("sgd").checkpoint.save(path)
    refused(Training(), path, "it lacks 'optimizer/dense/kernel/momentum'")
    refused(Training("momentum"), path, "it lacks 'optimizer/dense/kernel/momentum'")
    Training("momentum").checkpoint.save(path)
    refused(Training("sgd"), path, "it has 'optimizer/dense/kernel/momentum', which")


def test_other_parts_are_refused(tmp_path: Path) -> None:
    training, path = Training(), tmp_path / "run"
    Checkpoint(model=training.model, optimizer=training.optimizer, new=Best()).save(path)
    refused(training, path, "it lacks 'batches'; .*it lacks 'others/0'; .*it has 'new', which")
    Training(seed=1).model.save_weights(path)
    refused(training, path, "it holds 'weights 1', expected 'checkpoint 1'")
    safetensors.numpy.save_file({"model/dense/kernel": X}, path)
    refused(
        training,
        path,
        "no safetensors file of a training's state: it was written by something else",
    )
    path.write_bytes(pickle.dumps({"model": X}))
    refused(training, path, "truncated or no safetensors file of a training's state")
    with pytest.raises(FileNotFoundError):
        training.checkpoint.restore(tmp_path / "nowhere")


class Refusing(Best):
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        raise KeyError("patience")


@pytest.mark.parametrize("kind", [Best, Refusing])
def test_a_part_that_refuses_its_state_leaves_all_parts_as_they_were(
    kind: type[Best], tmp_path: Path
) -> None:
    path, one = tmp_path / "run", Training(seed=1)
    one.run()
    if kind is Best:
        one.best.more = 1  # type: ignore[attr-defined]
    one.checkpoint.save(path)
    other = Training()
    other.best.__class__ = kind
    refused(other, path, "'others/0': (expected|'patience')")


def test_batches_within_an_epoch_are_those_it_began_with(tmp_path: Path) -> None:
    steps = batches(X, batch_size=8, seed=0)
    next(iter_ := iter(steps))
    Checkpoint(steps=steps).save(tmp_path / "run")
    del iter_
    for other in (batches(X, batch_size=9), batches(X[:-1], batch_size=8)):
        with pytest.raises(
            ValueError, match=r"'steps': batches: the epoch began with \{'rows': 50"
        ):
            Checkpoint(steps=other).restore(tmp_path / "run")
    twister = np.random.Generator(np.random.MT19937())
    with pytest.raises(ValueError, match="the generator was PCG64; here it is MT19937"):
        Checkpoint(steps=batches(X, batch_size=8, seed=twister)).restore(tmp_path / "run")


def test_what_has_no_state_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="model/epoch is int 3; a checkpoint takes Variables, lay"):
        Checkpoint(model={"epoch": 3})
    checkpoint = Checkpoint()
    for value in (object(), {1: 2}, {"$array": 1}, [len], ad.Variable(1.0), 1j):
        with pytest.raises(TypeError, match="values/x"):
            checkpoint.save(tmp_path / "run", x=value)
    assert list(tmp_path.iterdir()) == []


# -- files of somebody else's making -------------------------------------------------------------


def forged(path: Path, change: Callable[[Any], Any]) -> None:
    """Write a checkpoint whose state is changed, and whose digest is right."""
    training = Training()
    training.checkpoint.save(path, epoch=3)
    with _safetensors.reading(path, "") as reader:
        arrays = {name: reader.read(name) for name in reader.entries}
        state = json.loads(reader.metadata["state"])
    state = change(state) or state
    text = state if isinstance(state, str) else json.dumps(state)
    _safetensors.write(path, arrays, {"autodiff": "checkpoint 1", "state": text})


def without(*path: str) -> Callable[[Any], None]:
    def change(state: Any) -> None:
        for key in path[:-1]:
            state = state[key]
        del state[path[-1]]

    return change


def with_value(value: Any, *path: str) -> Callable[[Any], None]:
    def change(state: Any) -> None:
        for key in path[:-1]:
            state = state[key]
        state[path[-1]] = copy.deepcopy(value)

    return change


NO_STATE = "its state is none"
FORGED = {
    "no JSON": (lambda _: "{", NO_STATE),
    "a list": (lambda _: "[1]", NO_STATE),
    "nesting": (lambda _: '{"states":' + "[" * 10**5, NO_STATE),
    "no states": (without("states"), NO_STATE),
    "states in a list": (with_value([], "states"), NO_STATE),
    "values in a list": (with_value([], "values"), NO_STATE),
    "no generator": (without("states", "random"), "it lacks 'random'"),
    "another": (with_value(1, "states", "other"), "it has 'other', which"),
    "half a generator": (without("states", "random", "state", "inc"), "'random': given"),
    "another generator": (with_value("MT19937", "states", "random", "bit_generator"), "'random'"),
    "text": (with_value("0", "states", "random", "state", "inc"), "'random': given"),
    "beyond 128 bits": (with_value(2**128, "states", "random", "state", "inc"), "'random': "),
    "a tensor's generator": (with_value(-1, "states", "others/1/noise", "inc"), "others/1/noise"),
    "no array": (with_value({"$array": "no"}, "states", "batches"), "its state names 'no', which"),
    "odd name": (with_value({"$array": [1]}, "states", "batches"), "its state names \\[1\\]"),
    "half a tuple": (with_value({"$tuple": 5}, "values", "epoch"), NO_STATE),
    "a Variable": (
        with_value({"$array": "model/dense/kernel"}, "states", "batches"),
        "it lacks 'model/dense/kernel'",
    ),
    "batches": (with_value({"generator": 1}, "states", "batches"), "'batches': batches: given"),
}


@pytest.mark.parametrize(("change", "message"), FORGED.values(), ids=FORGED)
def test_a_forged_state_is_refused(
    change: Callable[[Any], Any], message: str, tmp_path: Path
) -> None:
    forged(tmp_path / "run", change)
    refused(Training(seed=1), tmp_path / "run", message)


NUMBERS = st.one_of(
    st.lists(st.floats(), max_size=40),
    st.lists(st.integers(-(2**80), 2**80), max_size=40),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=15, max_size=40),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers() | NUMBERS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5).filter(lambda key: key[:1] != "$"), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(values=st.dictionaries(st.sampled_from(["a", "b", "a/0", "c"]), VALUES))
def test_values_come_back_as_they_were(
    values: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("values") / "run"
    Checkpoint().save(path, **values)
    assert repr(Checkpoint().restore(path)) == repr(values)
