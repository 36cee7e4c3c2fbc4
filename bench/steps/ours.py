"""This library: one step with a tape and an optimizer, as a flat program, fused, or run eagerly."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import cycle
from typing import Any

import autodiff as ad
from autodiff.arrays._device import backend, current
from bench._case import Loaded, device
from bench.steps.problems import Array, Net, Training, make_cases
from optim import SGD, Adam, Optimizer, RMSprop

OPTIMIZERS: dict[str, type[Optimizer]] = {"SGD": SGD, "RMSprop": RMSprop, "Adam": Adam}


#: what makes of a step a program; asked for when a mode is chosen, since Numba may be missing
DECORATORS: dict[str, Callable[[], Any]] = {
    "flat": lambda: ad.function(fuse=False),
    "fused": lambda: ad.function(fuse=True),
    "eager": lambda: lambda step: step,
}


def load(mode: str) -> Loaded:
    """`mode` is "flat", "fused" (its loops compiled by Numba) or "eager"."""
    cases = make_cases(partial(train, DECORATORS[mode]()))
    return Loaded(versions(), cases, finish=finish)


def versions() -> dict[str, str]:
    """This library's version, and that of the library of the device's arrays."""
    found = {"autodiff": ad.__version__}
    if device().startswith("cuda"):
        import cupy

        found["cupy"] = cupy.__version__
    return found


def finish() -> None:
    """Wait for the device."""
    where = current()
    if where.kind != "cpu":
        backend(where.kind).synchronize(where.index)


def train(
    decorate: Any, net: Net, parameters: list[Array], images: Array, labels: list[Array]
) -> Training:
    names = [f"{kind}{k}" for k in range(1, len(net.widths)) for kind in "wb"]
    variables = [ad.Variable(p, name=n) for p, n in zip(parameters, names, strict=True)]
    *hidden, (w_out, b_out) = zip(variables[::2], variables[1::2], strict=True)
    activation = ad.relu if net.activation == "relu" else ad.sigmoid
    optimizer = OPTIMIZERS[net.optimizer](net.rate)

    def step(x: ad.Tensor, y: ad.Tensor) -> ad.Tensor:
        with ad.GradientTape() as tape:
            h = x
            for w, b in hidden:
                h = activation(h @ w + b)
            loss = ad.mean(ad.softmax_cross_entropy(h @ w_out + b_out, y))
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    run = decorate(step)
    x, batches = ad.asarray(images), cycle([ad.asarray(y) for y in labels])
    return Training(lambda: run(x, next(batches)), lambda: [v.numpy() for v in variables])
