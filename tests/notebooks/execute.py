"""Executes the notebooks: python -m tests.notebooks.execute [--jobs 2] [NAME ...]

Each runs from top to bottom in a kernel and a folder of its own; what comes out lies in
build/notebooks, for a reader or the documentation, and the files of the repository stay clean.
An error fails the whole, and so does anything written to stderr, as warnings are.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

from tests.notebooks.files import FOLDER, ROOT, Notebook, paths

BUILD = ROOT / "build" / "notebooks"
CELL_SECONDS = 300


def settings(build: Path) -> dict[str, str]:
    """Environment of the kernels: this checkout, one thread each, all of their files in `build`."""
    state = build / "state"
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS", "1"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": str(state / "matplotlib"),
        "IPYTHONDIR": str(state / "ipython"),
        "JUPYTER_CONFIG_DIR": str(state / "config"),
        "JUPYTER_DATA_DIR": str(state / "data"),
        "JUPYTER_RUNTIME_DIR": str(state / "runtime"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # a remark about debuggers, to stderr
    }


def complaints(notebook: Notebook) -> list[str]:
    """What executed cells wrote to stderr, and the errors that they ended with."""
    found = []
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            if output["output_type"] == "error":
                plain = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(output["traceback"]))
                found.append(f"cell {cell['id']}:\n{plain}")
            elif output["output_type"] == "stream" and output["name"] == "stderr":
                found.append(f"cell {cell['id']}, stderr:\n" + "".join(output["text"]))
    return found


async def execute(path: Path, build: Path) -> list[str]:
    """Run one notebook and keep it with its outputs; gives what was wrong with it."""
    nbformat, nbclient = map(importlib.import_module, ("nbformat", "nbclient"))
    begin = time.perf_counter()
    notebook: Any = nbformat.read(path, as_version=4)
    folder = build / "state" / "files" / path.stem
    folder.mkdir(parents=True, exist_ok=True)
    client = nbclient.NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],  # of the kernel's own remarks, as on its sockets
        resources={"metadata": {"path": str(folder)}},
    )
    wrong = []
    try:
        await client.async_execute()
    except nbclient.exceptions.CellExecutionError:
        pass  # is among the outputs
    except Exception as error:  # the kernel died, or a cell took too long
        wrong.append(f"{type(error).__name__}: {error}")
    nbformat.write(notebook, build / path.name)
    wrong += complaints(notebook)
    seconds = time.perf_counter() - begin
    print(f"{path.stem:<24} {seconds:6.1f} s{'  FAILED' if wrong else ''}", flush=True)
    return [f"{path.name}, {line}" for line in wrong]


async def execute_all(chosen: list[Path], build: Path, jobs: int) -> list[str]:
    """Run notebooks, so many at a time; gives what was wrong with any."""
    free = asyncio.Semaphore(jobs)

    async def one(path: Path) -> list[str]:
        async with free:
            return await execute(path, build)

    wrong = await asyncio.gather(*map(one, chosen))
    return [complaint for found in wrong for complaint in found]


def chosen(names: list[str]) -> list[Path]:
    """The notebooks whose names begin so; all if no name is given."""
    found = [path for path in paths() if not names or path.name.startswith(tuple(names))]
    if not found:
        raise SystemExit(f"no notebook in {FOLDER} is called {' or '.join(names) or '*.ipynb'}")
    return found


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 if all went well."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="beginnings of file names; all if none is given")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    given = parser.parse_args(arguments)
    todo = chosen(given.names)
    os.environ.update(settings(BUILD))
    for name in ("matplotlib", "runtime"):
        (BUILD / "state" / name).mkdir(parents=True, exist_ok=True)
    for old in BUILD.glob("*.ipynb") if not given.names else ():
        old.unlink()
    importlib.import_module("matplotlib.font_manager")  # looks for fonts once, not in each kernel
    begin = time.perf_counter()
    wrong = asyncio.run(execute_all(todo, BUILD, max(1, given.jobs)))
    print(f"{f'{len(todo)} notebooks':<24} {time.perf_counter() - begin:6.1f} s, in {BUILD}")
    for complaint in wrong:
        print(f"\n{complaint}", file=sys.stderr)
    return bool(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
