"""How large installs are: our own wheel unpacked, and those of others with what they need.

Bytecode, which the interpreter makes of every file when it is installed or imported, is told apart.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
OWN = "autodiff, nn, optim, data, bench; without NumPy"
#: what our own install may take beyond NumPy's, in bytes
LIMIT = 3_000_000
PEERS = ("torch", "jax", "tensorflow", "keras", "autograd", "mygrad", "tinygrad")

#: run by the interpreter that has them: name -> bytes of the package and of all it needs, without
#: the bytecode that the interpreter makes of it, and that bytecode's
SCRIPT = """
import json, re, sys
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions

def add(name, seen, sizes):
    if name in seen:
        return
    seen.add(name)
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return
    for file in found.files or ():
        path = found.locate_file(file)
        if path.is_file():
            sizes[path.suffix == ".pyc"] += path.stat().st_size
    for need in found.requires or ():
        if "extra ==" not in need:
            add(re.match(r"[\\w.-]+", need)[0].lower().replace("_", "-"), seen, sizes)

known = packages_distributions()
result = {}
for name in sys.argv[1:]:
    result[name] = [0, 0]
    add(known.get(name, [name])[0].lower(), set(), result[name])
print(json.dumps(result))
"""


def measure(peer_python: str | None) -> dict[str, Any]:
    """Bytes on disk, and of bytecode beside them, by name; ours without NumPy, others with all."""
    sizes = {"numpy": needed(sys.executable, ("numpy",))["numpy"]}
    own, reason = wheel()
    if own is not None:
        sizes[OWN] = own
    sizes |= needed(peer_python or sys.executable, PEERS)
    there = {name: pair for name, pair in sizes.items() if pair[0]}
    return {
        "bytes": {name: pair[0] for name, pair in there.items()},
        "bytecode_bytes": {name: pair[1] for name, pair in there.items()},
        "limit_bytes": LIMIT,
        "reason": reason,
    }


def needed(python: str, names: tuple[str, ...]) -> dict[str, list[int]]:
    """Of these packages with all they need, as `python` has them installed."""
    done = subprocess.run(
        [python, "-c", SCRIPT, *names], capture_output=True, text=True, check=True
    )
    found: dict[str, list[int]] = json.loads(done.stdout)
    return found


def wheel() -> tuple[list[int] | None, str]:
    """Of an install of our wheel alone; or why there is none."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--compile"]
        done = subprocess.run(
            [*command, "--target", folder, str(ROOT)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            return None, (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        sizes = [0, 0]
        for file in Path(folder).rglob("*"):
            if file.is_file():
                sizes[file.suffix == ".pyc"] += file.stat().st_size
        return sizes, ""
