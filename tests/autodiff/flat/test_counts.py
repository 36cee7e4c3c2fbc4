"""FLOPs and bytes: as formulas say by hand, and as NumPy really makes them, call by call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.engine._op import registry
from autodiff.flat._cost import LineCost
from autodiff.flat._steps import costs
from autodiff.flat.ir._value import REDUCTIONS, UFUNCS, Value
from autodiff.flat.text._lines import by_product
from autodiff.flat.text._step import Step
from autodiff.testing import sample_call
from optim import SGD, Adam, RMSprop

from .counted import Counts, counts_of
from .regenerate import training_step
from .test_every_op import computed

#: bytes of the numbers without axes in an operation, which NumPy may be handed as arrays or not
NUMBERS = 16
#: steps whose every byte passes through NumPy's arrays, where the counting sees it
SEEN = UFUNCS | {*REDUCTIONS, "matmul", "overlap_add", "routed", "framed", "cast"}

SAMPLED = [name for name, op in registry.items() if op.sample is not None]
RNG = np.random.default_rng(0)


def array(*shape: int) -> np.ndarray:
    return RNG.uniform(-1, 1, shape).astype(np.float32)


def steps_of(f: Callable[..., Any], *args: Any) -> list[tuple[Step, LineCost, Counts]]:
    """Each step of a program, what it says it costs, and what was counted."""
    flat = ad.function(f, fuse=False)
    runner = flat._runner(args, {})
    counted = counts_of(runner, [np.asarray(x) for x in args])
    told = costs(runner.spelling)
    return list(zip(runner.spelling.steps, told, counted, strict=True))


def right(step: Step, told: LineCost, counted: Counts) -> bool:
    """Whether a step costs what was counted; True where the counting does not reach."""
    if not step.values:
        return counted.flops == told.flops == 0
    value = step.values[-1]
    if value.op in UFUNCS and value.size == 1:
        return True  # numbers
    # a sum as a product with ones multiplies, too
    factor = 2 if is_product(value) else 1
    close = abs(counted.bytes - told.bytes) <= NUMBERS * len(step.values) or value.op not in SEEN
    return counted.flops == factor * told.flops and (close or value in fresh(step))


def is_product(value: Value) -> bool:
    reduced = value.op in REDUCTIONS
    return reduced and by_product(value.inputs[0], value.op, value.attrs["axis"])


def fresh(step: Step) -> list[Value]:
    """What makes new arrays by other functions than it is counted in: padding and unpooling."""
    return [v for v in step.values if v.op in ("overlap_add", "routed", "framed")]


def perceptron(optimizer: Any, *widths: int) -> tuple[Any, list[Any]]:
    """A step of a net of dense layers on 8 rows."""
    shapes = [*pairwise(widths)]
    variables = [ad.Variable(array(*s)) for shape in shapes for s in (shape, shape[1:])]

    def step(x: Any, y: Any) -> Any:
        with ad.GradientTape() as tape:
            h = x
            for w, b in zip(variables[::2], variables[1::2], strict=True):
                h = ad.tanh(h @ w + b)
            loss = ad.mean(ad.softmax_cross_entropy(h, y))
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    return step, [array(8, widths[0]), RNG.integers(0, widths[-1], 8)]


def lenet(batch: int) -> tuple[Any, list[Any], dict[str, int]]:
    """LeNet-5's loss and gradients; and by hand the FLOPs of its products, of a batch, forward."""
    shapes = [(5, 5, 1, 6), (6,), (5, 5, 6, 16), (16,), (400, 120), (120,), (120, 84), (84,)]
    variables = [ad.Variable(array(*shape)) for shape in (*shapes, (84, 10), (10,))]
    k1, b1, k2, b2, w3, b3, w4, b4, w5, b5 = variables

    def step(x: Any, y: Any) -> Any:
        with ad.GradientTape() as tape:
            h = ad.max_pool2d(ad.relu(ad.conv2d(x, k1, padding="same") + b1), 2)
            h = ad.max_pool2d(ad.relu(ad.conv2d(h, k2) + b2), 2)
            h = ad.relu(ad.reshape(h, (batch, 400)) @ w3 + b3)
            loss = ad.mean(ad.softmax_cross_entropy(ad.relu(h @ w4 + b4) @ w5 + b5, y))
        return tape.gradient(loss, variables)

    products = {
        "conv2d": 2 * batch * (28 * 28 * 6 * 25 + 10 * 10 * 16 * 25 * 6),
        "matmul": 2 * batch * (400 * 120 + 120 * 84 + 84 * 10),
    }
    return step, [array(batch, 28, 28, 1), RNG.integers(0, 10, batch)], products


def by_gate(f: Callable[..., Any], args: Sequence[Any]) -> dict[tuple[str, str], int]:
    """FLOPs of each op, forward and backward."""
    found: dict[tuple[str, str], int] = {}
    for line in ad.function(f, fuse=False).cost(*args).lines:
        key = line.section, line.gate
        found[key] = found.get(key, 0) + line.flops
    return found


# -- by hand ---------------------------------------------------------------------------------------


def test_a_product_and_its_gradients() -> None:
    """2nkm forward, as many again for each of the two gradients."""
    n, k, m = 5, 7, 3
    a, b, g = (ad.Variable(array(*shape)) for shape in ((n, k), (k, m), (n, m)))

    def f() -> Any:
        with ad.GradientTape() as tape:
            c = a @ b
        return c, tape.gradient(c, [a, b], output_gradients=g)

    lines = ad.function(f, fuse=False).cost().lines
    assert [line.flops for line in lines if line.gate == "matmul"] == [2 * n * k * m] * 3
    once = [n * k, k * m, n * m]
    assert [line.bytes for line in lines if line.gate == "matmul"] == [4 * sum(once)] * 3


def test_dense_layers() -> None:
    """Each weight is multiplied and added for each row; gradients need it twice, the first once."""
    step, args = perceptron(SGD(0.1), 12, 9, 4)
    weights = [12 * 9, 9 * 4]
    found = by_gate(step, args)
    assert found["forward", "matmul"] == 2 * 8 * sum(weights)
    assert found["backward", "matmul"] == 2 * 8 * (sum(weights) + weights[1])
    assert found["forward", "add"] == 8 * (9 + 4)  # biases
    assert found["backward", "add"] == 8 * (9 + 4)  # their gradients are sums over rows
    assert found["forward", "tanh"] == 8 * (9 + 4)


def test_softmax_cross_entropy() -> None:
    """Of (n, k): the largest, the shift, exp, the sum; log, the difference. Then p − truth."""
    n, k = 6, 5
    z = ad.Variable(array(n, k))

    def f(y: Any) -> Any:
        with ad.GradientTape() as tape:
            loss = ad.softmax_cross_entropy(z, y)
        return loss, tape.gradient(loss, z)

    found = by_gate(f, [RNG.integers(0, k, n)])
    assert found["forward", "softmax_cross_entropy"] == 4 * n * k + 2 * n
    assert (
        found["backward", "softmax_cross_entropy"] == 2 * n * k
    )  # divided by the sum, minus truth


@pytest.mark.parametrize(
    ("height", "kernel", "channels", "filters", "options"),
    [
        (9, 3, 2, 4, {}),
        (9, 3, 2, 4, {"padding": "same"}),
        (9, 3, 2, 4, {"strides": 2}),
        (11, 3, 1, 2, {"dilation_rate": 2}),
        (9, 1, 3, 5, {}),
    ],
)
def test_convolutions(height: int, kernel: int, channels: int, filters: int, options: Any) -> None:
    """2 · kernel² · channels for each element of the result, and as many for each gradient."""
    x = ad.Variable(array(2, height, height, channels))
    w = ad.Variable(array(kernel, kernel, channels, filters))
    size = int(np.prod(ad.conv2d(x, w, **options).shape))
    lines = ad.function(lambda: ad.conv2d(x, w, **options), fuse=False).cost().lines
    assert sum(line.flops for line in lines) == 2 * kernel**2 * channels * size


def test_lenet() -> None:
    step, args, products = lenet(4)
    found = by_gate(step, args)
    assert {gate: found["forward", gate] for gate in products} == products
    assert found["backward", "matmul"] == 2 * products["matmul"]
    # of the second convolution both gradients, of the first that of the kernel; and sums of the
    # products with parts of the images
    both = products["conv2d"] + 2 * 4 * 10 * 10 * 16 * 25 * 6
    assert both <= found["backward", "conv2d"] <= 1.25 * both


# -- as NumPy makes them ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        training_step,
        lambda: perceptron(Adam(0.01), 30, 20, 10),
        lambda: perceptron(RMSprop(0.01, momentum=0.5), 700, 400, 10),  # long: piece by piece
        lambda: lenet(3)[:2],
    ],
    ids=["golden", "Adam", "pieces", "LeNet-5"],
)
def test_steps_of_training_cost_what_is_counted(make: Any) -> None:
    f, args = make()
    found = steps_of(f, *args)
    assert [told for step, told, counted in found if not right(step, told, counted)] == []
    flops = sum(told.flops for _, told, _ in found) / sum(seen.flops for _, _, seen in found)
    nbytes = sum(told.bytes for _, told, _ in found) / sum(seen.bytes for _, _, seen in found)
    assert 0.98 < flops <= 1.0  # sums by products
    assert 0.98 < nbytes < 1.02


@pytest.mark.parametrize("op", SAMPLED)
def test_every_op_and_its_gradient_costs_what_is_counted(op: str) -> None:
    call = sample_call(registry[op], 0)

    def f(*xs: Any) -> Any:
        xs = tuple(map(computed, xs))
        if not registry[op].rules:
            return call(*xs)
        floats = [x for x in xs if x.dtype.kind == "f"]
        with ad.GradientTape() as tape:
            tape.watch(floats)
            y = call(*xs)
        return y, tape.gradient(y, floats, unconnected_gradients="zero")

    arrays = [x.astype("float32") if x.dtype.kind == "f" else x for x in call.arrays]
    found = steps_of(f, *arrays)
    if any(v.op == "call" for step, _, _ in found for v in step.values):
        return  # a library's own: its arrays are not ours to count
    wrong = [told for step, told, counted in found if not right(step, told, counted)]
    assert wrong == []


def test_what_is_counted_is_not_what_is_told() -> None:
    """A count that is off by one element is seen."""
    found = steps_of(lambda x: ad.exp(x @ x), array(6, 6))
    for step, told, counted in found:
        assert right(step, told, counted)
        assert not right(step, told, Counts(counted.flops + 1, counted.bytes))
        assert not right(step, told, Counts(counted.flops, counted.bytes + 2 * NUMBERS))
