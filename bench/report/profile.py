"""Kernels of a training step and the gaps between them: `profile DEVICE FILE [CASE ...]`.

PyTorch's profiler tells of every kernel of the process that it runs in, also of those that it did
not launch itself, and of each kernel of a graph; it comes with NVIDIA's CUPTI as a wheel. Where it
is not installed, or sees nothing, launches are counted by the machine that programs run on, steps
are timed from outside, and the reason is written down.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.steps.problems import NETS, Training, inputs

WARM, STEPS = 5, 20
#: what the profiler calls what runs on a device
KERNEL, COPIES = "kernel", ("gpu_memcpy", "gpu_memset")
LENET = "lenet 32"
CASES = (*(net.name for net in NETS), LENET)

Make = Callable[[str], Training]


def main(device: str, file: Path, cases: Sequence[str] = ()) -> int:
    """Look at every case by everyone and write what was seen; 1 if a step of ours failed."""
    found: dict[str, Any] = {}
    failed = False
    for case in cases or CASES:
        for name, make in competitors(device).items():
            try:
                entry = looked_at(device, case, make)
            except Exception as error:  # not installed, or no such mode: the others are looked at
                entry = {"failed": f"{type(error).__name__}: {error}"[:300]}
                failed |= name.startswith("autodiff")
            found.setdefault(case, {})[name] = entry
            print(f"{case}, {name}: {entry}", flush=True)
            file.write_text(json.dumps(found), encoding="utf-8")
    return int(failed)


def competitors(device: str) -> dict[str, Make]:
    """Who makes a step of a case, by name; imports are made when it is."""
    found: dict[str, Make] = {f"autodiff, {m}": partial(ours, m) for m in ("flat", "eager")}
    modes = {"PyTorch eager": "eager", "PyTorch, CUDA graphs": "graphs"}
    if device.startswith("cuda"):
        found |= {name: partial(theirs, mode) for name, mode in modes.items()}
    return found


def ours(mode: str, case: str) -> Training:
    """A step of this library."""
    from bench.lenet import ours as lenet
    from bench.steps import ours as steps

    if case == LENET:
        return _of_lenet(lenet.flat if mode == "flat" else lenet.eager)
    net = next(net for net in NETS if net.name == case)
    return steps.train(steps.DECORATORS[mode](), net, *inputs(net))


def theirs(mode: str, case: str) -> Training:
    """A step of PyTorch."""
    from bench.lenet import pytorch as lenet
    from bench.steps import pytorch as steps

    if case == LENET:
        return _of_lenet(partial(lenet.train, "first" if mode == "eager" else mode))
    net = next(net for net in NETS if net.name == case)
    return steps.train(mode, net, *inputs(net))


def _of_lenet(train: Any) -> Training:
    from bench.lenet.problems import inputs as of_lenet

    training: Training = train(32, *of_lenet(32))
    return training


# -- looking ---------------------------------------------------------------------------------------


def looked_at(device: str, case: str, make: Make) -> dict[str, Any]:
    """Launches, kernels, copies and gaps of a step, as far as they can be told."""
    finish = waiting(device)
    training = make(case)
    entry: dict[str, Any] = {}
    launches = counted(device, training.run)
    if launches:
        entry["launches of the first step"] = launches
    for _ in range(WARM):
        training.run()
    finish()
    start = perf_counter()
    for _ in range(STEPS):
        training.run()
    finish()
    entry["µs per step"] = round((perf_counter() - start) / STEPS * 1e6, 2)
    try:
        events = profiled(training.run, finish)
    except Exception as error:  # no profiler here
        return entry | {"no profile": f"{type(error).__name__}: {error}"[:200]}
    if not events:
        return entry | {"no profile": "PyTorch's profiler saw nothing run on the device"}
    return entry | figures(events, STEPS)


def waiting(device: str) -> Callable[[], object]:
    """What waits until a device has done everything, whoever asked for it."""
    from autodiff.arrays._device import backend, resolve

    where = resolve(device)
    if where.kind == "cpu":
        return lambda: None
    if where.kind == "cuda":
        import cupy

        return cupy.cuda.Device(where.index).synchronize
    return lambda: backend(where.kind).synchronize(where.index)


def counted(device: str, run: Callable[[], object]) -> int:
    """How many kernels and products programs launch in a run."""
    from autodiff.arrays._device import resolve
    from autodiff.flat.cuda._machines import machine_of

    where = resolve(device)
    machine: Any = None if where.kind == "cpu" else machine_of(where)
    if machine is None:
        run()
        return 0
    steps: list[Any] = []
    launch = machine.run

    def noted(step: Any) -> None:
        steps.append(step)
        launch(step)

    machine.run = noted
    try:
        run()
    finally:
        del machine.run
    return len(steps)


def profiled(run: Callable[[], object], finish: Callable[[], object]) -> list[Mapping[str, Any]]:
    """What ran on the device meanwhile, as the profiler's trace has it."""
    import torch

    if not torch.cuda.is_available():
        raise RuntimeError("PyTorch sees no GPU")
    activities = [torch.profiler.ProfilerActivity.CUDA]
    with torch.profiler.profile(activities=activities) as profile:
        for _ in range(STEPS):
            run()
        finish()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "trace.json"
        profile.export_chrome_trace(str(file))
        events = json.loads(file.read_text("utf-8"))["traceEvents"]
    return [e for e in events if e.get("ph") == "X" and e.get("cat") in (KERNEL, *COPIES)]


def figures(events: Sequence[Mapping[str, Any]], steps: int) -> dict[str, Any]:
    """What a trace of some steps comes to; times in µs.

    A gap is a time in which nothing runs, between the first beginning and the last end.
    """
    spans = sorted((float(e["ts"]), float(e["ts"]) + float(e["dur"])) for e in events)
    gaps, end = [], spans[0][0]
    for first, last in spans:
        gaps.append(max(0.0, first - end))
        end = max(end, last)
    whole = end - spans[0][0]
    between = sorted(gaps[1:]) or [0.0]
    kernels = [e for e in events if e["cat"] == KERNEL]
    names: dict[str, float] = {}
    for e in kernels:
        names[str(e["name"])[:80]] = names.get(str(e["name"])[:80], 0.0) + float(e["dur"]) / steps
    longest = sorted(names, key=lambda name: -names[name])[:5]
    return {
        "kernels per step": round(len(kernels) / steps, 2),
        "copies per step": round((len(events) - len(kernels)) / steps, 2),
        "µs of the device per step": round(whole / steps, 3),
        "of it busy": round(1 - sum(gaps) / whole, 4) if whole else 1.0,
        "gap, median": round(between[len(between) // 2], 3),
        "gap, longest": round(between[-1], 3),
        "gaps per step": round(sum(gaps) / steps, 3),
        "longest kernels": {name: round(names[name], 3) for name in longest},
    }


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:]))
