"""PyTorch eager: `torch.autograd.grad`; functional layers and `optim.SGD` for the step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from bench._case import Loaded
from bench.ops.problems import LEARNING_RATE, PAIRS, Array, Run, Step, make_cases


def load() -> Loaded:
    threads = {"torch": torch.get_num_threads()}
    return Loaded({"torch": torch.__version__}, make_cases(chain, step), threads)


def chain(*leaves: Array) -> Run:
    x, a, b = (torch.tensor(leaf, requires_grad=True) for leaf in leaves)
    ones = torch.ones_like(x)

    def run() -> Sequence[Any]:
        y = x
        for _ in range(PAIRS):
            y = y * a
            y = y + b
        return torch.autograd.grad(y, (x, a, b), ones)

    return run


def step(parameters: list[Array], images: Array, labels: Array) -> Step:
    # F.linear wants (out, in), PyTorch's own layout: the transpose is made once, here.
    leaves = [torch.tensor(p.T.copy(), requires_grad=True) for p in parameters]
    w1, b1, w2, b2, w3, b3 = leaves
    x, y = torch.tensor(images), torch.tensor(labels)
    optimizer = torch.optim.SGD(leaves, lr=LEARNING_RATE)

    def run() -> Sequence[Any]:
        h = F.relu(F.linear(x, w1, b1))
        h = F.relu(F.linear(h, w2, b2))
        loss = F.cross_entropy(F.linear(h, w3, b3), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return [leaf.grad.mT if leaf.ndim == 2 else leaf.grad for leaf in leaves]

    return run, lambda: [leaf.detach().numpy().T for leaf in leaves]
