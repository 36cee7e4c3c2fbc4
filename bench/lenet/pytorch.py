"""PyTorch as its users write it: modules, a loss, `torch.optim`; channels first or last."""

from __future__ import annotations

from functools import partial
from itertools import cycle
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from bench._case import Loaded
from bench.lenet.problems import MOMENTUM, RATE, make_cases
from bench.steps.problems import Array, Training
from bench.steps.pytorch import DEVICE, captured, finish, peak_bytes


def load(mode: str) -> Loaded:
    """`mode` is "first" or "last": where the channels lie in memory; "compile", or "graphs"."""
    if mode == "graphs" and DEVICE.type != "cuda":
        raise ImportError("CUDA graphs need --device cuda")
    threads = {"torch": torch.get_num_threads()}
    cases = make_cases(partial(train, mode))
    return Loaded({"torch": torch.__version__}, cases, threads, finish=finish)


def inward(parameters: list[Array]) -> list[Array]:
    """The parameters as PyTorch has them: kernels (F, C, kh, kw), weights transposed, channels
    first where images become rows."""
    found = []
    for p in parameters:
        if p.ndim == 4:
            p = p.transpose(3, 2, 0, 1)
        elif p.shape == (400, 120):
            p = p.reshape(5, 5, 16, 120).transpose(3, 2, 0, 1).reshape(120, 400)
        elif p.ndim == 2:
            p = p.T
        found.append(p)
    return found


def outward(parameters: list[Array]) -> list[Array]:
    """`inward` undone."""
    found = []
    for p in parameters:
        if p.ndim == 4:
            p = p.transpose(2, 3, 1, 0)
        elif p.shape == (120, 400):
            p = p.reshape(120, 16, 5, 5).transpose(2, 3, 1, 0).reshape(400, 120)
        elif p.ndim == 2:
            p = p.T
        found.append(p)
    return found


def train(
    mode: str, batch: int, parameters: list[Array], images: Array, labels: list[Array]
) -> Training:
    model = nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
    )
    layout = torch.channels_last if mode == "last" else torch.contiguous_format
    with torch.no_grad():
        for leaf, p in zip(model.parameters(), inward(parameters), strict=True):
            leaf.copy_(torch.from_numpy(np.ascontiguousarray(p)))
    model = model.to(DEVICE, memory_format=layout)
    optimizer = torch.optim.SGD(model.parameters(), RATE, momentum=MOMENTUM)
    x = torch.tensor(images.transpose(0, 3, 1, 2), device=DEVICE)
    x = x.contiguous(memory_format=layout)
    batches = cycle([torch.tensor(y, device=DEVICE) for y in labels])

    def loss_of(y: Any) -> Any:
        return F.cross_entropy(model(x), y)

    if mode == "compile":
        loss_of = torch.compile(loss_of, mode="reduce-overhead" if DEVICE.type == "cuda" else None)

    def run() -> Any:
        optimizer.zero_grad()
        loss = loss_of(next(batches))
        loss.backward()
        optimizer.step()
        return loss.detach().clone() if mode == "compile" else loss.detach()

    if mode == "graphs":
        run = captured(model, optimizer, loss_of, batches)

    def read() -> list[Array]:
        return outward([leaf.detach().cpu().numpy() for leaf in model.parameters()])

    def memory() -> int:
        return peak_bytes(x, list(model.parameters()), optimizer, run)

    return Training(run, read, memory)
