"""Windows along an axis and their adjoint, beside NumPy's and a loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff.ops._images import windows_over


@st.composite
def calls(draw: st.DrawFn) -> tuple[np.ndarray, dict[str, int]]:
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    axis, size = draw(st.integers(0, len(shape) - 1)), draw(st.integers(1, 4))
    stride, dilation = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    shape[axis] = (size - 1) * dilation + 1 + draw(st.integers(0, 6))
    x = np.arange(float(np.prod(shape))).reshape(shape)
    return x, {"axis": axis, "size": size, "stride": stride, "dilation": dilation}


@given(calls())
def test_windows_are_numpys(call: tuple[np.ndarray, dict[str, int]]) -> None:
    x, given_ = call
    axis, step, dilation = given_["axis"], given_["stride"], given_["dilation"]
    extent = (given_["size"] - 1) * dilation + 1
    found = np.lib.stride_tricks.sliding_window_view(x, extent, axis)[..., ::dilation]
    found = np.moveaxis(found, -1, axis + 1)[(slice(None),) * axis + (slice(None, None, step),)]
    np.testing.assert_array_equal(ad.windows(x, **given_).numpy(), found)


@given(calls())
def test_overlap_add_counts_how_often_each_element_is_seen(
    call: tuple[np.ndarray, dict[str, int]],
) -> None:
    x, given_ = call
    axis, length = given_["axis"], x.shape[given_["axis"]]
    seen = ad.windows(np.ones_like(x), **given_)
    given_.pop("size")
    total = ad.overlap_add(seen, **given_ | {"length": length}).numpy()
    back = ad.overlap_add(
        ad.windows(x, size=seen.shape[axis + 1], **given_), **given_ | {"length": length}
    )
    np.testing.assert_array_equal(back.numpy(), total * x)


def test_what_does_not_fit() -> None:
    x = np.ones((3, 4))
    with pytest.raises(ValueError, match="an axis of length 4 has no window of 5"):
        ad.windows(x, 1, 3, dilation=2)
    with pytest.raises(ValueError, match="stride must be an integer from 1 up; given 0"):
        ad.windows(x, 1, 3, stride=0)
    with pytest.raises(ValueError, match="axis 2 is out of range"):
        ad.windows(x, 2, 3)
    with pytest.raises(ValueError, match="3 windows; 5 elements have 2"):
        ad.overlap_add(x, 0, 5)
    with pytest.raises(ValueError, match="axis 1 is out of range"):
        ad.overlap_add(x, 1, 5)


@given(st.integers(1, 9), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3))
def test_same_padding_is_that_of_keras(n: int, size: int, stride: int, dilation: int) -> None:
    """ceil(n / stride) windows; no more padding than they need, the odd one after."""
    rows, columns = windows_over(
        (n, n), (size, size), (stride, stride), "same", (dilation, dilation)
    )
    assert rows == columns
    assert rows.count == -(-n // stride)
    assert 0 <= rows.after - rows.before <= 1
    if rows.after:
        assert (rows.count - 1) * stride + rows.extent == rows.padded


def test_windows_share_memory_and_change_nothing() -> None:
    x: Any = ad.Variable(np.arange(5.0))
    with ad.GradientTape() as tape:
        y = ad.sum(ad.windows(x, 0, 3) * ad.windows(x, 0, 3))
    assert tape.gradient(y, x).tolist() == [0.0, 4.0, 12.0, 12.0, 8.0]
    assert x.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
