"""Test programs run in processes of their own, by this project's code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
#: one thread: it forks, and its address space is small
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}


def start(name: str, *args: Any, **options: Any) -> subprocess.Popen[str]:
    """Start a program of this folder."""
    command = [sys.executable, str(Path(__file__).with_name(name)), *map(str, args)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=ENVIRONMENT, text=True, **{**pipes, **options})


def lines(name: str, *args: Any) -> list[str]:
    """What a program of this folder prints; its errors are in the message if it fails."""
    process = start(name, *args)
    output, errors = process.communicate()
    assert process.returncode == 0, f"{name} ended with {process.returncode}\n{output}{errors}"
    return output.splitlines()
