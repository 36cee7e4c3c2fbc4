"""Devices by name, transfers, errors, and what waits and what does not."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autodiff as ad
import tests.guard.backend  # noqa: F401  makes the device known
from autodiff.arrays import _cupy, _device
from autodiff.arrays._device import Device, parse
from tests.guard.counters import GuardError, capturing, counted, resident

ROOT = Path(__file__).parents[2]


# -- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("gpu", ValueError, "device is 'gpu'; expected \"cpu\""),
        ("cuda:", ValueError, "expected"),
        ("cpu:1", ValueError, "there is one cpu only"),
        (3, TypeError, "device is int 3; expected"),
        ("guard:2", RuntimeError, "there are 2 of this kind"),
    ],
)
def test_what_is_no_device_is_said(name: Any, error: type[Exception], message: str) -> None:
    for make in (
        ad.device,
        lambda d: ad.zeros((2,), device=d),
        lambda d: ad.Variable(1.0, device=d),
    ):
        with pytest.raises(error, match=message):
            make(name)


def test_names_say_kind_and_number() -> None:
    assert parse("cuda") == parse(" CUDA:0 ") == Device("cuda", 0)
    assert str(parse("guard:1")) == "guard:1"
    assert ad.zeros((2,), device="guard:1").device == "guard:1"


def test_the_block_is_this_threads_and_ends() -> None:
    seen = []
    with ad.device("guard") as name:
        assert name == "guard:0"
        with ad.device("cpu"):
            assert ad.ones((1,)).device == "cpu"
        assert ad.ones((1,)).device == "guard:0"
        thread = threading.Thread(target=lambda: seen.append(ad.ones((1,)).device))
        thread.start()
        thread.join()
    assert seen == [ad.ones((1,)).device]
    with pytest.raises(ZeroDivisionError), ad.device("guard"):
        raise ZeroDivisionError
    assert ad.ones((1,)).device == seen[0]


def test_the_environment_names_the_default() -> None:
    code = (
        "import tests.guard.backend, autodiff as ad\n"
        "assert ad.asarray([1.0]).device == 'guard:1', ad.asarray([1.0]).device\n"
        "x = ad.asarray([2.0]) * 2.0\n"
        "assert (x.device, x.tolist()) == ('guard:1', [4.0])\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, env=_env("guard:1"))
    found = subprocess.run(
        [sys.executable, "-c", "import autodiff as ad\nad.zeros((1,))"],
        cwd=ROOT, env=_env("tpu"), capture_output=True, text=True,
    )  # fmt: skip
    assert "AUTODIFF_DEVICE is 'tpu'; expected" in found.stderr


def _env(device: str) -> dict[str, str]:
    import os

    return {**os.environ, "AUTODIFF_DEVICE": device, "PYTHONPATH": str(ROOT)}


def test_the_namespace_names_the_devices_that_there_are() -> None:
    info = ad.__array_namespace_info__()
    assert info.devices()[0] == "cpu"
    assert [d for d in info.devices() if d.startswith("guard")] == ["guard:0", "guard:1"]
    assert all(ad.zeros((1,), device=name).device == name for name in info.devices())
    with ad.device("guard:1"):
        assert info.default_device() == "guard:1"


def test_devices_that_cannot_be_used_are_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Any:
        raise RuntimeError("there is no driver")

    tried: list[str] = []
    for kind, likely in (("broken", True), ("absent", False)):
        monkeypatch.setitem(_device._loaders, kind, broken if likely else tried.append)
        monkeypatch.setitem(_device._likely, kind, partial(bool, likely))
    assert {d.kind for d in _device.there()} <= {"cpu", "guard", "cuda"}
    assert not tried
    with pytest.raises(RuntimeError, match="there is no driver"):
        ad.device("broken")


# -- there and back --------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "int8", "bool"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3)])
def test_there_and_back(dtype: str, shape: tuple[int, ...]) -> None:
    x = np.arange(6)[: int(np.prod(shape))].reshape(shape).astype(dtype)
    there = ad.asarray(x, device="guard")
    assert (there.device, there.shape, there.dtype) == ("guard:0", x.shape, x.dtype)
    for back in (there.numpy(), there.to_device("cpu").numpy(), np.asarray(there)):
        assert (back.shape, back.dtype) == (x.shape, x.dtype)
        np.testing.assert_array_equal(back, x)
    assert there.to_device("guard:1").to_device("guard").tolist() == x.tolist()
    assert repr(there) == repr(ad.asarray(x, device="cpu"))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(there)).numpy(), x)


def test_gradients_go_back_to_where_their_sources_lie() -> None:
    here, there = ad.Variable([1.0, 2.0], device="cpu"), ad.Variable([3.0, 4.0], device="guard")
    with ad.GradientTape() as outer:
        with ad.GradientTape() as tape:
            y = ad.sum(here.to_device("guard") * there * there)
        first = tape.gradient(y, [here, there])
        total = ad.sum(first[1])
    second = outer.gradient(total, [here, there])
    assert [g.device for g in (*first, *second)] == ["cpu", "guard:0"] * 2
    assert [g.tolist() for g in first] == [[9.0, 16.0], [6.0, 16.0]]
    assert [g.tolist() for g in second] == [[6.0, 8.0], [2.0, 4.0]]


def test_creation_takes_a_device() -> None:
    for make in (
        lambda d: ad.zeros((2,), device=d), lambda d: ad.ones((2,), device=d),
        lambda d: ad.full((2,), 3.0, device=d), lambda d: ad.arange(2, device=d),
        lambda d: ad.eye(2, device=d), lambda d: ad.zeros_like([1.0], device=d),
        lambda d: ad.ones_like([1.0], device=d), lambda d: ad.asarray([[1, 2]], device=d),
        lambda d: ad.Tensor([1.0], device=d), lambda d: ad.Variable([1.0], device=d),
    ):  # fmt: skip
        here, there = make("cpu"), make("guard")
        assert (here.device, there.device) == ("cpu", "guard:0")
        assert (here.dtype, here.tolist()) == (there.dtype, there.tolist())
    like = ad.zeros_like(ad.ones((2,), device="guard"))
    assert like.device == "guard:0"
    assert ad.asarray(like, device="cpu").device == "cpu"


def test_seeded_draws_are_the_cpus() -> None:
    def draws() -> list[Any]:
        rng = ad.random.default_rng(5)
        return [rng.normal(size=3), rng.integers(9, size=3), rng.permutation(4), rng.random()]

    with ad.device("guard"):
        there = draws()
    for a, b in zip(draws(), there, strict=True):
        assert (b.device, b.dtype) == ("guard:0", a.dtype)
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_arrays_that_lie_there_are_copied_there() -> None:
    from tests.guard.library import cupy

    raw = cupy.array(np.ones(3, np.float32))
    with counted() as found:
        x = ad.asarray(raw)
        raw += 1.0
    assert (found.uploads, found.downloads) == (0, 0)
    assert (x.device, x.tolist()) == ("guard:0", [1.0, 1.0, 1.0])
    assert (x * raw).tolist() == [2.0, 2.0, 2.0]


# -- operands apart --------------------------------------------------------------------------------


def test_operands_on_different_devices_are_named() -> None:
    with ad.device("cpu"):
        here, there, number = ad.ones((2, 2)), ad.ones((2, 2), device="guard"), ad.asarray(2.0)
        for call, names in (
            (lambda: here + there, "add: .* x on cpu, y on guard:0"),
            (lambda: there * number, "multiply: .* x on guard:0, y on cpu"),
            (lambda: number * there, "multiply: .* x on cpu, y on guard:0"),
            (lambda: there * [1.0, 2.0], "multiply: .* x on guard:0, y on cpu"),
            (lambda: np.ones(2) - there, "subtract: .* x on cpu, y on guard:0"),
            (lambda: here @ there, "matmul: .* x on cpu, y on guard:0"),
            (lambda: ad.maximum(there, here), "maximum: .* x on guard:0, y on cpu"),
            (lambda: there > here, "gt|greater: .* x on guard:0, y on cpu"),
            (lambda: ad.where(here > 0, there, 0.0), "where: .* condition on cpu, x on guard:0"),
            (lambda: ad.concat([here, there]), r"concat: .* arrays\[0\] on cpu, arrays\[1\] on"),
            (lambda: here[ad.asarray([0], device="guard")], "getitem: an index lies on guard:0"),
            (lambda: there + ad.ones((2, 2), device="guard:1"), "add: .* on guard:0, y on guard:1"),
        ):
            with pytest.raises((ValueError, TypeError), match=names):
                call()
    v = ad.Variable([1.0], name="w", device="guard")
    with pytest.raises(ValueError, match=r"assign: .*Variable 'w' on guard:0, the value on cpu"):
        v.assign(ad.asarray([2.0], device="cpu"))
    assert v.assign([2.0]).assign_add(np.ones(1)).tolist() == [3.0]  # what lies nowhere goes along
    assert v.assign_sub([1.0]).device == "guard:0"


# -- indices ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", [[0, 3], [-4, 0], ([0], [3])])
def test_indices_from_the_host_are_checked_at_once(index: Any) -> None:
    x = ad.ones((3, 3), device="guard")
    with pytest.raises(IndexError, match=r"getitem: index -?[34] is out of bounds for axis [01]"):
        x[index if isinstance(index, list) else tuple(index)]


def test_indices_that_lie_there_are_checked_when_a_value_is_read() -> None:
    with ad.device("guard"):
        x, index = ad.Variable([1.0, 2.0, 3.0]), ad.asarray([0, 5])
        with resident():
            with ad.GradientTape() as tape:
                y = x[index] * 2.0
            gradient = tape.gradient(y, x)
        with pytest.raises(IndexError, match="indices of axis 0 run from 0 to 5; expected -3 to 2"):
            gradient.numpy()
        assert y.shape == (2,)
        assert x[ad.asarray([2, -3])].tolist() == [3.0, 1.0]  # told once


def test_masks_and_assignments() -> None:
    with ad.device("guard"):
        x = ad.asarray([[1.0, -2.0], [-3.0, 4.0]])
        assert x[x > 0.0].tolist() == [1.0, 4.0]
        assert x[np.array([True, False])].tolist() == [[1.0, -2.0]]
        x[ad.asarray([0, 1]), [1, 0]] = ad.asarray([5.0, 6.0])
        assert x.tolist() == [[1.0, 5.0], [6.0, 4.0]]
        with pytest.raises(IndexError, match=r"a mask has shape \(3,\)"):
            x[np.ones(3, bool)]
        with pytest.raises(IndexError, match="3 axes are indexed; there are 2"):
            x[ad.asarray([0]), 0, 0]
        x[ad.asarray([0, 0])] = ad.zeros((2, 2))
        with pytest.raises(ValueError, match="how often elements are named"):
            x.numpy()


def test_labels_are_checked_when_a_value_is_read() -> None:
    with ad.device("guard"):
        logits, labels = ad.zeros((2, 3)), ad.asarray([0, 3])
        with resident():
            loss = ad.softmax_cross_entropy(logits, labels)
        with pytest.raises(ValueError, match="labels run from 0 to 3; expected 0 to 2"):
            float(ad.sum(loss))


# -- functions -------------------------------------------------------------------------------------


def test_functions_run_op_by_op_there() -> None:
    w = ad.Variable([2.0], device="guard")
    calls = []

    @ad.function
    def step(x: Any) -> Any:
        calls.append(1)
        w.assign(w * x)
        return {"w": w, "y": w + 1.0}

    with ad.device("guard"):
        for expected in (4.0, 8.0):
            found = step(np.array([2.0], np.float32))
            assert found["w"].tolist() == [expected]
            assert type(found["w"]) is ad.Tensor
        with pytest.raises(RuntimeError, match="step: its text or cost is of a flat program"):
            step.source(np.ones(1))
    assert len(calls) == 2

    @ad.function
    def read() -> Any:
        return w * 1.0

    with ad.device("cpu"):
        assert [read().device for _ in range(3)] == ["guard:0"] * 3
        w._move(Device("cpu"))
        assert [read().device for _ in range(2)] == ["cpu"] * 2
        w._move(Device("guard"))
        assert read().device == "guard:0"


# -- what the guard is good for --------------------------------------------------------------------


def test_the_guard_refuses_what_cupy_refuses() -> None:
    from tests.guard.library import cupy

    x = cupy.array(np.ones((2, 2)))
    for refused in (
        lambda: np.asarray(x), lambda: x + np.ones(2), lambda: np.ones(2) * x,
        lambda: cupy.sum(x, where=True), lambda: x.sum(initial=0),
        lambda: x[[0, 1]], lambda: x[np.array([0])], lambda: cupy.isin_sorted,
        lambda: cupy.array(["a"]), lambda: cupy.add(x, x, where=True),
        lambda: cupy.add.at(cupy.zeros((2,), "complex64"), cupy.array([0]), 1.0),
        lambda: x.__setitem__(0, np.ones(2)), lambda: cupy.unstack(x),
    ):  # fmt: skip
        with pytest.raises((GuardError, AttributeError, TypeError)):
            refused()
    with pytest.raises(NotImplementedError):
        cupy.maximum.reduce(x)
    assert type(x.sum()) is type(x)
    assert x.sum().shape == ()
    with capturing():
        with pytest.raises(GuardError, match="product while a stream is captured"):
            x @ x
        with pytest.raises(GuardError, match="download while a stream is captured"):
            float(x)
    with counted() as found:
        y = x + 1.0
        y.get()
        cupy.array(np.ones(3))
    assert (found.launches, found.downloads, found.uploads, found.waits) == (1, 1, 1, 1)


# -- CUDA, where there is none ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("CUDARuntimeError: cudaErrorInsufficientDriver: CUDA driver version is", "driver"),
        ("CUDARuntimeError: cudaErrorNoDevice: no CUDA-capable device", "CUDA_VISIBLE_DEVICES"),
        ("ImportError: libcublas.so.12: cannot open shared object file", "install autodiff"),
        ("RuntimeError: CuPy failed to load libnvrtc.so.12", "install autodiff"),
        ("RuntimeError: a product of two matrices came out wrong", "show_config"),
    ],
)
def test_the_error_says_what_to_do(text: str, advice: str) -> None:
    assert advice in _cupy._advice(text)


def test_import_does_not_import_cupy() -> None:
    code = (
        "import sys, autodiff, nn, optim, data\n"
        "from autodiff.arrays._device import _cuda_is_likely, there\n"
        "def imported(): return [m for m in sys.modules if m.split('.')[0] in ('cupy', 'cupyx')]\n"
        "assert not imported()\n"
        "assert _cuda_is_likely() or [str(d) for d in there()] == ['cpu'] and not imported()\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, env=_env("cpu"))


def test_positions_and_counts_lie_where_the_elements_do() -> None:
    x = ad.asarray([0.0, 2.0, 2.0], device="guard")
    for found in (*ad.nonzero(x), *ad.unique_all(x)):
        assert found.device == x.device
    assert ad.nonzero(x)[0].numpy().tolist() == [1, 2]
    assert ad.unique_all(x).inverse_indices.numpy().tolist() == [0, 1, 1]
