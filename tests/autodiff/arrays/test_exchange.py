"""DLPack: what is shared can be changed by nobody, what can be changed is copied."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad

pytestmark = pytest.mark.host


class Foreign:
    """Another library's array, which keeps what it was asked for."""

    def __init__(self, data: np.ndarray) -> None:
        self.data = data

    def __dlpack__(self, **asked: Any) -> Any:
        return self.data.__dlpack__(**asked)

    def __dlpack_device__(self) -> Any:
        return self.data.__dlpack_device__()


def fixed(data: np.ndarray) -> np.ndarray:
    data.flags.writeable = False
    return data


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "bool", "complex64"])
@pytest.mark.parametrize("shape", [(), (0,), (2, 3)])
def test_there_and_back(dtype: str, shape: tuple[int, ...]) -> None:
    x = ad.asarray((np.arange(np.prod(shape, dtype=int)).reshape(shape) + 1).astype(dtype))
    there = np.from_dlpack(x)
    assert (there.shape, there.dtype) == (x.shape, x.dtype)
    np.testing.assert_array_equal(there, x.numpy())
    back = ad.from_dlpack(there)
    np.testing.assert_array_equal(back.numpy(), x.numpy())
    assert back.dtype == x.dtype
    assert x.__dlpack_device__() == (1, 0)


def test_what_is_handed_out_does_not_reach_the_tensor() -> None:
    x = ad.asarray(np.arange(3.0))
    np.from_dlpack(x)[:] = 9.0
    np.from_dlpack(x, copy=True)[:] = 9.0
    assert x.tolist() == [0.0, 1.0, 2.0]
    shared = np.from_dlpack(x, copy=False)
    assert np.shares_memory(shared, np.asarray(x._data))
    with pytest.raises(ValueError, match="read-only"):
        shared[:] = 9.0
    for asked in ({}, {"max_version": (0, 8)}):
        with pytest.raises(BufferError, match="a Tensor is a value"):
            x.__dlpack__(copy=False, **asked)


def test_what_others_may_change_is_copied() -> None:
    data = np.arange(3.0)
    w = ad.Variable(np.ones(3))
    x = ad.from_dlpack(Foreign(data))
    with ad.GradientTape() as tape:
        y = ad.sum(x * w)
    data[:] = 100.0
    assert tape.gradient(y, w).tolist() == [0.0, 1.0, 2.0]
    with pytest.raises(BufferError, match="Foreign can be written to"):
        ad.from_dlpack(Foreign(data), copy=False)


def test_what_nobody_changes_is_shared() -> None:
    data = fixed(np.arange(3.0))
    for copy in (None, False):
        assert np.shares_memory(np.asarray(ad.from_dlpack(Foreign(data), copy=copy)._data), data)
    copied = ad.from_dlpack(Foreign(data), copy=True, device="cpu")
    assert not np.shares_memory(np.asarray(copied._data), data)


def test_tensors_stay_recorded() -> None:
    x = ad.Variable([1.0, 2.0])
    with ad.GradientTape() as tape:
        y = ad.sum(ad.from_dlpack(x * 2) ** 2)
    assert tape.gradient(y, x).tolist() == [8.0, 16.0]
    with pytest.raises(TypeError, match="list has no __dlpack__"):
        ad.from_dlpack([1.0])
    with pytest.raises(ad.TracingError, match="DLPack"):
        ad.function(lambda x: np.from_dlpack(x * 2))(np.ones(2))


def test_asarray_copies_as_asked() -> None:
    x = ad.asarray([1.0, 2.0])
    assert ad.asarray(x) is x
    assert ad.asarray(x, copy=False) is x
    assert ad.asarray(x, copy=True) is not x
    assert ad.asarray(2.0, copy=False).shape == ()
    with pytest.raises(ValueError, match="ndarray may be changed by others"):
        ad.asarray(np.ones(2), copy=False)
    with pytest.raises(ValueError, match="copy=False allows none"):
        ad.asarray(x, dtype="float64", copy=False)
    v = ad.Variable([1.0, 2.0])
    with ad.GradientTape() as tape:
        y = ad.sum(ad.asarray(v, copy=True) ** 2)
    assert tape.gradient(y, v).tolist() == [2.0, 4.0]
