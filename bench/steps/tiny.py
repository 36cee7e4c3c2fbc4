"""tinygrad: a step under `TinyJit`, with its own optimizers, as its examples train.

Its Adam adds epsilon beside the root, as PyTorch does; RMSprop it has none.
"""

from __future__ import annotations

from importlib.metadata import version
from itertools import cycle
from typing import Any

from tinygrad import Context, Tensor, TinyJit, nn

from bench._case import Loaded
from bench.steps.problems import (
    BETA_1,
    BETA_2,
    EPSILON,
    NETS,
    Array,
    Net,
    Training,
    make_cases,
    untold,
)  # fmt: skip


def load() -> Loaded:
    try:
        Tensor([1.0]).realize()
    except RuntimeError as error:
        raise ImportError(f"{error}: on a CPU tinygrad needs clang") from None
    nets = [net for net in NETS if net.optimizer in OPTIMIZERS]
    cases = make_cases(train, nets, epsilon_within=False)
    return Loaded({"tinygrad": version("tinygrad")}, cases)


OPTIMIZERS: dict[str, Any] = {
    "SGD": lambda leaves, rate: nn.optim.SGD(leaves, lr=rate),
    "Adam": lambda leaves, rate: nn.optim.Adam(leaves, rate, BETA_1, BETA_2, EPSILON),
}


def train(net: Net, parameters: list[Array], images: Array, labels: list[Array]) -> Training:
    leaves = [Tensor(p).contiguous().realize() for p in parameters]
    *hidden, (w_out, b_out) = zip(leaves[::2], leaves[1::2], strict=True)
    optimizer = OPTIMIZERS[net.optimizer](leaves, net.rate)
    x = Tensor(images).realize()
    batches = cycle([Tensor(y.astype("int32")).realize() for y in labels])

    @TinyJit
    @Context(TRAINING=1)
    def step(x: Any, y: Any) -> Any:
        h = x
        for w, b in hidden:
            z = h @ w + b
            h = z.relu() if net.activation == "relu" else z.sigmoid()
        optimizer.zero_grad()
        loss = (h @ w_out + b_out).sparse_categorical_crossentropy(y).backward()
        return loss.realize(*optimizer.schedule_step())

    def run() -> Any:
        return step(x, next(batches)).item()

    return Training(run, lambda: [leaf.numpy() for leaf in leaves], untold)
