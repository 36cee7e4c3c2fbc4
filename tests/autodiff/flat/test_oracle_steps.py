"""Whole training steps as flat programs beside the same steps in PyTorch and JAX, in float64.

pip install 'autodiff-tape[oracles,testing]' && python -m pytest -m oracle
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from optim import SGD, Adam, Optimizer, RMSprop

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]

STEPS, BATCH = 5, 6
SIZES = (5, 7, 4)
#: tiny: the libraries add it at different places
EPSILON = 1e-30
OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {
    "sgd": lambda: SGD(0.1),
    "momentum": lambda: SGD(0.1, momentum=0.9),
    "nesterov": lambda: SGD(0.1, momentum=0.9, nesterov=True),
    "rmsprop": lambda: RMSprop(0.01, rho=0.9, epsilon=EPSILON),
    "adam": lambda: Adam(0.01, epsilon=EPSILON),
}
ACTIVATIONS = ("sigmoid", "relu", "tanh")


def parameters() -> list[np.ndarray]:
    """Weights and biases of two layers."""
    random = np.random.default_rng(0)
    pairs = pairwise(SIZES)
    return [x for n, m in pairs for x in (random.normal(size=(n, m)), random.normal(size=m))]


def batches() -> list[tuple[np.ndarray, np.ndarray]]:
    """Inputs and labels of each step."""
    random = np.random.default_rng(1)
    return [
        (random.normal(size=(BATCH, SIZES[0])), random.integers(0, SIZES[-1], BATCH))
        for _ in range(STEPS)
    ]


Run = tuple[list[float], list[np.ndarray]]


def ours(optimizer: str, activation: str) -> Run:
    """Losses and last parameters, from one flat program."""
    ws = [ad.Variable(p) for p in parameters()]
    update = OPTIMIZERS[optimizer]()
    f = getattr(ad, activation)

    @ad.function
    def step(x: Any, y: Any) -> Any:
        with ad.GradientTape() as tape:
            logits = f(x @ ws[0] + ws[1]) @ ws[2] + ws[3]
            loss = ad.mean(ad.softmax_cross_entropy(logits, y))
        update.apply_gradients(zip(tape.gradient(loss, ws), ws, strict=True))
        return loss

    losses = [float(step(x, y)) for x, y in batches()]
    return losses, [w.numpy() for w in ws]


def in_torch(optimizer: str, activation: str) -> Run:
    torch = pytest.importorskip("torch", reason="pip install 'autodiff-tape[oracles]'")
    ws = [torch.tensor(p, requires_grad=True) for p in parameters()]
    update = {
        "sgd": lambda: torch.optim.SGD(ws, 0.1),
        "momentum": lambda: torch.optim.SGD(ws, 0.1, momentum=0.9),
        "nesterov": lambda: torch.optim.SGD(ws, 0.1, momentum=0.9, nesterov=True),
        "rmsprop": lambda: torch.optim.RMSprop(ws, 0.01, alpha=0.9, eps=EPSILON),
        "adam": lambda: torch.optim.Adam(ws, 0.01, eps=EPSILON),
    }[optimizer]()
    losses = []
    for x, y in batches():
        update.zero_grad()
        h = getattr(torch, activation)(torch.tensor(x) @ ws[0] + ws[1])
        loss = torch.nn.functional.cross_entropy(h @ ws[2] + ws[3], torch.tensor(y))
        loss.backward()
        update.step()
        losses.append(float(loss.detach()))
    return losses, [w.detach().numpy() for w in ws]


def formula(name: str, w: Any, g: Any, state: list[Any], t: int) -> tuple[Any, list[Any]]:
    """The update rules as the lectures and papers write them."""
    if name == "sgd":
        return w - 0.1 * g, state
    if name in ("momentum", "nesterov"):
        v = 0.9 * state[0] - 0.1 * g
        return (w + v if name == "momentum" else w + 0.9 * v - 0.1 * g), [v]
    if name == "rmsprop":
        s = 0.9 * state[0] + 0.1 * g**2
        return w - 0.01 * g / (s**0.5 + EPSILON), [s]
    m, s = 0.9 * state[0] + 0.1 * g, 0.999 * state[1] + 0.001 * g**2
    root = (s / (1 - 0.999**t)) ** 0.5 + EPSILON
    return w - 0.01 * (m / (1 - 0.9**t)) / root, [m, s]


def in_jax(optimizer: str, activation: str) -> Run:
    jax = pytest.importorskip("jax", reason="pip install 'autodiff-tape[oracles]'")
    jax.config.update("jax_enable_x64", True)
    f = getattr(jax.numpy if activation == "tanh" else jax.nn, activation)

    def loss_of(ws: Any, x: Any, y: Any) -> Any:
        logits = f(x @ ws[0] + ws[1]) @ ws[2] + ws[3]
        return -jax.nn.log_softmax(logits)[jax.numpy.arange(BATCH), y].mean()

    step = jax.jit(jax.value_and_grad(loss_of))
    ws: list[Any] = list(parameters())
    states = [[np.zeros_like(w), np.zeros_like(w)] for w in ws]
    losses = []
    for t, (x, y) in enumerate(batches(), 1):
        loss, gs = step(ws, x, y)
        done = [
            formula(optimizer, w, np.asarray(g), s, t)
            for w, g, s in zip(ws, gs, states, strict=True)
        ]
        ws, states = [w for w, _ in done], [s for _, s in done]
        losses.append(float(loss))
    return losses, ws


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("other", [in_torch, in_jax])
def test_training_steps_agree(other: Callable[..., Run], optimizer: str, activation: str) -> None:
    losses, weights = ours(optimizer, activation)
    other_losses, other_weights = other(optimizer, activation)
    np.testing.assert_allclose(losses, other_losses, rtol=1e-10)
    for w, expected in zip(weights, other_weights, strict=True):
        np.testing.assert_allclose(w, expected, rtol=1e-8, atol=1e-10)
