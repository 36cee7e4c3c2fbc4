"""The parts of a report: a command each, with the seconds that it may take."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import Any

from bench._case import DEVICE_VARIABLE

ROOT = Path(__file__).parents[2]
#: seconds that a part has to end by itself when its time is over
GRACE = 5.0
#: how much of what a part printed is kept
LINES = 25


@dataclass(frozen=True)
class Part:
    """`command(device, file)` is what is run; `read(file)` is what it found, if it wrote it."""

    name: str
    seconds: float
    command: Callable[[str, Path], list[str]]
    read: Callable[[Path], Any] = field(default=lambda file: json.loads(file.read_text("utf-8")))


@dataclass
class Outcome:
    """`status`: done, failed (with which code), stopped (at its limit) or skipped."""

    status: str
    seconds: float = 0.0
    message: str = ""
    tail: str = ""
    found: Any = None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def run_part(part: Part, device: str, limit: float) -> Outcome:
    """Run a part in a process group of its own, which ends at the limit; never raises."""
    started = monotonic()
    with tempfile.TemporaryDirectory() as folder:
        file, log = Path(folder) / "found", Path(folder) / "log"
        try:
            with log.open("wb") as output:
                process = subprocess.Popen(
                    part.command(device, file),
                    cwd=ROOT,
                    env=environment(device),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
                outcome = _wait(process, limit)
        except OSError as error:
            outcome = Outcome("failed", message=f"{type(error).__name__}: {error}")
        outcome.seconds = monotonic() - started
        if log.exists():
            text = log.read_text("utf-8", errors="replace")
            outcome.tail = "\n".join(text.strip().splitlines()[-LINES:])
        if file.exists():
            try:
                outcome.found = part.read(file)
            except Exception as error:  # a file that was cut off, for one
                outcome.message += f"; what it wrote cannot be read: {error}"
    return outcome


def environment(device: str) -> dict[str, str]:
    """Of a part: the device, this tree first, and no library that takes all memory beforehand."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        DEVICE_VARIABLE: device,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONUNBUFFERED": "1",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    }


def _wait(process: subprocess.Popen[bytes], limit: float) -> Outcome:
    try:
        code = process.wait(limit)
    except subprocess.TimeoutExpired:
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, number)
                process.wait(GRACE)
                break
            except subprocess.TimeoutExpired:
                continue
            except ProcessLookupError:
                break
        return Outcome("stopped", message=f"at its limit of {limit:.0f} s")
    return Outcome("done") if code == 0 else Outcome("failed", message=f"status {code}")


# -- the parts -------------------------------------------------------------------------------------


def _pytest(*paths: str, parallel: bool = False) -> Callable[[str, Path], list[str]]:
    def command(device: str, file: Path) -> list[str]:
        options = ["-q", "--no-header", "--tb=line", "-p", "no:cacheprovider", "--maxfail=200"]
        if parallel and find_spec("xdist") is not None:
            options += ["-n", str(min(8, os.cpu_count() or 1))]
        where = [] if device == "cpu" else ["--device", device]
        return [sys.executable, "-m", "pytest", *options, *where, f"--junitxml={file}", *paths]

    return command


def _junit(file: Path) -> dict[str, Any]:
    """Counts, and the names of what failed."""
    import xml.etree.ElementTree as ElementTree

    suite = next(ElementTree.parse(file).getroot().iter("testsuite"))
    cases = list(suite.iter("testcase"))
    failed = [c for c in cases if c.find("failure") is not None or c.find("error") is not None]
    said: Any = [(c.find("failure"), c.find("error")) for c in failed]
    return {
        "tests": len(cases),
        "failed": len(failed),
        "skipped": sum(c.find("skipped") is not None for c in cases),
        "failures": {
            f"{c.get('classname')}::{c.get('name')}": (a if a is not None else b).get("message", "")
            for c, (a, b) in zip(failed, said, strict=True)
        },
    }


def _bench(name: str, *options: str) -> Callable[[str, Path], list[str]]:
    def command(device: str, file: Path) -> list[str]:
        line = [sys.executable, "-m", "bench", name, "--device", device, "--json", str(file)]
        return [*line, *options]

    return command


def _module(name: str) -> Callable[[str, Path], list[str]]:
    return lambda device, file: [sys.executable, "-m", name, device, str(file)]


#: in the order of what one would want to know first
PARTS = (
    Part("registry", 60, _pytest("tests/guard"), _junit),
    Part("products", 40, _module("bench.report.products")),
    Part("steps", 130, _bench("steps", "--rounds", "10")),
    Part("lenet", 90, _bench("lenet", "--rounds", "10")),
    Part("ops", 30, _bench("ops", "--rounds", "3", "--peers", "none")),
    Part("suite", 160, _pytest("tests", parallel=True), _junit),
)
