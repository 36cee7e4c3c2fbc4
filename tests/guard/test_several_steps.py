"""Several steps in one graph: the numbers of as many calls, and what goes there for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autodiff as ad
import nn
import optim
import tests.guard.backend  # noqa: F401  makes the device known
from autodiff.flat._there import several
from nn import layers, models
from tests.guard.counters import counted, resident
from tests.guard.machine import COMPILER, HostMachine, machines
from tests.guard.test_training import digits, mlp

pytestmark = pytest.mark.skipif(COMPILER is None, reason="kernels are compiled by g++")


@pytest.fixture(autouse=True)
def machine() -> Iterator[dict[int, HostMachine]]:
    with machines() as made:
        yield made


def fitted(together: int, make: Any = mlp, optimizer: Any = None, **more: Any) -> Any:
    """A model after two epochs of five batches on the device, and what was reported."""
    model, x, y = make()
    logits = model.layers[-1].activation is nn.activations.linear
    loss = nn.losses.SparseCategoricalCrossentropy(from_logits=logits)
    model.compile(
        optimizer or optim.SGD(0.05, momentum=0.9),
        loss,
        metrics=["accuracy"],
        steps_per_execution=together,
    )
    nn.utils.set_random_seed(3)
    given: dict[str, Any] = {"batch_size": 8, "epochs": 2, "verbose": 0, "device": "guard"}
    return model, model.fit(x, y, **{**given, **more}).history


def assert_equal(one: Any, other: Any) -> None:
    (model, history), (theirs, expected) = one, other
    assert history == expected
    kept = [*model.weights, *model.optimizer.variables]
    for v, w in zip(kept, [*theirs.weights, *theirs.optimizer.variables], strict=True):
        np.testing.assert_array_equal(v.numpy(), w.numpy(), err_msg=str(v.name))


def test_the_bits_of_single_steps() -> None:
    """Groups of two, two and a shorter batch: 36 rows in batches of 8."""

    def make() -> Any:
        model, x, y = mlp()
        return model, x[:36], y[:36]

    weights = np.random.default_rng(5).random(36).astype(np.float32)
    more = {"sample_weight": weights, "validation_data": (make()[1], make()[2], weights)}
    assert_equal(fitted(2, make, **more), fitted(1, make, **more))


@pytest.mark.parametrize(("together", "replays"), [(1, 5), (3, 2)])
def test_of_data_that_lie_there_nothing_is_brought_but_the_order(
    machine: dict[int, Any], together: int, replays: int
) -> None:
    """An epoch of five steps: rows are gathered there, the loss is added up there."""
    model, x, y = mlp()
    model.compile("sgd", "sparse_categorical_crossentropy", steps_per_execution=together)
    with ad.device("guard"):
        data = ad.asarray(x), ad.asarray(y)
    model.fit(*data, batch_size=8, epochs=1, verbose=0, device="guard")
    before = machine[0].counts.copy()
    with counted() as found:
        model.fit(*data, batch_size=8, epochs=2, verbose=0)
    made = machine[0].counts - before
    assert (made["replays"], made["launches"], made["transfers"]) == (2 * replays, 0, 0)
    assert (found.beside, found.uploads) == (0, 2)  # the orders
    assert found.downloads <= 4  # the loss of each epoch


def test_nothing_is_waited_for_between_executions() -> None:
    with ad.device("guard"):
        model, x, y = mlp()
        model.compile("sgd", "sparse_categorical_crossentropy")
        model.prepare((x[:4], y[:4]))
        step = ad.function(lambda x, y: model.train_step((x, y)) and None)
        data = [ad.asarray(x[:12]), ad.asarray(y[:12])]
        assert several(step, data, 3) == [None] * 3
        with resident():
            for _ in range(3):
                several(step, data, 3)
    assert int(model.optimizer.iterations) == 12


def test_results_of_each_call() -> None:
    v = ad.Variable(np.float32(1.0), device="guard")

    @ad.function
    def step(x: Any) -> Any:
        v.assign(v + 1.0)
        return ad.sum(x), {"scaled": x * v}

    with ad.device("guard"):
        x = ad.asarray(np.arange(12, dtype=np.float32).reshape(6, 2))
        for turn in range(3):
            found: Any = several(step, [x], 3)
            for k, (total, named) in enumerate(found):
                rows = x.numpy()[2 * k : 2 * k + 2]
                assert float(total) == rows.sum()
                np.testing.assert_array_equal(named["scaled"].numpy(), rows * (3 * turn + k + 2))
        assert several(step, [x], 4) is None  # no whole number of rows
        held = ad.stop_gradient(v)  # a Tensor is a value
        several(step, [x], 3)
        assert (float(held), float(v)) == (10.0, 13.0)
        v.assign(0.0)
        several(step, [x], 2)
        assert float(v) == 2.0


def test_predictions_are_those_of_single_batches(machine: dict[int, Any]) -> None:
    model, _ = fitted(3)
    x = mlp()[1]
    expected = model.predict(x, batch_size=8, verbose=0)
    before = machine[0].counts.copy()
    found = model.predict(x, batch_size=8, verbose=0)
    assert (machine[0].counts - before)["replays"] == 2
    np.testing.assert_array_equal(found, expected)
    model.steps_per_execution = 1
    np.testing.assert_array_equal(model.predict(x, batch_size=8, verbose=0), expected)


def test_what_draws_takes_single_steps(machine: dict[int, Any]) -> None:
    def make() -> Any:
        nn.utils.set_random_seed(1)
        parts = [layers.Flatten(input_shape=(28, 28)), layers.Dropout(0.5), layers.Dense(10)]
        return models.Sequential(parts), *digits(40, 28, 28)

    assert_equal(fitted(5, make), fitted(1, make))
    assert machine[0].counts["replays"] >= 18


def test_a_label_out_of_range_in_the_middle() -> None:
    """Steps before it count, it and those after it do not, as in single steps."""

    def make(bad: bool) -> Any:
        model, x, y = mlp()
        y[17] = 10 if bad else y[17]
        return model, x, y

    model, x, y = make(bad=True)
    model.compile(optim.SGD(0.05), "sparse_categorical_crossentropy", steps_per_execution=5)
    for k in range(2):  # run step by step, and replayed
        before = model.get_weights()
        with pytest.raises(ValueError, match="labels"):
            model.fit(x, y, batch_size=8, verbose=0, shuffle=False, device="guard")
        good, *data = make(bad=False)
        good.compile(optim.SGD(0.05), "sparse_categorical_crossentropy")
        good.set_weights(before)
        good.fit(*data, batch_size=8, verbose=0, shuffle=False, steps_per_epoch=2, device="guard")
        for a, b in zip(model.get_weights(), good.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b, err_msg=str(k))


def test_with_mixed_precision_and_a_step_that_is_left_out() -> None:
    def make() -> Any:
        nn.utils.set_random_seed(1)
        half: Any = {"dtype": "mixed_float16"}
        parts = [
            layers.Flatten(input_shape=(28, 28), **half),
            layers.Dense(16, "relu", **half),
            layers.Dense(10),
        ]
        return models.Sequential(parts, **half), *digits(40, 28, 28)

    runs = [fitted(k, make, optim.LossScaleOptimizer(optim.Adam(0.01), 2.0**24, 2)) for k in (5, 1)]
    assert_equal(*runs)
    assert 0 < int(runs[0][0].optimizer.iterations) < 10
