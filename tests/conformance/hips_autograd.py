"""HIPS autograd's test suite on this project's tape: make conformance AUTOGRAD=folder

The folder is autograd's source distribution, unpacked. `hips/autograd` gives its tests autograd's
names, made of this project's tape and NumPy's protocols. What is left out, and why, stands in
`hips_failures.txt`; anything else that fails is a fault.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
FAILURES = HERE / "hips_failures.txt"


def left_out() -> list[str]:
    """Files and tests that are not run."""
    lines = FAILURES.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def main(arguments: list[str]) -> int:
    """Run the suite with more arguments for pytest; its exit status."""
    if not arguments or not (tests := Path(arguments[0]).resolve() / "tests").is_dir():
        print("make conformance AUTOGRAD=unpacked source distribution of HIPS autograd")
        return 2
    without = [f"--deselect={name}" if "::" in name else f"--ignore={name}" for name in left_out()]
    paths = os.pathsep.join([str(HERE / "hips"), str(ROOT), os.environ.get("PYTHONPATH", "")])
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=."),
        *("-c", os.devnull, *without, *arguments[1:]),
    ]
    env = os.environ | {"PYTHONPATH": paths}
    return subprocess.run(command, cwd=tests, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
