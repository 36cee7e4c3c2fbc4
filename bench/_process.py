"""The parent's end of a worker: start it, ask it, notice when it dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

FOLDER = Path(__file__).parent
PATIENCE = 600.0  # seconds for one request; a worker that takes longer is stopped


class WorkerError(Exception):
    """A worker replied with an error, or died. `missing`: its library is not installed."""

    def __init__(self, message: str, *, missing: bool = False) -> None:
        super().__init__(message)
        self.missing = missing


class Worker:
    """A process that answers requests (see `_worker`); a context manager that ends it.

    `python` is the interpreter, by default this one. Only this one gets to import the project's
    other packages, from beside the `bench` folder.
    """

    def __init__(self, python: str | None = None, patience: float = PATIENCE) -> None:
        environment = dict(os.environ)
        if python is None:
            python = sys.executable
            paths = [str(FOLDER.parent), environment.get("PYTHONPATH", "")]
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        else:
            environment.pop("PYTHONPATH", None)
        self.patience = patience
        self.log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self.process = subprocess.Popen(
            [python, "-P", str(FOLDER / "_worker.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            encoding="utf-8",
            env=environment,
        )

    @property
    def alive(self) -> bool:
        """Whether it can be asked anything more."""
        return self.process.poll() is None

    def ask(self, action: str, **details: Any) -> dict[str, Any]:
        """Send one request and return the reply; WorkerError if there is none or it is an error."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        too_late = threading.Timer(self.patience, self.process.kill)
        too_late.start()
        try:
            self.process.stdin.write(json.dumps({"do": action, **details}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timed_out = not too_late.is_alive()
            too_late.cancel()
        if not line:
            raise WorkerError(self._obituary(action, timed_out))
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise WorkerError(reply["error"], missing=reply["missing"])
        result: dict[str, Any] = reply["ok"]
        return result

    def _obituary(self, action: str, timed_out: bool) -> str:
        status = self.process.wait()
        if timed_out:
            return f"stopped: {action!r} took more than {self.patience:g} s"
        if status < 0:
            how = f"was killed by {signal.Signals(-status).name}"
        else:
            how = f"ended with status {status}"
        self.log.seek(0)
        last_words = self.log.read().strip().splitlines()[-1:] or ["it said nothing"]
        return f"its process {how} during {action!r}; last line of its output: {last_words[0]}"

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.communicate()
        self.log.close()
