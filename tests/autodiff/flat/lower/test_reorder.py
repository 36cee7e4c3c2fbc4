"""Pooling before ReLU in flat programs gives what the code says, to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad

from ..agreement import Program, assert_agree


def pooled(statics: dict[str, Any], targets: str) -> Program:
    """ReLU, then pooling of its output; gradients by what goes in, and by the ReLU's output."""

    def f(z: Any, weights: Any) -> Any:
        with ad.GradientTape(persistent=True) as tape:
            tape.watch(z)
            h = ad.relu(z)
            p = ad.max_pool2d(h, **statics)
            total = ad.sum(p * p * weights)
            if "also" in targets:
                total = total + ad.sum(h * h)
        found = [tape.gradient(total, z)]
        if "by h" in targets:
            found.append(tape.gradient(total, h))
        return p, found

    return f, []


@pytest.mark.parametrize("targets", ["by z", "by z, by h", "by z, also", "by z, by h, also"])
@given(
    st.sampled_from([(5, 6, 2), (20, 22, 3)]),
    st.sampled_from([2, 3, (1, 2)]),
    st.sampled_from([None, 1, 2]),
    st.sampled_from(["valid", "same"]),
    st.integers(0, 99),
)
def test_whatever_ties_there_are(
    targets: str, size: tuple[int, ...], pool: Any, strides: Any, padding: str, seed: int
) -> None:
    random = np.random.default_rng(seed)
    statics = {"pool_size": pool, "strides": strides, "padding": padding}
    shape = ad.max_pool2d(np.zeros((4, *size)), **statics).shape
    calls = [
        [
            np.round(random.normal(-0.5, 1.0, (4, *size))).astype(np.float32),
            random.normal(size=shape).astype(np.float32),
        ]
        for _ in range(2)
    ]
    assert_agree(lambda: pooled(statics, targets), calls)


@pytest.mark.parametrize("size", [8, 64])
def test_the_relu_is_taken_of_what_is_pooled(size: int) -> None:
    f, _ = pooled({"pool_size": 2}, "by z")
    flat = ad.function(f)
    z = np.random.default_rng(0).normal(size=(2, size, size, 3)).astype(np.float32)
    text = flat.source(z, np.ones((2, size // 2, size // 2, 3), np.float32))
    relus = [line for line in text.splitlines() if ", 0, out=" in line]
    assert relus
    assert all(f"({size // 2}, 3, {size // 2}, 2)" in line for line in relus), relus


def test_a_product_with_another_mask_is_left_alone() -> None:
    def build() -> Program:
        def f(z: Any, other: Any) -> Any:
            with ad.GradientTape() as tape:
                tape.watch(z)
                h = ad.relu(z)
                total = ad.sum(ad.max_pool2d(h, 2))
            g = tape.gradient(total, h)
            return g * (z != 0), g * ad.sign(other), g * (h != 1), g * h

        return f, []

    random = np.random.default_rng(1)
    arrays = [np.round(random.normal(size=(3, 6, 6, 2))).astype(np.float32) for _ in range(2)]
    assert_agree(build, [arrays])
