"""PyTorch as its users write it: modules, a loss, `torch.optim`; eager, fused or compiled.

Its RMSprop and Adam add epsilon elsewhere than Keras do; the answers they are checked against
have it in the same place.
"""

from __future__ import annotations

from functools import partial
from itertools import cycle, pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from bench._case import Loaded, device
from bench.steps.problems import (
    BETA_1,
    BETA_2,
    EPSILON,
    NETS,
    RHO,
    Array,
    Net,
    Training,
    make_cases,
)  # fmt: skip


def load(mode: str) -> Loaded:
    """`mode` is "eager", "fused" (the update one kernel), "compile" or "graphs" (CUDA graphs)."""
    if mode == "graphs" and DEVICE.type != "cuda":
        raise ImportError("CUDA graphs need --device cuda")
    nets = [net for net in NETS if mode != "fused" or net.optimizer in ("SGD", "Adam")]
    threads = {"torch": torch.get_num_threads()}
    cases = make_cases(partial(train, mode), nets, epsilon_within=False)
    return Loaded({"torch": torch.__version__}, cases, threads, finish=finish)


#: where to compute; an "ImportError" where there is no such device
DEVICE = torch.device(device())
# cuDNN, unlike cuBLAS, rounds float32 to TF32 unless it is told not to
torch.backends.cudnn.allow_tf32 = False


def finish() -> None:
    """Wait for the device."""
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def make_optimizer(net: Net, parameters: Any, **options: Any) -> torch.optim.Optimizer:
    if net.optimizer == "SGD":
        return torch.optim.SGD(parameters, net.rate, **options)
    if net.optimizer == "RMSprop":
        return torch.optim.RMSprop(parameters, net.rate, alpha=RHO, eps=EPSILON, **options)
    return torch.optim.Adam(parameters, net.rate, (BETA_1, BETA_2), EPSILON, **options)


def train(
    mode: str, net: Net, parameters: list[Array], images: Array, labels: list[Array]
) -> Training:
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(net.widths):
        layers += [
            nn.Linear(fan_in, fan_out),
            nn.ReLU() if net.activation == "relu" else nn.Sigmoid(),
        ]
    model: Any = nn.Sequential(*layers[:-1])
    with torch.no_grad():
        for leaf, p in zip(model.parameters(), parameters, strict=True):
            leaf.copy_(torch.from_numpy(p.T))
    model = model.to(DEVICE)
    options = {"fused": {"fused": True}, "graphs": {"capturable": True}}.get(mode, {})
    if net.optimizer == "SGD":
        options.pop("capturable", None)  # it has no counter
    optimizer = make_optimizer(net, model.parameters(), **options)
    leaves = list(model.parameters())

    def loss_of(x: Any, y: Any) -> Any:
        return F.cross_entropy(model(x), y)

    copied = mode == "compile" and DEVICE.type == "cuda"  # the next step writes over its results
    if mode == "compile":
        loss_of = torch.compile(loss_of, mode="reduce-overhead" if DEVICE.type == "cuda" else None)
    x = torch.tensor(images, device=DEVICE)
    batches = cycle([torch.tensor(y, device=DEVICE) for y in labels])

    def run() -> Any:
        optimizer.zero_grad()
        loss = loss_of(x, next(batches))
        loss.backward()
        optimizer.step()
        return loss.detach().clone() if copied else loss.detach()

    if mode == "graphs":
        run = captured(model, optimizer, lambda y: loss_of(x, y), batches)

    def memory() -> int:
        return peak_bytes(x, leaves, optimizer, run)

    return Training(run, lambda: [leaf.detach().cpu().numpy().T for leaf in leaves], memory)


def peak_bytes(x: Any, leaves: list[Any], optimizer: Any, run: Any) -> int:
    """Batch, parameters and state, and the step's own peak by the profiler's record."""
    for _ in range(2):
        run()
    optimizer.zero_grad()  # gradients are made anew by each step, and so counted there
    state = [s for slots in optimizer.state.values() for s in slots.values() if torch.is_tensor(s)]
    size = sum(tensor.untyped_storage().nbytes() for tensor in [x, *leaves, *state])
    return size + peak_growth(run)


def captured(model: Any, optimizer: Any, loss_of: Any, batches: Any) -> Any:
    """A whole step as one CUDA graph, as PyTorch's notes on CUDA graphs make it.

    The warm-up that capturing needs is undone: the graph begins where the others do.
    """
    before = [leaf.detach().clone() for leaf in model.parameters()]
    y = next(batches).clone()
    first = [y.clone()]

    def step() -> Any:
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(y)
        loss.backward()
        optimizer.step()
        return loss

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    optimizer.zero_grad(set_to_none=True)
    with torch.cuda.graph(graph):
        loss = step()
    with torch.no_grad():
        for leaf, value in zip(model.parameters(), before, strict=True):
            leaf.copy_(value)
        for slots in optimizer.state.values():
            for slot in slots.values():
                if torch.is_tensor(slot):
                    slot.zero_()

    def run() -> Any:
        y.copy_(first.pop() if first else next(batches))
        graph.replay()
        return loss.detach()

    return run


def peak_growth(run: Any) -> int:
    """The most that PyTorch's allocations during a run come to, above where they began."""
    with torch.profiler.profile(profile_memory=True) as profile:
        run()
    changes = [
        (event.start_ns(), event.nbytes())
        for event in profile.profiler.kineto_results.events()
        if event.name() == "[memory]"
    ]
    total = peak = 0
    for _, change in sorted(changes, key=lambda pair: pair[0]):
        total += change
        peak = max(peak, total)
    return peak
