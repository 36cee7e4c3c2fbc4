"""Eager loops: the update runs as a flat program, and nobody can tell but by the clock."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff.testing import strategies
from optim import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Lion,
    Nadam,
    Optimizer,
    RMSprop,
)
from optim._optimizer import MANY
from optim.schedules import CosineDecay

OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {
    "sgd": lambda: SGD(0.1),
    "momentum": lambda: SGD(0.1, momentum=0.9),
    "nesterov": lambda: SGD(0.1, momentum=0.9, nesterov=True),
    "rmsprop": lambda: RMSprop(0.01),
    "rmsprop, all of it": lambda: RMSprop(0.01, momentum=0.5, centered=True, epsilon=1e-3),
    "adam": lambda: Adam(0.01),
    "amsgrad": lambda: Adam(0.01, amsgrad=True, clipvalue=0.5),
    "adamw": lambda: AdamW(0.01, clipnorm=0.5),
    "adagrad": lambda: Adagrad(CosineDecay(0.1, 3)),
    "adadelta": lambda: Adadelta(1.0),
    "adamax": lambda: Adamax(0.01),
    "nadam": lambda: Nadam(0.01),
    "lion": lambda: Lion(0.01),
    "what all take": lambda: SGD(
        lambda step: 0.1 / (step + 1),
        weight_decay=0.1,
        global_clipnorm=0.5,
        use_ema=True,
        ema_momentum=0.5,
        ema_overwrite_frequency=2,
    ),
}


def take_steps(optimizer: Optimizer, gradients: list[list[Any]], recorded: bool) -> list[Any]:
    """Parameters and state after the steps; `recorded` by a tape, where formulas run op by op."""
    variables = [ad.Variable(np.ones_like(g)) for g in gradients[0]]
    for step in gradients:
        pairs = zip(map(ad.asarray, step), variables, strict=True)
        if recorded:
            with ad.GradientTape():
                optimizer.apply_gradients(pairs)
        else:
            optimizer.apply_gradients(pairs)
    return [v.numpy() for v in [*variables, *optimizer.variables]]


@pytest.mark.parametrize("name", OPTIMIZERS)
@given(
    shapes=st.lists(strategies.shapes(), min_size=1, max_size=4),
    dtype=st.sampled_from(["float16", "float32", "float64"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_flat_steps_are_the_formulas_bit_for_bit(
    name: str, shapes: list[tuple[int, ...]], dtype: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    gradients = [[rng.normal(size=s).astype(dtype) for s in shapes] for _ in range(3)]
    flat = take_steps(OPTIMIZERS[name](), gradients, recorded=False)
    formula = take_steps(OPTIMIZERS[name](), gradients, recorded=True)
    assert [x.tobytes() for x in flat] == [x.tobytes() for x in formula]
    assert [x.dtype for x in flat] == [x.dtype for x in formula]


@pytest.mark.host
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_formula_is_asked_once_per_set_of_variables(name: str) -> None:
    optimizer, asked = OPTIMIZERS[name](), []
    formula = optimizer.update
    optimizer.update = lambda w, *rest: asked.append(w.shape) or formula(w, *rest)  # type: ignore
    a, b = ad.Variable([1.0, 2.0]), ad.Variable(3.0)
    both, alone = [([1.0, 1.0], a), (1.0, b)], [([1.0, 1.0], a)]
    for pairs in (both, alone, both, alone, both):
        optimizer.apply_gradients(pairs)
    assert asked == [(2,), (), (2,)]
    assert int(optimizer.iterations) == 5


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_what_was_read_before_a_step_stays(name: str) -> None:
    """Parameters and state are written in place, but not where somebody else looks at them."""
    optimizer, w = OPTIMIZERS[name](), ad.Variable([1.0, 2.0])
    g = ad.asarray([0.5, -0.5])
    for _ in range(2):
        optimizer.apply_gradients([(g, w)])
    seen = [x for v in [w, *optimizer.variables] for x in (ad.stop_gradient(v), v.numpy())]
    seen += [
        row for v in seen[::2] for row in (ad.reshape(v, (-1,)), ad.broadcast_to(v, (2, *v.shape)))
    ]
    before = [np.array(x) for x in seen]
    optimizer.apply_gradients([(g, w)])
    for x, y in zip(seen, before, strict=True):
        assert np.array_equal(np.asarray(x), y)
    assert g.numpy().tolist() == [0.5, -0.5]


def test_a_persistent_tape_keeps_the_values_that_it_recorded() -> None:
    w, optimizer = ad.Variable([2.0, 3.0]), SGD(1.0)
    with ad.GradientTape(persistent=True) as tape:
        loss = ad.sum(w * w)
    for _ in range(3):  # the same gradient, of the old values
        optimizer.apply_gradients([(tape.gradient(loss, w), w)])
    assert w.numpy().tolist() == [2.0 - 12.0, 3.0 - 18.0]


def test_rates_and_steps_may_change_between_steps() -> None:
    w, optimizer = ad.Variable([0.0]), SGD(1.0)
    for rate in (1.0, 0.5, 0.25):
        optimizer.learning_rate = rate
        optimizer.apply_gradients([([1.0], w)])
    w.assign([10.0])
    optimizer.iterations.assign(100)
    optimizer.apply_gradients([([1.0], w)])
    assert w.numpy().tolist() == [9.75]
    assert int(optimizer.iterations) == 101


def test_wrong_pairs_change_nothing_later_either() -> None:
    a, b = ad.Variable([1.0], name="a"), ad.Variable(1.0, name="b")
    optimizer = Adam(0.5)
    optimizer.apply_gradients([([1.0], a), (1.0, b)])
    before = [v.numpy() for v in [a, b, *optimizer.variables]]
    with pytest.raises(ValueError, match=r"gradient of 'a' has shape \(2,\); expected \(1,\)"):
        optimizer.apply_gradients([([1.0, 2.0], a), (1.0, b)])
    with pytest.raises(ValueError, match="'b' comes twice"):
        optimizer.apply_gradients([(1.0, b), (1.0, b)])
    assert [v.numpy() for v in [a, b, *optimizer.variables]] == before


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_gradients_of_another_dtype_are_cast(dtype: str) -> None:
    w, optimizer = ad.Variable([1.0, 2.0], dtype="float32"), Adam(0.5)
    for _ in range(2):
        optimizer.apply_gradients([(ad.asarray([4.0, 4.0], dtype=dtype), w)])
    assert {str(v.dtype) for v in [w, *optimizer.variables[2:]]} == {"float32"}
    assert w.numpy() == pytest.approx([0.0, 1.0], abs=1e-5)


class Cautious(Optimizer):
    """A formula that looks at values, which no flat program can."""

    def update(self, w: Any, g: Any, rate: Any, *state: Any) -> tuple[ad.Tensor, ...]:
        return (w - rate * g if float(ad.max(ad.abs(g))) < 10 else w,)


def test_a_formula_that_looks_at_values_runs_as_it_stands() -> None:
    w, optimizer = ad.Variable([1.0, 1.0]), Cautious(0.5)
    for g in ([1.0, 0.0], [100.0, 0.0], [0.0, 1.0]):
        optimizer.apply_gradients([(g, w)])
    assert w.numpy().tolist() == [0.5, 0.5]
    assert int(optimizer.iterations) == 3


def test_ever_new_sets_of_variables_are_not_traced_without_end() -> None:
    variables = [ad.Variable(0.0) for _ in range(2 * MANY)]
    optimizer = SGD(1.0)
    for _ in range(2):
        for w in variables:
            optimizer.apply_gradients([(1.0, w)])
    assert [float(w) for w in variables] == [-2.0] * len(variables)
    assert len(optimizer._programs) == MANY


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_go_on_where_the_original_stands(twin: Callable[[Any], Any]) -> None:
    w, optimizer = ad.Variable([1.0, 2.0]), Adam(0.1)
    optimizer.apply_gradients([([1.0, 1.0], w)])
    w2, optimizer2 = twin((w, optimizer))
    for o, v in ((optimizer, w), (optimizer2, w2)):
        o.apply_gradients([([0.5, -1.0], v)])
    assert w2.numpy().tolist() == w.numpy().tolist()
    pairs = zip(optimizer.variables, optimizer2.variables, strict=True)
    assert all(a is not b and np.array_equal(a.numpy(), b.numpy()) for a, b in pairs)
