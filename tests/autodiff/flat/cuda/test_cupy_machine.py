"""The machine of a GPU over a CuPy that is none: what it asks of it, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.flat import Function
from autodiff.flat.cuda import _cupy_machine
from autodiff.flat.cuda._compile import machine_code
from autodiff.flat.cuda._cupy_machine import MOST_LEAVING, CupyMachine
from autodiff.flat.cuda._gemm import Gemm, Matrix
from autodiff.flat.cuda._machine import Call, CaptureError, Launch, Product
from autodiff.flat.cuda._runner import DeviceRunner
from autodiff.flat.lower._lower import lower
from autodiff.flat.trace._signature import signature
from tests.autodiff.flat.agreement import Program, assert_agree
from tests.guard.cublas import FakeCublas
from tests.guard.cuda import Array, cupy, streams
from tests.guard.flat import GuardFunction
from tests.guard.gpu import Gpu
from tests.guard.machine import COMPILER

from .test_steps import SMALL, step_of

needs_compiler = pytest.mark.skipif(COMPILER is None, reason="kernels are compiled by g++")


class Products(FakeCublas):
    """cuBLAS on the streams that are there."""

    def cublasGemmStridedBatchedEx(self, handle: Any, *given: Any) -> int:
        assert self.workspace, "a stream without our workspace"
        assert self.stream == (streams.stack[-1].ptr or None)
        streams.do(lambda: None if not super(Products, self).cublasGemmStridedBatchedEx(
            handle, *given) else pytest.fail("invalid"))  # fmt: skip
        return 0


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("CUPY_CACHE_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> CupyMachine:
    looks: list[Callable[[], None]] = []
    checks = SimpleNamespace(later=looks.append)
    backend: Any = SimpleNamespace(checks=checks, looks=looks, download=Array.get)
    monkeypatch.setattr(_cupy_machine, "load", lambda version: Products())
    return CupyMachine(backend, cupy)


def there(host: Any) -> Array:
    host = np.asarray(host)
    found = Array(host.shape, host.dtype)
    found.host()[...] = host
    return found


def runner_of(f: Any, args: list[Any], machine: CupyMachine) -> DeviceRunner:
    function: Any = Function(f)
    _, arrays = signature(args, {}, f)
    with function._recorded(args, {}, arrays) as (trace, result):
        program = lower(trace, result, function._names(args, {}))
    for v in program.variables:
        v._data = there(v._data)
    return DeviceRunner(program, "f", machine)


@needs_compiler
@pytest.mark.parametrize("large", [1, 1 << 18])
def test_steps_are_the_cpus(large: int, machine: CupyMachine, monkeypatch: Any) -> None:
    monkeypatch.setattr("autodiff.flat.cuda._gemm.LARGE", large)
    eager, ours, images, labels = step_of(SMALL[2])
    step, theirs, _, _ = step_of(SMALL[2])
    runner = runner_of(step, [images, labels[0]], machine)
    before = streams.replays
    for y in labels:
        loss = runner([there(images), there(y)])
        np.testing.assert_allclose(loss._data.get(), eager(ad.asarray(images), ad.asarray(y)), 1e-5)
    assert runner.captured
    assert streams.replays - before == len(labels) - 1
    for v, w in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(w._data.get(), v.numpy(), rtol=1e-4, atol=1e-6)


@needs_compiler
def test_programs_agree_over_cupys_names(machine: CupyMachine) -> None:
    def build() -> Program:
        step, variables, _, _ = step_of(SMALL[0])
        return step, variables

    _, _, images, labels = step_of(SMALL[0])
    gpu = Gpu(machine._backend, cupy)
    calls = [(images, y) for y in labels]
    assert_agree(build, calls, function=lambda f: GuardFunction(f, gpu), reordered=True)


@needs_compiler
def test_labels_out_of_range_are_told_once(machine: CupyMachine) -> None:
    def loss(x: Any, y: Any) -> Any:
        return ad.sum(ad.softmax_cross_entropy(x, y))

    x = np.zeros((2, 3), np.float32)
    runner = runner_of(loss, [x, np.array([0, 2])], machine)
    with pytest.raises(ValueError, match="labels outside 0 to 2"):
        runner([there(x), there([0, 3])])
    assert np.isfinite(runner([there(x), there([0, 2])])._data.get())
    looks: Any = machine._backend
    for look in looks.looks:
        look()  # nothing is wrong any more


def test_views_lie_where_they_lie(machine: CupyMachine) -> None:
    x = there(np.arange(12.0).reshape(3, 4))
    start, size = machine.address(x), 8
    np.testing.assert_array_equal(machine.at(start, (12,), "f8", None).get(), np.arange(12.0))
    turned = machine.at(start + 11 * size, (4, 3), "f8", (-size, -4 * size))
    np.testing.assert_array_equal(turned.get(), np.arange(12.0).reshape(3, 4)[::-1, ::-1].T)
    assert not machine.in_order(turned)
    copy = machine.empty((4, 3), "f8")
    machine.copy(copy, turned)
    np.testing.assert_array_equal(copy.get(), turned.get())
    part = machine.part(machine.empty((64,), "uint8"), 16, (2, 3), "f4")
    machine.upload(part, np.ones((2, 3)))
    assert part.get().tolist() == [[1.0] * 3] * 2


def test_what_cannot_be_recorded_says_so(machine: CupyMachine) -> None:
    with pytest.raises(CaptureError, match="CuPy's functions"):
        machine.capture([Call("copy", (), {}, None)])

    def kernel(*_: Any) -> None:
        raise RuntimeError("out of order")

    with pytest.raises(CaptureError, match=r"cannot be recorded \(out of order\)"):
        machine.capture([Launch(kernel, 1, 32, ())])
    assert streams.stack[-1].captured is None


def test_what_is_uploaded_may_be_written_to_at_once(
    machine: CupyMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "fast", False)
    x, host, before = machine.empty((3,), "f4"), np.ones(3), streams.waits
    for k in range(MOST_LEAVING):
        machine.upload(x, host * k)
        host += 1
    assert streams.waits == before
    blocks = [block for _, block in machine._leaving]
    assert len({id(block) for block in blocks}) == MOST_LEAVING  # none is written to again
    machine.upload(x, np.zeros(3))
    assert streams.waits == before + 1  # for the first of them
    assert len(machine._leaving) == MOST_LEAVING
    monkeypatch.setattr(streams, "fast", True)
    for event, _ in machine._leaving:
        event.done = True
    machine.upload(x, np.zeros(3))
    assert len(machine._leaving) == 1
    assert machine.at(0, (0, 3), "f4", None).shape == (0, 3)


def test_another_stream_follows_the_one_before(machine: CupyMachine) -> None:
    side, main = cupy.cuda.Stream(non_blocking=True), streams.stack[-1]
    streams.followed.clear()
    machine.follow()
    machine.follow()
    assert not streams.followed
    with side:
        machine.follow()
        machine.follow()
    machine.follow()
    assert streams.followed == [(side, main), (main, side)]


def test_a_recording_has_a_workspace_of_its_own(machine: CupyMachine) -> None:
    x = np.eye(2, dtype="f4")
    matrix = Matrix(None, 0, False, 2, 0)  # type: ignore[arg-type]
    gemm = Gemm(x.dtype, 2, 2, 2, 1, matrix, matrix, None)  # type: ignore[arg-type]
    step = Product(gemm, *[there(x).data.ptr for _ in range(3)])
    machine.run(step)
    library: Any = machine._products()._library
    places = [library.workspace]
    replays = [machine.capture([step]) for _ in range(2)]
    places += [replay._workspace.data.ptr for replay in replays]  # type: ignore[attr-defined]
    machine.run(step)
    assert library.workspace == places[0]
    assert len({*places}) == 3


def test_machine_code_is_compiled_once(cache: Path) -> None:
    nvrtc = cupy.cuda.nvrtc
    before = nvrtc.compilations
    assert machine_code(cupy, "text", "90") == machine_code(cupy, "text", "90") == b"text"
    assert nvrtc.compilations - before == 1
    assert machine_code(cupy, "text", "120") == b"PTX text"
    assert len([*cache.iterdir()]) == 2
    with pytest.raises(RuntimeError, match=r"NVRTC, sm_90: NVRTC_ERROR_COMP.*\nkernels.cu\(150\)"):
        machine_code(cupy, "nonsense", "90")
    assert not nvrtc.programs


def test_machine_code_needs_no_folder_that_can_be_written_to(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cache / "file").touch()
    monkeypatch.setenv("CUPY_CACHE_DIR", str(cache / "file"))
    assert machine_code(cupy, "text", "90") == b"text"
