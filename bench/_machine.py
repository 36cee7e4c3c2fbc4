"""The machine that a measurement is taken on, and who else keeps it busy meanwhile."""

from __future__ import annotations

import os
import platform
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "OMP_WAIT_POLICY",
    "AUTODIFF_MALLOPT",
)


def describe() -> dict[str, Any]:
    """Processor, cores, versions, thread settings and date, as plain JSON values."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": cpu_model(),
        "cores": usable_cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "environment": {name: os.environ.get(name) for name in THREAD_VARIABLES},
    }


def cpu_model() -> str:
    """The processor's name: Linux says it in /proc/cpuinfo, others through `platform`."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def usable_cores() -> int:
    """How many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Bystanders:
    """Counts the cores that processes other than the given ones use, from now on (Linux tells).

    Anyone who computes meanwhile disturbs a measurement: a thread pool that waits for its last
    thread, which another process has put off its core, may take ten times as long.
    """

    def __init__(self, ours: Collection[int]) -> None:
        self.ours = {*ours, os.getpid()}
        self.start = self._now()

    def cores(self) -> float | None:
        """How many cores they used on average since the start; None where nobody tells."""
        now = self._now()
        if now is None or self.start is None:
            return None
        seconds, wall = now[0] - self.start[0], now[1] - self.start[1]
        return max(0.0, seconds / wall)

    def _now(self) -> tuple[float, float] | None:
        """Seconds of processor time used by others since boot, and the time of day."""
        if not Path("/proc/stat").exists():
            return None
        total = Path("/proc/stat").read_text(encoding="utf-8").split()[1:9]
        idle = {3, 4}  # the columns of idle and of waiting for a disk
        ticks = sum(int(t) for column, t in enumerate(total) if column not in idle)
        for process in self.ours:
            try:
                text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
            except OSError:  # it has ended
                continue
            user, system = text.rpartition(")")[2].split()[11:13]
            ticks -= int(user) + int(system)
        return ticks / os.sysconf("SC_CLK_TCK"), monotonic()
