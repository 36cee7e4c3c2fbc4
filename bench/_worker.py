"""The process that one competitor runs in: it answers requests, one line of JSON each.

    {"do": "load", "module": "bench.ops.pytorch", "options": {}}    → versions, threads, cases, …
    {"do": "open", "case": "(10,)"}                                 → error, tolerance, …
    {"do": "time", "repeat": 40}                                    → seconds, for all 40 together
    {"do": "close"}                                                 → {}

Requests come in on standard input. A reply is {"ok": {…}} or {"error": "…", "missing": bool}, where
`missing` says that `load` failed on an import. Importing one library changes how another behaves
(it may bring its own allocator settings and threads), hence one process each.

The file is started as a script, maybe by an interpreter that has nothing of this project: the
`bench` package is loaded from where this file lies.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from importlib import import_module, util
from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench._case import Case, Loaded


class Session:
    """The state between requests: what was loaded, and the one case that is open."""

    loaded: Loaded
    case: Case

    def load(self, module: str, options: dict[str, str]) -> dict[str, Any]:
        """Import the competitor and say what it is."""
        self.loaded = import_module(module).load(**options)
        return {
            "python": platform.python_version(),
            "versions": {"numpy": import_module("numpy").__version__, **self.loaded.versions},
            "threads": process_threads() | dict(self.loaded.threads),
            "notes": dict(self.loaded.notes),
            "cases": list(self.loaded.cases),
        }

    def open(self, case: str) -> dict[str, Any]:
        """Build a case and compare its result with the right one."""
        self.case = self.loaded.cases[case]()
        error = self.case.check()
        return {
            "error": error,
            "tolerance": self.case.tolerance,
            "about": dict(self.case.about()),
            "repeat": self.case.repeat,
        }

    def time(self, repeat: int) -> dict[str, Any]:
        """Seconds for all repetitions; several short ones follow one that warms the caches up."""
        run, finish = self.case.run, self.loaded.finish
        if repeat > 1:
            run()
        finish()
        start = perf_counter_ns()
        for _ in range(repeat):
            run()
        finish()
        return {"seconds": (perf_counter_ns() - start) / 1e9}

    def close(self) -> dict[str, Any]:
        """Free the open case's memory."""
        del self.case
        return {}


def process_threads() -> dict[str, int]:
    """How many threads this process has by now, pools of libraries included (Linux tells)."""
    tasks = Path("/proc/self/task")
    return {"process": len(list(tasks.iterdir()))} if tasks.is_dir() else {}


def answer(session: Session, request: dict[str, Any]) -> dict[str, Any]:
    """The reply to one request; an exception becomes an error reply."""
    action = request.pop("do")
    try:
        return {"ok": getattr(session, action)(**request)}
    except Exception as error:
        missing = action == "load" and isinstance(error, ImportError)
        text = str(error) if missing else f"{type(error).__name__}: {error}"
        return {"error": text, "missing": missing}


def main() -> None:
    """Answer requests until standard input ends."""
    # What a library prints must not mix with the replies: it goes to standard error.
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    session = Session()
    for line in sys.stdin:
        replies.write(json.dumps(answer(session, json.loads(line))) + "\n")
        replies.flush()


def load_package(folder: Path) -> None:
    """Make `import bench` mean `folder`, and nothing else importable that was not so before."""
    spec = util.spec_from_file_location("bench", folder / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    package = util.module_from_spec(spec)
    sys.modules["bench"] = package
    spec.loader.exec_module(package)


if __name__ == "__main__":
    load_package(Path(__file__).parent)
    main()
