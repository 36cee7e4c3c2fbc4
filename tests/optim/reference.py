"""Optimizers written down once more, in NumPy with float64, one loop per parameter and step.

Where the library keeps running means, these sum up all gradients so far by their weights, and where
it corrects a rate, these correct the means: other roads to what Keras computes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: gradients so far, newest last -> the step to take, as a multiple of the learning rate
Rule = Callable[[list[Floats], list[float]], Floats]

STEPS = 25
NAMES = ("dense/kernel", "dense/bias", "out/kernel")
SHAPES = ((3, 2), (2,), ())


def starts() -> list[Floats]:
    rng = np.random.default_rng(1)
    return [np.asarray(rng.normal(size=s)) for s in SHAPES]


def slopes() -> Iterator[Callable[[int, Any], Any]]:
    """For each step a function (number of the parameter, its value) -> its gradient."""
    rng = np.random.default_rng(2)
    for _ in range(STEPS):
        noise = [rng.normal(size=s) for s in SHAPES]
        yield partial(slope, noise)


def slope(noise: list[Floats], k: int, w: Any) -> Any:
    """The gradient of parameter k: that of a bowl, and noise."""
    return noise[k].astype(w.dtype) + w * w.dtype.type(0.5)


def mean_of(values: list[Floats], keep: float) -> Floats:
    """The running mean that starts from zero, as the weighted sum that it is."""
    n = len(values)
    terms = [(1 - keep) * keep ** (n - 1 - k) * v for k, v in enumerate(values)]
    return np.asarray(sum(terms))


def squares(gradients: list[Floats]) -> list[Floats]:
    return [g**2 for g in gradients]


def sgd(momentum: float = 0.0, nesterov: bool = False) -> Rule:
    def rule(gs: list[Floats], rates: list[float]) -> Floats:
        n = len(gs)
        terms = [momentum ** (n - 1 - k) * rates[k] * gs[k] for k in range(n)]
        v = np.asarray(sum(terms))  # the steps' rates are those of their time
        return momentum * v + rates[-1] * gs[-1] if nesterov else v

    return rule


def adagrad(initial_accumulator_value: float = 0.1, epsilon: float = 1e-7) -> Rule:
    def rule(gs: list[Floats], rates: list[float]) -> Floats:
        total = initial_accumulator_value + sum(squares(gs))
        return np.asarray(rates[-1] * gs[-1] / np.sqrt(total + epsilon))

    return rule


def rmsprop(
    rho: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-7, centered: bool = False
) -> Rule:
    def single(gs: list[Floats], rate: float) -> Floats:
        spread = mean_of(squares(gs), rho) - (mean_of(gs, rho) ** 2 if centered else 0)
        return np.asarray(rate * gs[-1] / np.sqrt(spread + epsilon))

    def rule(gs: list[Floats], rates: list[float]) -> Floats:
        n = len(gs)
        terms = [momentum ** (n - 1 - k) * single(gs[: k + 1], rates[k]) for k in range(n)]
        return np.asarray(sum(terms))

    return rule


def adam(
    beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7, amsgrad: bool = False
) -> Rule:
    def rule(gs: list[Floats], rates: list[float]) -> Floats:
        t = len(gs)
        means = [mean_of(squares(gs[:k]), beta_2) for k in range(1, t + 1)]
        v = np.max(means, axis=0) if amsgrad else means[-1]
        m_hat = mean_of(gs, beta_1) / (1 - beta_1**t)
        v_hat = v / (1 - beta_2**t)
        root = np.sqrt(v_hat) + epsilon / math.sqrt(1 - beta_2**t)
        return np.asarray(rates[-1] * m_hat / root)

    return rule


def adamax(beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7) -> Rule:
    def rule(gs: list[Floats], rates: list[float]) -> Floats:
        t = len(gs)
        u = np.max([beta_2 ** (t - 1 - k) * np.abs(g) for k, g in enumerate(gs)], axis=0)
        return np.asarray(rates[-1] * mean_of(gs, beta_1) / (1 - beta_1**t) / (u + epsilon))

    return rule


def nadam(beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7) -> Rule:
    def rule(gs: list[Floats], rates: list[float]) -> Floats:
        t = len(gs)
        u = [beta_1 * (1 - 0.96**k / 2) for k in range(1, t + 2)]
        m_hat = u[t] * mean_of(gs, beta_1) / (1 - math.prod(u))
        m_hat = m_hat + (1 - u[t - 1]) * gs[-1] / (1 - math.prod(u[:t]))
        v_hat = mean_of(squares(gs), beta_2) / (1 - beta_2**t)
        return np.asarray(rates[-1] * m_hat / (np.sqrt(v_hat) + epsilon))

    return rule


def adadelta(rho: float = 0.95, epsilon: float = 1e-7) -> Rule:
    def rule(gs: list[Floats], rates: list[float]) -> Floats:
        steps: list[Floats] = []
        for k in range(1, len(gs) + 1):
            u = mean_of(squares(steps), rho)
            steps.append(
                np.sqrt(u + epsilon) / np.sqrt(mean_of(squares(gs[:k]), rho) + epsilon) * gs[k - 1]
            )
        return np.asarray(rates[-1] * steps[-1])

    return rule


def lion(beta_1: float = 0.9, beta_2: float = 0.99) -> Rule:
    def rule(gs: list[Floats], rates: list[float]) -> Floats:
        past = mean_of(gs[:-1], beta_2)
        return np.asarray(rates[-1] * np.sign(beta_1 * past + (1 - beta_1) * gs[-1]))

    return rule


RULES: dict[str, Callable[..., Rule]] = {
    "SGD": sgd,
    "Adagrad": adagrad,
    "RMSprop": rmsprop,
    "Adam": adam,
    "AdamW": adam,
    "Adamax": adamax,
    "Nadam": nadam,
    "Adadelta": adadelta,
    "Lion": lion,
}


def trajectory(
    name: str,
    rate: Callable[[int], float],
    weight_decay: float = 0.0,
    undecayed: tuple[int, ...] = (),
    multipliers: tuple[float, float, float] = (1.0, 1.0, 1.0),
    clipnorm: float = math.inf,
    clipvalue: float = math.inf,
    global_clipnorm: float = math.inf,
    ema_momentum: float | None = None,
    ema_overwrite_frequency: int = STEPS + 1,
    gradient_accumulation_steps: int = 1,
    **arguments: Any,
) -> tuple[list[list[Floats]], list[Floats]]:
    """The parameters after every call, and their running means at the end."""
    n = gradient_accumulation_steps
    waiting: list[list[Floats]] = [[] for _ in NAMES]
    rule = RULES[name](**arguments)
    ws = starts()
    past: list[list[Floats]] = [[] for _ in ws]
    means: list[Floats] = []
    rates: list[float] = []
    path = []
    for t, slope in enumerate(slopes()):
        for k, w in enumerate(ws):
            waiting[k].append(slope(k, w))
        if (t + 1) % n == 0:
            rates.append(rate(t))
            gs = [np.clip(np.mean(g, axis=0), -clipvalue, clipvalue) for g in waiting]
            waiting = [[] for _ in NAMES]
            gs = [g * min(1, clipnorm / np.sqrt((g**2).sum())) for g in gs]
            total = math.sqrt(sum((g**2).sum() for g in gs))
            gs = [g * min(1, global_clipnorm / total) for g in gs]
            for k, g in enumerate(gs):
                own = [r * multipliers[k] for r in rates]
                past[k].append(g)
                shrink = 1 if k in undecayed else 1 - own[-1] * weight_decay
                ws[k] = ws[k] * shrink - rule(past[k], own)
        if ema_momentum is not None:
            old = means if t >= n else ws  # until the first step the values themselves
            means = [
                ema_momentum * a + (1 - ema_momentum) * w for a, w in zip(old, ws, strict=True)
            ]
            if (t // n + 1) % ema_overwrite_frequency == 0:
                ws = list(means)
        path.append(list(ws))
    return path, means
