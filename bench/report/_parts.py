"""The parts of a report: a command each, with the seconds that it may take."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
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
    """`command(device, file, quick)` is what is run; `read(file)` is what it found, if it wrote it.

    `quick`: the least that shows that everything runs.
    """

    name: str
    seconds: float
    command: Callable[[str, Path, bool], list[str]]
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


def run_part(part: Part, device: str, limit: float, quick: bool = False) -> Outcome:
    """Run a part in a process group of its own, which ends at the limit; never raises."""
    started = monotonic()
    with tempfile.TemporaryDirectory() as folder:
        file, log = Path(folder) / "found", Path(folder) / "log"
        try:
            with log.open("wb") as output:
                process = subprocess.Popen(
                    part.command(device, file, quick),
                    cwd=ROOT,
                    env=environment(device),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
                try:
                    outcome = _wait(process, limit)
                finally:
                    with suppress(ProcessLookupError):  # whom it leaves behind
                        os.killpg(process.pid, signal.SIGKILL)
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
        # at the first pytest writes down what it has, and ends
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
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


Command = Callable[[str, Path, bool], list[str]]
#: tests that take a second, where a run is to be quick
FEW = ("tests/guard/test_devices.py", "-k", "names or there_and_back")


def _pytest(*paths: str) -> Command:
    def command(device: str, file: Path, quick: bool) -> list[str]:
        options = ["-q", "--no-header", "--tb=line", "-p", "no:cacheprovider", "--maxfail=200"]
        if find_spec("xdist") is not None and not quick:
            options += ["-n", str(min(8, os.cpu_count() or 1)), "--dist", "worksteal"]
        if device != "cpu":
            options += ["--device", device]
        which = FEW if quick else paths
        return [sys.executable, "-m", "pytest", *options, f"--junitxml={file}", *which]

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


def _bench(name: str, *options: str, quick: tuple[str, ...] = ()) -> Command:
    def command(device: str, file: Path, quickly: bool) -> list[str]:
        line = [sys.executable, "-m", "bench", name, "--device", device, "--json", str(file)]
        return [*line, *(("--quick", "--peers", "none", *quick) if quickly else options)]

    return command


def _module(name: str, *quick: str) -> Command:
    """A module of `bench.report`, and which of its cases are the quick ones."""
    start = [sys.executable, "-m", f"bench.report.{name}"]
    return lambda device, file, quickly: [*start, device, str(file), *(quick if quickly else ())]


#: other libraries that are there at once; `torch.compile` takes long to begin
PEERS = ("--rounds", "10", "--peers", "torch,torch-graphs,jax")
COMPILED = ("--rounds", "10", "--peers", "torch-compile")
#: in the order of what one would want to know first
PARTS = (
    Part("kernels", 70, _pytest("tests/autodiff/flat/cuda", "tests/guard"), _junit),
    Part("products", 60, _module("products", "64")),
    Part("steps", 75, _bench("steps", *PEERS, quick=("--case", "784-16-16-10"))),
    Part("profile", 45, _module("profile", "784-16-16-10")),
    Part("lenet", 60, _bench("lenet", *PEERS, quick=("--case", "batch 32"))),
    Part("compiled", 60, _bench("steps", *COMPILED, quick=("--case", "784-16-16-10"))),
    Part("ops", 15, _bench("ops", "--rounds", "3", "--peers", "none", quick=("--case", "scalar"))),
    Part("suite", 240, _pytest("tests"), _junit),
)
