"""Products of float16: sums in float32, rounded once, in eager code and in programs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad

SHAPES: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
    ((5,), (5,)),
    ((3, 5), (5,)),
    ((5,), (5, 4)),
    ((3, 5), (5, 4)),
    ((2, 3, 5), (5, 4)),
    ((3, 5), (2, 5, 40)),
    ((2, 3, 5), (2, 5, 4)),
    ((0, 5), (5, 4)),
    ((3, 0), (0, 4)),
]


@given(shapes=st.sampled_from(SHAPES), seed=st.integers(0, 99), program=st.booleans())
def test_they_are_those_of_float32_rounded(shapes: Any, seed: int, program: bool) -> None:
    """Of whole numbers, whose sums are exact in any order; gradients too, where they are small."""
    rng = np.random.default_rng(seed)
    x, y = (rng.integers(-99, 99, shape).astype(np.float16) for shape in shapes)

    def f(x: Any, y: Any) -> Any:
        with ad.GradientTape() as tape:
            tape.watch([x, y])
            z = x @ y
            total = ad.sum(ad.astype(z, "float32") * 3.0)
        return z, *tape.gradient(total, [x, y])

    found = (ad.function(f) if program else f)(ad.asarray(x), ad.asarray(y))
    single = f(ad.asarray(x.astype(np.float32)), ad.asarray(y.astype(np.float32)))
    assert [half.dtype for half in found] == [np.dtype("float16")] * 3
    np.testing.assert_array_equal(found[0].numpy(), single[0].numpy().astype(np.float16))
    for half, full in zip(found[1:], single[1:], strict=True):
        # a matrix that was broadcast gets a sum of gradients, each of which was rounded
        np.testing.assert_allclose(half.numpy(), full.numpy(), rtol=2e-3, atol=4.0)


@pytest.mark.parametrize("program", [False, True])
def test_a_sum_may_be_larger_than_float16_on_the_way(program: bool) -> None:
    x = ad.asarray(np.array([[300.0, 300.0, -300.0]], np.float16))
    y = ad.asarray(np.array([[300.0], [1.0], [299.0]], np.float16))
    f: Any = (lambda x, y: x @ y) if not program else ad.function(lambda x, y: x @ y)
    assert f(x, y).tolist() == [[600.0]]


def test_images_are_convolved_likewise() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(-9, 9, (2, 6, 6, 3)).astype(np.float16)
    kernel = rng.integers(-9, 9, (3, 3, 3, 4)).astype(np.float16)
    for f in (ad.conv2d, ad.function(ad.conv2d)):
        half = f(ad.asarray(x), ad.asarray(kernel))
        full = ad.conv2d(ad.asarray(x.astype(np.float32)), ad.asarray(kernel.astype(np.float32)))
        assert half.dtype == np.float16
        np.testing.assert_array_equal(half.numpy(), full.numpy())
