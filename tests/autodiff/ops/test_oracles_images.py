"""Convolution and pooling beside PyTorch: second order, and which of equal elements wins."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.engine._op import registry
from autodiff.testing import Call, sample_call

pytestmark = pytest.mark.oracle

OPS = ("conv2d", "max_pool2d", "avg_pool2d")


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch", reason="pip install 'autodiff-tape[oracles]'")


def functions(name: str) -> Any:
    """An op's like there."""
    return importlib.import_module("tests.autodiff.ops.oracle_torch_images").OPS[name]


def second_order(call: Call, directions: list[np.ndarray]) -> list[np.ndarray]:
    """The gradient of ⟨∇ Σ sin(y)², directions⟩."""
    xs = [ad.Variable(a) for a in call.arrays]
    with ad.GradientTape() as outer:
        with ad.GradientTape() as inner:
            y = ad.sum(ad.sin(call(*xs)) ** 2)
        gradients = inner.gradient(y, xs)
        total = sum(ad.sum(g * v) for g, v in zip(gradients, directions, strict=True))
    return [g.numpy() for g in outer.gradient(total, xs)]


@pytest.mark.parametrize("op", OPS)
def test_second_order(torch: Any, op: str) -> None:
    for seed in range(10):
        call = sample_call(registry[op], seed)
        random = np.random.default_rng(seed)
        directions: list[Any] = [random.normal(size=a.shape) for a in call.arrays]
        xs = [torch.tensor(a, requires_grad=True) for a in call.arrays]
        y = (torch.sin(functions(op)(*xs, **call.statics)) ** 2).sum()
        gradients = torch.autograd.grad(y, xs, create_graph=True)
        total = sum((g * torch.tensor(v)).sum() for g, v in zip(gradients, directions, strict=True))
        expected = torch.autograd.grad(total, xs, materialize_grads=True)
        for g, h in zip(second_order(call, directions), expected, strict=True):
            np.testing.assert_allclose(g, h.numpy(), rtol=1e-9, atol=1e-11)


def test_the_first_of_equal_elements_wins(torch: Any) -> None:
    random = np.random.default_rng(0)
    for statics in ({}, {"strides": 1}, {"strides": (1, 2), "padding": "same"}):
        x = random.integers(0, 3, (4, 7, 8, 3)).astype(np.float64)
        v, t = ad.Variable(x), torch.tensor(x, requires_grad=True)
        with ad.GradientTape() as tape:
            y = ad.max_pool2d(v, (3, 2), **statics)
        upstream = random.normal(size=y.shape)
        functions("max_pool2d")(t, (3, 2), **statics).backward(torch.tensor(upstream))
        np.testing.assert_allclose(tape.gradient(y, v, upstream).numpy(), t.grad.numpy())
