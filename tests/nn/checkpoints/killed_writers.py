"""Writers that are killed on the way, at every call to the system: run as a program.

Prints, for each place, what is in the folder afterwards and which of the two writes `path` and
`previous` hold.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from autodiff import _files
from nn import _safetensors
from nn._safetensors import reading

#: what a write does, in this order: call, and whether the kill comes before or after it
PLACES = [
    *(("open", "after"), ("write", "after"), ("write", "half"), ("fsync", "before")),
    *(("fsync", "after"), ("link", "before"), ("link", "after"), ("replace", "before")),
    *(("replace", "after"), ("replace 2", "before"), ("replace 2", "after")),
    *(("fsync 2", "before"), ("fsync 2", "after")),
]


def write(folder: Path, n: int) -> None:
    """The nth file: half a megabyte of n."""
    values = np.full(125_000, n, np.float32)
    _safetensors.write(folder / "run", {"x": values}, {"n": str(n)}, folder / "previous")


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def killed_at(name: str, when: str) -> None:
    """Let this process be killed at a place."""
    if name in ("open", "write"):
        real_open = open

        def opening(*args: Any) -> Any:
            file = real_open(*args)
            if name == "open":
                die()
            if when == "half":
                file.truncate(300_000)
            else:
                file.write(b"beginning")
            file.flush()
            die()

        vars(_files)["open"] = opening
        return
    call, _, nth = name.partition(" ")
    left = [int(nth or 1)]
    real: Callable[..., Any] = getattr(os, call)

    def patched(*args: Any) -> Any:
        left[0] -= 1
        if not left[0] and when == "before":
            die()
        result = real(*args)
        if not left[0]:
            die()
        return result

    setattr(os, call, patched)


def held(path: Path) -> str | None:
    """Which write a file holds, once its digest was found to be right."""
    if not path.exists():
        return None
    with reading(path, "n") as reader:
        reader.check_digest()
        assert (reader.read("x") == float(reader.metadata["n"])).all()
        return reader.metadata["n"]


def main(root: Path) -> None:
    for k, (name, when) in enumerate(PLACES):
        folder = root / str(k)
        for n in (1, 2):
            write(folder, n)
        child = os.fork()
        if not child:
            killed_at(name, when)
            write(folder, 3)
            os._exit(1)
        _, status = os.waitpid(child, 0)
        found: dict[str, Any] = {
            "place": f"{when} {name}",
            "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
            "run": held(folder / "run"),
            "previous": held(folder / "previous"),
            "others": len([f for f in folder.iterdir() if f.name not in ("run", "previous")]),
        }
        _files.remove_parts(folder / "run")
        found["left"] = sorted(file.name for file in folder.iterdir())
        write(folder, 4)
        found["then"] = [held(folder / "run"), held(folder / "previous")]
        print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
