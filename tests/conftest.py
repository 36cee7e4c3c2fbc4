"""What all tests share: how many examples Hypothesis draws, where data lies, what is counted."""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# The everyday profile draws the same examples on every run: a red test is red for everyone.
settings.register_profile(
    "default",
    max_examples=25,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("long", settings.get_profile("default"), max_examples=500)
settings.load_profile("default")


#: marks a test of NumPy's arrays, programs or figures, which other devices have not
HOST = "host: of what the CPU alone has; left out with --device"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On another device: leave out what is the CPU's, and say so."""
    device = config.getoption("--device")
    if device and device != "cpu":
        skip = pytest.mark.skip(reason=f"of the CPU alone; the tests run on {device}")
        for item in items:
            flat = HOST_FOLDER in item.path.parents
            if device.startswith("cuda") and HOST_FOLDER / "cuda" in item.path.parents:
                flat = False  # programs of kernels run there in place of the tests' machine
            if item.get_closest_marker("host") or flat:
                item.add_marker(skip)


#: flat programs are NumPy's text
HOST_FOLDER = Path(__file__).parent / "autodiff" / "flat"


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[Any]:
    """On another device: leave out what its library has no function for, and say which."""
    try:
        return (yield)
    except NotImplementedError as error:
        if pyfuncitem.config.getoption("--device") and "has no function" in str(error):
            pytest.skip(f"the device's library has it not: {error}")
        raise


@pytest.fixture(autouse=True)
def _settled(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test did not look at on a device is not for the next one to find."""
    yield
    if request.config.getoption("--device"):
        from autodiff.arrays import _device

        for backend in _device._backends.values():
            backend.checks.drop()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--device",
        help="where all tests make arrays: cpu, cuda, or guard, which stands in for cuda",
    )


def pytest_configure(config: pytest.Config) -> None:
    device = config.getoption("--device")
    config.addinivalue_line("markers", HOST)
    _choose(config, device)
    # ops that are declared when they are first asked for are among those that tests go through
    importlib.import_module("autodiff.special")


def _choose(config: pytest.Config, device: Any) -> None:
    """Make the device the one on which all tests make arrays."""
    if device:
        if device.startswith("cuda"):  # CuPy warns of what is slow, and of what will go
            for kind in ("DeprecationWarning", "UserWarning", "RuntimeWarning"):
                config.addinivalue_line("filterwarnings", f"ignore::{kind}")
        if not device.startswith("guard"):
            os.environ["AUTODIFF_DEVICE"] = device  # for what the tests run beside themselves, too
            return
        importlib.import_module("tests.guard.backend")  # makes it known, to this process alone
        known: Any = importlib.import_module("autodiff.arrays._device")
        known.default = lambda: known.resolve(device)


MNIST_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


@pytest.fixture(scope="session")
def mnist_dir() -> Path:
    """The folder of the four MNIST files, `$AUTODIFF_DATA/mnist`."""
    root = os.environ.get("AUTODIFF_DATA")
    if not root:
        pytest.skip("AUTODIFF_DATA does not name a folder with mnist/")
    folder = Path(root) / "mnist"
    missing = [name for name in MNIST_FILES if not (folder / name).is_file()]
    if missing:
        pytest.skip(f"$AUTODIFF_DATA/mnist lacks {', '.join(missing)}")
    return folder


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Note how many examples Hypothesis ran in this test."""
    if call.when == "call":
        statistics = getattr(item, "hypothesis_statistics", "")
        examples = sum(map(int, re.findall(r"(\d+) passing", statistics)))
        item.user_properties.append(("examples", examples))


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Says, in a line at the end of the run, what a test that passed has counted."""
    return lambda line: record_property("note", line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many ops there are, how many of them were checked, and on how many examples."""
    reports = [r for r in terminalreporter.stats.get("passed", []) if r.when == "call"]
    properties = [entry for report in reports for entry in report.user_properties]
    examples = sum(value for name, value in properties if name == "examples")
    checked = {value for name, value in properties if name == "second order"}
    if checked or "autodiff.engine._op" in sys.modules:  # other processes may have run the tests
        from autodiff.engine._op import registry

        differentiable = {name for name, op in registry.items() if op.rules}
        terminalreporter.write_line(
            f"{len(registry)} ops declared, {len(differentiable)} with derivative rules; "
            f"{len(checked & differentiable)} of these checked to second order in this run"
        )
    terminalreporter.write_line(f"{examples} Hypothesis examples passed")
    for name, value in properties:
        if name == "note":
            terminalreporter.write_line(value)
