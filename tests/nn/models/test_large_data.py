"""Data of several times the memory that there may be train in as much memory as little data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.host
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, caps memory")
@pytest.mark.parametrize(
    ("mib", "steps"), [(1024, 40), pytest.param(1024, 4000, marks=pytest.mark.long)]
)
def test_large_data_train_in_constant_memory(
    mib: int, steps: int, tmp_path: Path, note: Callable[[str], None]
) -> None:
    losses = {}
    for kind in ("memmap", "rows", "shards"):
        folder = tmp_path / kind
        folder.mkdir()
        arguments = [str(Path(__file__).with_name("large_data.py")), kind, str(folder)]
        done = subprocess.run(
            [sys.executable, *arguments, str(mib), str(steps)],
            env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{kind}\n{done.stderr}"
        found = json.loads(done.stdout)
        assert found["data"] > 4 * found["cap"]
        after_a_tenth, most = found["taken"]
        assert most - after_a_tenth < 1 << 20
        assert most < 16 << 20
        losses[kind] = found["loss"]
        size, cap = found["data"] >> 20, found["cap"] >> 20
        note(
            f"{kind}: {size} MiB of data, at most {cap} MiB of memory, {steps} steps: {most >> 10} "
            f"KiB taken, {(most - after_a_tenth) >> 10} of them after the first tenth"
        )
    assert losses["rows"] == losses["memmap"]
