"""PyTorch eager, and `torch.utils.checkpoint`."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint

from bench._case import Loaded
from bench.memory.problems import PAIRS, TOGETHER, Made, make_cases
from bench.steps.pytorch import peak_growth


def load() -> Loaded:
    cases = make_cases(chain, net, partial(net, again=True))
    return Loaded({"torch": torch.__version__}, cases, {"torch": torch.get_num_threads()})


def chain(*arrays: Any) -> Made:
    x, a, b = (torch.tensor(array, requires_grad=True) for array in arrays)
    ones = torch.ones_like(x)

    def run() -> Any:
        y = x
        for _ in range(PAIRS):
            y = y * a
            y = y + b
        return torch.autograd.grad(y, (x, a, b), ones)

    return run, lambda: sum(t.untyped_storage().nbytes() for t in (x, a, b)) + peak_growth(run)


def net(x: Any, layers: Any, again: bool = False) -> Made:
    # as nn.Linear has them: (out, in)
    pairs = [
        (torch.tensor(w.T.copy(), requires_grad=True), torch.tensor(b, requires_grad=True))
        for w, b in layers
    ]
    leaves = [t for pair in pairs for t in pair]
    given = torch.tensor(x)

    def through(h: Any, start: int) -> Any:
        for w, b in pairs[start : start + TOGETHER]:
            h = torch.tanh(torch.nn.functional.linear(h, w, b))
        return h

    def run() -> Any:
        h = given
        for start in range(0, len(pairs), TOGETHER):
            h = checkpoint(through, h, start, use_reentrant=False) if again else through(h, start)
        found = torch.autograd.grad((h * h).sum() * 0.5, leaves)
        return [g.mT if g.ndim == 2 else g for g in found]

    def memory() -> int:
        return sum(t.untyped_storage().nbytes() for t in (given, *leaves)) + peak_growth(run)

    return run, memory
