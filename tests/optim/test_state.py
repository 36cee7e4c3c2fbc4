"""State that can be saved, configurations that can be written down, optimizers by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff as ad
import optim
from optim import SGD, Adam, LossScaleOptimizer, Nadam, Optimizer, RMSprop
from optim.schedules import ExponentialDecay

KINDS = {name for name in optim.__all__ if isinstance(getattr(optim, name), type)} - {
    *("Optimizer", "LossScaleOptimizer")
}
EVERY: list[Callable[[], Optimizer]] = [
    *(getattr(optim, name) for name in sorted(KINDS)),
    lambda: Nadam(0.01, use_ema=True),
    lambda: SGD(ExponentialDecay(0.1, 10, 0.5), momentum=0.9, nesterov=True, clipnorm=1.0),
    lambda: Adam(0.01, use_ema=True, gradient_accumulation_steps=2),
    lambda: RMSprop(centered=True, momentum=0.5, weight_decay=0.1),
    lambda: Adam(amsgrad=True, name="second"),
    lambda: LossScaleOptimizer(Adam(0.01, use_ema=True, gradient_accumulation_steps=2), 64.0, 2),
]


def pair() -> list[ad.Variable]:
    return [ad.Variable([[1.0, 2.0]], name="dense/kernel"), ad.Variable([3.0], name="dense/bias")]


def take_steps(optimizer: Optimizer, variables: list[ad.Variable], seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(3):
        gradients = [rng.normal(size=v.shape).astype(np.float32) for v in variables]
        optimizer.apply_gradients(zip(gradients, variables, strict=True))


@pytest.mark.parametrize("make", EVERY)
def test_a_run_that_is_saved_and_loaded_goes_on_as_it_would_have(
    make: Callable[[], Optimizer],
) -> None:
    whole, w = make(), pair()
    take_steps(whole, w, 0)
    saved, values = whole.state_dict(), [v.numpy() for v in w]
    take_steps(whole, w, 1)

    resumed, w2 = make(), pair()
    resumed.build(w2)
    assert list(resumed.state_dict()) == list(saved)
    resumed.load_state_dict(saved)
    for v, value in zip(w2, values, strict=True):
        v.assign(value)
    take_steps(resumed, w2, 1)
    for a, b in zip([*w, *whole.variables], [*w2, *resumed.variables], strict=True):
        assert np.array_equal(a.numpy(), b.numpy())
        assert a.dtype == b.dtype


@pytest.mark.parametrize("make", EVERY)
def test_names_are_unique_and_follow_the_order_of_the_variables(
    make: Callable[[], Optimizer],
) -> None:
    early, late, w = make(), make(), [*pair(), *pair(), ad.Variable(0.0), ad.Variable(0.0)]
    early.build(w)
    late.apply_gradients([(ad.zeros_like(v), v) for v in w])
    names = [v.name for v in early.variables]
    assert names == [v.name for v in late.variables]
    assert len(set(names)) == len(names)
    assert not any(v.trainable for v in early.variables)
    each = len(early.slots) + bool(early.state.sums) + bool(early.state.means)
    stems = [
        *("dense/kernel", "dense/bias", "dense/kernel_1", "dense/bias_1", "variable", "variable_1")
    ]
    assert [n.rpartition("/")[0] for n in map(str, names) if "/" in n] == [
        stem for stem in stems for _ in range(each)
    ]


def test_names_do_not_collide_with_numbered_ones() -> None:
    optimizer = SGD(momentum=0.9)
    optimizer.build([ad.Variable(0.0, name=n) for n in ("w", "w_1", "w", "w")])
    slots = [v.name for v in optimizer.variables[2:]]
    assert slots == ["w/momentum", "w_1/momentum", "w_2/momentum", "w_3/momentum"]


def test_building_twice_is_building_once() -> None:
    w, optimizer = pair(), Adam()
    optimizer.build(w)
    first = optimizer.variables
    optimizer.build(reversed(w))
    optimizer.build([*w, *w])
    assert [id(v) for v in optimizer.variables] == [id(v) for v in first]
    with pytest.raises(TypeError, match="expected Variables of floats, got 'w'"):
        optimizer.build(["w"])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="expected Variables of floats"):
        optimizer.build([ad.Variable(1)])


def test_state_that_does_not_fit_is_refused_whole() -> None:
    w, optimizer = pair(), Adam()
    take_steps(optimizer, w, 0)
    good, before = Adam(0.5), optimizer.state_dict()
    good.build(w)
    state = good.state_dict()
    wrong: list[tuple[dict[str, Any], str]] = [
        ({**state, "extra": np.zeros(1)}, "'extra' is not known"),
        ({k: v for k, v in state.items() if k != "iterations"}, "'iterations' is missing"),
        (
            {**state, "dense/bias/velocity": np.zeros(2, "f")},
            r"float32\[2\]; expected float32\[1\]",
        ),
        ({**state, "learning_rate": np.float32(1)}, r"float32\[\]; expected float64\[\]"),
    ]
    for arrays, message in wrong:
        with pytest.raises(ValueError, match=message):
            optimizer.load_state_dict(arrays)
    after = optimizer.state_dict()
    assert all(np.array_equal(before[k], after[k]) for k in before)
    with pytest.raises(ValueError, match="'dense/kernel/momentum' is not known"):
        Adam().load_state_dict(state)  # nothing is built


@pytest.mark.parametrize("make", EVERY)
def test_configurations_make_the_like(make: Callable[[], Optimizer]) -> None:
    optimizer = make()
    written = json.loads(json.dumps(optim.serialize(optimizer)))
    for twin in (
        optim.deserialize(written),
        optim.get(written),
        type(optimizer).from_config(written["config"]),
    ):
        assert type(twin) is type(optimizer)
        assert twin.get_config() == optimizer.get_config()
        w, w2 = pair(), pair()
        for o, variables in ((make(), w), (twin, w2)):
            take_steps(o, variables, 3)
        assert [v.tolist() for v in w] == [v.tolist() for v in w2]


def test_a_configuration_tells_the_rate_as_it_is_now() -> None:
    optimizer = SGD(0.1)
    optimizer.learning_rate.assign(0.25)
    assert optimizer.get_config()["learning_rate"] == 0.25
    with pytest.raises(TypeError, match="expected a LearningRateSchedule"):
        SGD(lambda t: 0.1).get_config()


def test_a_subclass_needs_no_configuration_of_its_own() -> None:
    class Signs(Optimizer):
        def __init__(self, learning_rate: float = 0.5, sharpness: float = 1.0, **options: Any):
            super().__init__(learning_rate, **options)
            self.sharpness = sharpness

        def update(self, w: Any, g: Any, rate: Any) -> tuple[ad.Tensor, ...]:
            return (w - rate * ad.tanh(self.sharpness * g),)

    twin = Signs.from_config(Signs(sharpness=50.0, clipvalue=3.0).get_config())
    assert (twin.sharpness, twin.clipvalue, twin.name) == (50.0, 3.0, "signs")
    w = ad.Variable([1.0])
    twin.apply_gradients([([9.0], w)])
    assert w.tolist() == [0.5]


def test_optimizers_have_names() -> None:
    for name in ("SGD", "sgd", "RMSprop", "rmsprop", "adam", "AdamW", "nadam"):
        assert type(optim.get(name)).__name__.lower() == name.lower()
    optimizer = Adam()
    assert optim.get(optimizer) is optimizer
    assert (optimizer.name, Adam(name="critic").name) == ("adam", "critic")


@pytest.mark.parametrize(
    ("identifier", "error", "message"),
    [
        ("adm", ValueError, "unknown optimizer 'adm'; did you mean 'adam'.* Known are .*SGD"),
        ("Optimizer", ValueError, "unknown optimizer 'Optimizer'"),
        (3, TypeError, "expected a dictionary of 'class_name' and 'config', got 3"),
        (SGD, TypeError, "expected an optimizer, got the class SGD: call it"),
        ({"class_name": "SGD"}, TypeError, "expected a dictionary"),
        ({"class_name": "os.system", "config": {}}, ValueError, "unknown optimizer 'os.system'"),
        ({"class_name": "SGD", "config": {"rate": 1}}, TypeError, "argument 'rate'"),
    ],
)
def test_wrong_identifiers_are_named(identifier: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        optim.get(identifier)


def test_an_update_that_gives_too_little_is_refused() -> None:
    class Forgetful(Optimizer):
        slots = {"memory": 0.0}  # noqa: RUF012

        def update(self, w: Any, g: Any, rate: Any, memory: Any) -> tuple[ad.Tensor, ...]:
            return (w - rate * g,)

    class Shapeless(Optimizer):
        def update(self, w: Any, g: Any, rate: Any) -> tuple[ad.Tensor, ...]:
            return (w - rate * ad.sum(g) if w.ndim == 2 else ad.sum(w),)

    w = pair()
    with pytest.raises(ValueError, match=r"Forgetful.update gave 1 values; expected 2: .* memory"):
        Forgetful(0.1).apply_gradients([(ad.zeros_like(w[1]), w[1])])
    with pytest.raises(ValueError, match=r"gave 'dense/bias' shape \(\); expected \(1,\)"):
        Shapeless(0.1).apply_gradients([(ad.ones_like(v), v) for v in w])
    with pytest.raises(NotImplementedError, match="Optimizer has no update formula"):
        Optimizer(0.1).apply_gradients([(ad.zeros_like(w[1]), w[1])])
    assert [v.tolist() for v in w] == [[[1.0, 2.0]], [3.0]]


def test_who_does_not_decay_and_who_has_a_rate_of_its_own_is_written_down() -> None:
    names = ("k(1)", "bias", "gamma", "other", "k1")
    kernel, bias, gamma, *others = (ad.Variable([1.0, -2.0], name=name) for name in names)
    optimizer = SGD(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay([kernel], ["bias"])
    optimizer.multiply_learning_rate(2.0, var_names=["bias", "gamma"])
    optimizer.multiply_learning_rate(3.0, [kernel, gamma])
    twin = optim.deserialize(json.loads(json.dumps(optim.serialize(optimizer))))
    for w in (kernel, bias, gamma, *others):
        assert twin.multiplier(w) == optimizer.multiplier(w)
        assert twin.decays(w) == optimizer.decays(w)
    assert optim.serialize(twin) == optim.serialize(optimizer)
    assert "multipliers" not in SGD().get_config()
    optimizer.multiply_learning_rate(3.0, [ad.Variable([1.0, 2.0])])
    with pytest.raises(TypeError, match=r"shape \(2,\) was chosen in person and has no"):
        optim.serialize(optimizer)
