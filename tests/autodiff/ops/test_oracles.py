"""A second opinion: every op's gradients beside those of PyTorch and JAX, on the same samples.

pip install 'autodiff-tape[oracles,testing]' && python -m pytest -m oracle
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.engine._op import registry
from autodiff.testing import Call, sample_call

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]

ORACLES = ("torch", "jax")
#: ops with complex results or several ones: beside the others' in test_fft and test_linalg
ELSEWHERE = {
    *("fft", "ifft", "rfft", "irfft", "cofactors", "slogdet", "cholesky", "qr", "eigh", "svd"),
    *("inv", "solve", "det", "pinv", "vector_norm", "eig"),
}
#: beside mpmath's, in test_special
ELSEWHERE |= {name for name, op in registry.items() if ".special_" in op.forward.__module__}
OPS = [name for name, op in registry.items() if op.rules and name not in ELSEWHERE]
SAMPLES = 10


@pytest.fixture(params=ORACLES)
def oracle(request: pytest.FixtureRequest) -> Any:
    """A module of this folder's that says what an op is in the other library."""
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed: pip install 'autodiff-tape[oracles]'")
    return importlib.import_module(f"tests.autodiff.ops.oracle_{request.param}")


def ours(
    f: Callable[..., Any], arrays: Sequence[np.ndarray], seed: int
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Value, upstream gradient and gradients by the inputs of floats."""
    xs = [ad.Tensor(a) for a in arrays]
    floats = [x for x in xs if x.dtype.kind == "f"]
    with ad.GradientTape() as tape:
        tape.watch(floats)
        y = f(*xs)
    upstream = np.random.default_rng(seed).uniform(-1, 1, y.shape)
    gradients = tape.gradient(y, floats, upstream)
    return y.numpy(), upstream, [g.numpy() for g in gradients]


def assert_agree(oracle: Any, call: Call, arrays: Sequence[np.ndarray], seed: int = 0) -> None:
    value, upstream, gradients = ours(call, arrays, seed)
    other, others = oracle.value_and_gradients(call, arrays, upstream)
    np.testing.assert_allclose(value, other, rtol=1e-11, atol=1e-13)
    assert len(gradients) == len(others)
    for g, h in zip(gradients, others, strict=True):
        np.testing.assert_allclose(g, h, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("op", OPS)
def test_gradients_agree(oracle: Any, op: str) -> None:
    for seed in range(SAMPLES):
        call = sample_call(registry[op], seed)
        assert_agree(oracle, call, call.arrays, seed)


TIES = np.array([[1.0, 3.0, 3.0, 0.0], [2.0, 2.0, 2.0, 2.0]])
FAR = np.array([[1000.0, 999.0, -1000.0], [-1000.0, -1000.0, 0.0]])
EDGES: list[tuple[str, tuple[np.ndarray, ...], dict[str, Any]]] = [
    ("max", (TIES,), {"axis": 1}),
    ("min", (TIES,), {"axis": None}),
    ("maximum", (TIES, TIES[1]), {}),
    ("minimum", (TIES, TIES[1]), {}),
    ("relu", (TIES - 2,), {}),
    ("abs", (TIES - 2,), {}),
    ("sign", (TIES - 2,), {}),
    ("prod", (TIES,), {"axis": 1}),
    ("prod", (np.zeros((2, 3)),), {"axis": None}),
    ("sigmoid", (FAR,), {}),
    ("softplus", (FAR,), {}),
    ("sigmoid_cross_entropy", (FAR, np.array([0.0, 0.25, 1.0])), {}),
    ("erf", (FAR / 100,), {}),
    ("tanh", (FAR,), {}),
    ("softmax", (FAR,), {"axis": -1}),
    ("log_softmax", (FAR,), {"axis": 0}),
    ("logsumexp", (FAR,), {"axis": 1}),
    ("softmax_cross_entropy", (FAR, np.array([2, 0])), {}),
    ("pow", (np.zeros(3), np.array([1.0, 2.0, 3.0])), {}),
]


@pytest.mark.parametrize(("op", "inputs", "statics"), EDGES, ids=[edge[0] for edge in EDGES])
def test_edges_agree(oracle: Any, op: str, inputs: tuple[np.ndarray, ...], statics: Any) -> None:
    if op in oracle.CONVENTIONS:
        pytest.skip(oracle.CONVENTIONS[op])
    call = Call(registry[op], inputs, statics)
    assert_agree(oracle, call, call.arrays)


def test_a_network_agrees(oracle: Any) -> None:
    random = np.random.default_rng(0)
    x, labels = random.normal(size=(10, 20)), random.integers(0, 5, 10)
    weights = [random.normal(size=shape) for shape in ((20, 16), (16,), (16, 5), (5,))]

    def loss(w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
        logits = ad.relu(x @ w1 + b1) @ w2 + b2
        return ad.mean(ad.softmax_cross_entropy(logits, labels))

    value, upstream, gradients = ours(loss, weights, 0)
    other, others = oracle.network(x, labels, weights, upstream)
    np.testing.assert_allclose(value, other, rtol=1e-12)
    for g, h in zip(gradients, others, strict=True):
        np.testing.assert_allclose(g, h, rtol=1e-10, atol=1e-13)
