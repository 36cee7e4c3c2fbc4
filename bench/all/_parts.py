"""The benchmarks of `bench all`: a command each, in settings that end within its seconds."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Short:
    """Options of a benchmark, and the seconds after which it is stopped."""

    seconds: int
    options: Sequence[str] = ()
    peers: bool = True  # whether it takes --peer-python
    one_thread: bool = False  # of BLAS, where there is no option for it


#: in this order; all limits together leave five minutes of twenty for installing
PARTS = {
    "steps": Short(170, ("--threads", "1", "--rounds", "10")),
    "lenet": Short(120, ("--threads", "1", "--rounds", "10")),
    "ops": Short(60, ("--rounds", "10")),
    "jacobian": Short(70, ("--threads", "1", "--rounds", "10")),
    "fit": Short(110, ("--case", "784-512-10", "--rounds", "3")),
    "blas": Short(
        120,
        (
            *("--routine", "axpy", "--routine", "gemv", "--routine", "matmul"),
            *("--routine", "gemm-backward", "--dtypes", "float32"),
            *("--rounds", "4", "--limit", "0.5"),
        ),
    ),
    "memory": Short(
        130,
        (
            *("--case", "784-512-10", "--case", "LeNet-5, batch 32"),
            *("--case", "chain of 10,000", "--case", "24 layers, run again"),
        ),
    ),
    "scaling": Short(100, ("--rounds", "3"), one_thread=True),
    "counts": Short(20, peers=False),
}


def command(name: str, file: Path, peers: Sequence[str]) -> list[str]:
    """The command line of a part."""
    part = PARTS[name]
    line = [sys.executable, "-m", "bench", name, "--json", str(file), *part.options]
    return [*line, *(peers if part.peers else ())]
