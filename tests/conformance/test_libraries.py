"""Code of others, written for the Array API, runs on Tensors and is differentiated."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parent / "libraries.py"


def test_scipy_and_scikit_learn_take_tensors() -> None:
    root = PROGRAM.parent.parent.parent
    found = subprocess.run(
        [sys.executable, str(PROGRAM)],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    listed = re.findall(r'^    "((?:scipy|sklearn)\.[\w.]+)":', PROGRAM.read_text("utf-8"), re.M)
    assert found.stdout.split() == listed
    assert len(listed) > 10
