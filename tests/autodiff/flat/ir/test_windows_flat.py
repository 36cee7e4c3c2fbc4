"""Images in flat programs: views told from copies, whole networks as they run eagerly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import as_strided

import autodiff as ad
from autodiff.flat.ir._builder import Builder
from autodiff.flat.ir._strides import reshaped, strides
from autodiff.flat.ir._windows import windows

from ..agreement import Program, assert_agree
from ..machine import interpret
from ..texts import execute

RNG = np.random.default_rng(3)


@st.composite
def layouts(draw: st.DrawFn) -> tuple[np.ndarray, tuple[int, ...]]:
    """A view of an array, in any order, sliced, broadcast; and a shape of as many elements."""
    shape = draw(st.lists(st.integers(0, 4), min_size=1, max_size=4))
    x = np.zeros(shape, np.int8)
    x = x.transpose(draw(st.permutations(range(x.ndim))))
    x = x[tuple(slice(None, None, draw(st.integers(1, 2))) for _ in shape)]
    if draw(st.booleans()):
        x = np.broadcast_to(x, (2, *x.shape))
    if draw(st.booleans()) and x.shape[0] > 1:
        steps = (x.strides[0], *x.strides)
        x = as_strided(x, (x.shape[0] - 1, 2, *x.shape[1:]), steps)
    new = list(x.shape)
    for _ in range(draw(st.integers(1, 3))):
        k = draw(st.integers(0, len(new) - 1))
        if draw(st.booleans()) and k:
            new[k - 1 : k + 1] = [new[k - 1] * new[k]]
        else:
            factor = draw(st.sampled_from([n for n in (1, 2, 3) if new[k] % n == 0]))
            new[k : k + 1] = [factor, new[k] // factor]
    return x, tuple(new)


@given(layouts())
def test_a_reshape_is_a_view_where_numpy_makes_one(
    layout: tuple[np.ndarray, tuple[int, ...]],
) -> None:
    x, new = layout
    y = x.reshape(new)
    steps = reshaped(x.shape, x.strides, new)
    if not x.size:
        assert steps is not None
    elif np.shares_memory(x, y):
        assert steps is not None
        for n, step, expected in zip(new, steps, y.strides, strict=True):
            assert n == 1 or step == expected
    else:
        assert steps is None or (x.size == 1)


def network(statics: dict[str, Any], pool: Any) -> Program:
    """Two convolutions with pooling, trained by gradient descent."""
    random = np.random.default_rng(0)
    shapes = {"k1": (3, 3, 2, 4), "b1": (4,), "k2": (2, 3, 4, 3), "b2": (3,)}
    variables = [
        ad.Variable(random.normal(size=s).astype(np.float32), name=n) for n, s in shapes.items()
    ]
    k1, b1, k2, b2 = variables

    def step(x: Any) -> Any:
        with ad.GradientTape() as tape:
            h = pool(ad.relu(ad.conv2d(x, k1, **statics) + b1))
            h = ad.tanh(ad.conv2d(h, k2, padding="same") + b2)
            loss = ad.mean(ad.reshape(h, (h.shape[0], -1)) ** 2)
        gradients = tape.gradient(loss, variables)
        for v, g in zip(variables, gradients, strict=True):
            v.assign_sub(0.1 * g)
        return loss, gradients

    return step, variables


@pytest.mark.parametrize("statics", [{}, {"padding": "same"}, {"strides": 2}, {"dilation_rate": 2}])
@pytest.mark.parametrize(
    "pool",
    [
        lambda h: ad.max_pool2d(h, 2),
        lambda h: ad.max_pool2d(h, 3, strides=1, padding="same"),
        lambda h: ad.avg_pool2d(h, 2, strides=1),
        lambda h: h,
    ],
)
def test_networks_run_flat_as_they_run_eagerly(statics: dict[str, Any], pool: Any) -> None:
    batches = [[RNG.normal(size=(5, 9, 8, 2)).astype(np.float32)] for _ in range(3)]
    # sums over a batch run in the order in which memory lies, which is another one
    assert_agree(lambda: network(statics, pool), batches, ulps=16)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "complex64"])
def test_windows_of_other_numbers_than_floats(dtype: str) -> None:
    x, kernel = (RNG.integers(0, 2, shape).astype(dtype) for shape in ((2, 3, 3, 2), (2, 2, 1, 2)))
    functions: list[Any] = [
        lambda x, k: ad.conv2d_transpose(x, k, (4, 4)),
        lambda x, k: ad.overlap_add(x[..., 0], -2, 4, stride=1),
        lambda x, k: ad.overlap_add(x[..., 0], -2, 6, stride=2),  # the last one is in no window
        lambda x, k: ad.conv2d(x[..., :1], k, padding="same"),
    ]
    for f in functions:
        assert_agree(lambda f=f: (f, []), [[x, kernel], [x[::-1].copy(), kernel]])  # type: ignore[misc]


def test_the_text_runs_by_itself() -> None:
    step, variables = network({"padding": "same"}, lambda h: ad.max_pool2d(h, 2))
    x = RNG.normal(size=(2, 8, 8, 2)).astype(np.float32)
    flat = ad.function(step)
    (loss, *found), after = execute(flat, [x], {str(v.name): v.numpy() for v in variables})
    expected, gradients = flat(x)
    assert loss == float(expected)
    for g, h in zip(found, gradients, strict=True):
        np.testing.assert_array_equal(g, h.numpy())
    for v in variables:
        np.testing.assert_array_equal(after[str(v.name)], v.numpy())


@given(st.integers(0, 99), st.lists(st.integers(0, 4), min_size=1, max_size=4))
def test_strides_are_numpys(seed: int, steps: list[int]) -> None:
    """Of views of views of what lies in order."""
    random, b = np.random.default_rng(seed), Builder()
    x = np.arange(24.0).reshape(2, 3, 4)
    value = b.make("argument", (), {"place": 0}, x.shape, x.dtype)
    for step in steps:
        n = value.ndim
        if step == 0:
            value = b.transpose(value, tuple(random.permutation(n)))
        elif step == 1:
            index = tuple(slice(None, None, random.integers(1, 3)) for _ in range(n))
            value = b.index(value, tuple(slice(s.start, s.stop, int(s.step)) for s in index))
        elif step == 2:
            axis = -int(random.integers(1, n + 1))
            value = windows(b, value, axis, min(2, value.shape[axis]))
        elif step == 3:
            value = b.broadcast(value, (2, *value.shape))
        else:
            shape = (*value.shape[: n - 2], -1) if n > 1 else (*value.shape, 1)
            value = b.reshape(value, shape)
    found = interpret([*b.values], [x])[value] if value.op != "argument" else x
    steps_in_elements = tuple(s // x.itemsize for s in found.strides)
    for n, step, expected in zip(value.shape, strides(value), steps_in_elements, strict=True):
        assert n <= 1 or step == expected


def test_long_products_are_cut_alike() -> None:
    """Flat and eager runs give BLAS the same pieces."""
    k = ad.Variable(RNG.normal(size=(3, 3, 8, 16)).astype(np.float32))

    def step(x: Any) -> Any:
        with ad.GradientTape() as tape:
            tape.watch(x)
            y = ad.conv2d(x, k, padding="same")
        return y, tape.gradient(y, [x, k])

    x = RNG.normal(size=(64, 20, 4, 8)).astype(np.float32)
    assert_agree(lambda: (step, []), [[x], [2 * x]])


def lines(f: Any, *args: Any) -> list[str]:
    """The lines of a flat program as it runs, without those that make views."""
    flat = ad.function(f)
    flat(*args)
    (program,) = flat._programs.values()
    body = program.text.split("def ")[1].splitlines()[1:]
    return [line.strip() for line in body if "#" not in line]


def test_a_chain_of_layers_moves_no_data_between_them() -> None:
    """One copy into the inner layout, those of windows and kernels, one out of it."""
    k1, k2 = ad.Variable(np.ones((3, 3, 2, 4), "f")), ad.Variable(np.ones((3, 3, 4, 2), "f"))
    bias, noise = ad.Variable(np.ones(4, "f")), RNG.normal(size=(5, 7, 7, 4)).astype(np.float32)

    def net(x: Any) -> Any:
        h = ad.tanh(ad.conv2d(x, k1, padding="same") + bias) * noise
        h = ad.max_pool2d(ad.where(h > 0.5, h, 0.0), 2, strides=1)
        return ad.reshape(ad.conv2d(h, k2), (5, -1))

    text = lines(net, RNG.normal(size=(5, 7, 7, 2)).astype(np.float32))
    copies = [line for line in text if "copyto" in line and "where" not in line]
    assert len(copies) == 5, copies  # two kernels, two times windows, one into a frame
    assert sum("np.array" in line or "result" in line for line in text[:-1]) == 1


def test_what_is_written_over_variables_lies_as_they_do() -> None:
    w = ad.Variable(RNG.normal(size=(3, 4)).astype(np.float32), name="w")

    def step(x: Any) -> Any:
        with ad.GradientTape() as tape:
            loss = ad.sum((ad.permute_dims(w) @ x) ** 2)
        w.assign(w - 0.1 * tape.gradient(loss, w))
        return loss

    text = lines(step, RNG.normal(size=(3, 5)).astype(np.float32))
    assert text[-2].startswith("subtract(w, ")
    assert not any("copyto" in line for line in text)
