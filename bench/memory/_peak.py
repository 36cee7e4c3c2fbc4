"""Peak memory of one warm repetition: what this file's `load` finds out in a worker's process.

Two accounts, since none is everybody's. What the process takes at its peak above what it took when
the library was imported (Linux tells): arrays, graphs, compiled code, what the allocator keeps.
And what arrays and graphs of a repetition take, as the library itself counts:

- NumPy, and so our own: `tracemalloc`. What arrays hold between repetitions, which leaves a
  program's text and other Python objects out, and how far all memory rises above that during one.
- PyTorch: the storages it holds in between, and its profiler's record of allocations.
- JAX: what its compiler planned for arguments, results and temporaries.
- TensorFlow and tinygrad cannot tell on a CPU.

BLAS' own work space counts in the first account alone.
"""

from __future__ import annotations

import gc
import tracemalloc
from importlib import import_module
from pathlib import Path

import numpy as np

from bench._case import Case, Loaded
from bench.steps.problems import StepCase

WARM = 3
STATUS = Path("/proc/self/status")
#: writing 5 there makes the peak that Linux remembers the present
FORGET = Path("/proc/self/clear_refs")


def load(module: str, case: str, **options: str) -> Loaded:
    """A competitor without anything to time; what one case of it takes is in the notes."""
    loaded = import_module(module).load(**options)
    notes: dict[str, str] = {}
    if case in loaded.cases:
        make = loaded.cases[case]
        gc.collect()
        before = resident("VmRSS")
        after = resident_peak(make())
        if before is not None and after is not None:
            notes["resident_bytes"] = str(after - before)
        gc.collect()
        tracemalloc.start()  # before the case's arrays are made
        size = peak(make())
        notes |= {} if size is None else {"bytes": str(size)}
    return Loaded(loaded.versions, {}, loaded.threads, notes)


def resident(field: str) -> int | None:
    """Bytes of this process that lie in memory: "VmRSS" now, "VmHWM" at the peak."""
    if not STATUS.exists():
        return None
    for line in STATUS.read_text(encoding="utf-8").splitlines():
        if line.startswith(field):
            return 1024 * int(line.split()[1])
    return None


def resident_peak(case: Case) -> int | None:
    """The most that the process takes during a warm run."""
    for _ in range(WARM):
        case.run()
    try:
        FORGET.write_text("5")
    except OSError:  # not allowed, or not Linux
        return None
    case.run()
    return resident("VmHWM")


def peak(case: Case) -> int | None:
    """Bytes of arrays at the peak of a run, after some that make what is made once, or None."""
    for _ in range(WARM):
        case.run()
    if isinstance(case, StepCase) and case.memory is not None:
        return case.memory()
    return traced_peak(case)


def traced_peak(case: Case) -> int:
    """What arrays hold by now, and how far a run goes beyond it."""
    gc.collect()
    arrays = tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)
    held = tracemalloc.take_snapshot().filter_traces([arrays])
    size = sum(trace.size for trace in held.traces)
    start, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    case.run()
    _, highest = tracemalloc.get_traced_memory()
    return int(size + highest - start)
