"""Peak memory of one warm step: parameters, batch, state, gradients, buffers and temporaries.

Each competitor is asked in a process of its own, in which this file is what the worker loads.

- NumPy, and so our own: `tracemalloc`. What arrays hold between steps, which leaves a program's
  text and other Python objects out, and how far all memory rises above that during a step.
- PyTorch: the storages it holds between steps, and its profiler's record of allocations.
- JAX: what its compiler planned for arguments, results and temporaries.
- TensorFlow cannot tell on a CPU.

BLAS' own work space counts for nobody.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Mapping, Sequence
from importlib import import_module

import numpy as np

from bench._case import Case, Loaded
from bench._harness import CaseInfo, Competitor
from bench._process import Worker, WorkerError
from bench._report import table
from bench.steps.problems import StepCase

WARM = 3
Bytes = Mapping[str, Mapping[str, int | str]]


def load(module: str, case: str, **options: str) -> Loaded:
    """A competitor without anything to time; what one case of it takes is in the notes."""
    tracemalloc.start()  # before any array is made
    loaded = import_module(module).load(**options)
    tracemalloc.clear_traces()
    size = peak(loaded.cases[case]()) if case in loaded.cases else None
    notes = {} if size is None else {"bytes": str(size)}
    return Loaded(loaded.versions, {}, loaded.threads, notes)


def peak(case: Case) -> int | None:
    """Bytes at the peak of a step, after some that make what is made once; None: it cannot tell."""
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


def measure_memory(
    competitors: Sequence[Competitor], cases: Sequence[CaseInfo], python: str | None = None
) -> Bytes:
    """Case → competitor's label → bytes, or a word where there is no number."""
    result: dict[str, dict[str, int | str]] = {case.name: {} for case in cases}
    for case in cases:
        for c in competitors:
            options = {"module": c.module, "case": case.name, **c.options}
            with Worker(python if c.peer else None) as worker:
                try:
                    notes = worker.ask("load", module=__name__, options=options)["notes"]
                    result[case.name][c.label] = int(notes["bytes"]) if notes else "–"
                except WorkerError as error:
                    word = "missing" if error.missing else f"failed: {error}"
                    result[case.name][c.label] = word
    return result


def print_memory(sizes: Bytes) -> int:
    """The table, in kB; 1 if anything failed."""
    labels = list(next(iter(sizes.values())))
    failures = [
        f"note: {label}, {case}: {size}"
        for case, column in sizes.items()
        for label, size in column.items()
        if isinstance(size, str) and size.startswith("failed")
    ]
    rows = [(label, [_cell(sizes[case][label]) for case in sizes]) for label in labels]
    print(table("peak memory of a warm step, kB (1000 bytes)", list(sizes), rows))
    print("\n".join(failures), end="\n" if failures else "")
    return int(bool(failures))


def _cell(size: int | str) -> str:
    return f"{size / 1000:.0f}" if isinstance(size, int) else size.partition(":")[0]
