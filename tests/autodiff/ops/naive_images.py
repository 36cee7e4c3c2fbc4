"""Convolution and pooling as they are defined: loops over every element."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from hypothesis import strategies as st

Pair = tuple[int, int]


def sides(padding: Any, size: Pair, span: Pair, strides: Pair) -> tuple[Pair, Pair]:
    """(before, after) for rows and for columns."""
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        found = []
        for n, extent, stride in zip(size, span, strides, strict=True):
            count = int(np.ceil(n / stride))
            extra = max((count - 1) * stride + extent - n, 0)
            found.append((extra // 2, extra - extra // 2))
        return found[0], found[1]
    rows, columns = padding if isinstance(padding, tuple) else (padding, padding)
    return (
        rows if isinstance(rows, tuple) else (rows, rows),
        columns if isinstance(columns, tuple) else (columns, columns),
    )


def two(value: Any) -> Pair:
    return value if isinstance(value, tuple) else (value, value)


def places(
    size: Pair, window: Pair, strides: Any, padding: Any, dilation: Any
) -> Iterator[tuple[int, int, list[tuple[int, int, int, int]]]]:
    """For each window (i, j) its elements (a, b, row, column) that lie inside the image."""
    (sh, sw), (dh, dw) = two(strides), two(dilation)
    span = (window[0] - 1) * dh + 1, (window[1] - 1) * dw + 1
    (top, bottom), (left, right) = sides(padding, size, span, (sh, sw))
    for i in range((top + size[0] + bottom - span[0]) // sh + 1):
        for j in range((left + size[1] + right - span[1]) // sw + 1):
            inside = []
            for a in range(window[0]):
                for b in range(window[1]):
                    row, column = i * sh + a * dh - top, j * sw + b * dw - left
                    if 0 <= row < size[0] and 0 <= column < size[1]:
                        inside.append((a, b, row, column))
            yield i, j, inside


def conv2d(
    x: np.ndarray,
    kernel: np.ndarray,
    strides: Any = 1,
    padding: Any = "valid",
    dilation_rate: Any = 1,
    groups: int = 1,
) -> np.ndarray:
    batch, high, wide, _ = x.shape
    kh, kw, channels, filters = kernel.shape
    found = list(places((high, wide), (kh, kw), strides, padding, dilation_rate))
    y = np.zeros((batch, found[-1][0] + 1, found[-1][1] + 1, filters), x.dtype)
    for i, j, inside in found:
        for n in range(batch):
            for f in range(filters):
                first = f // (filters // groups) * channels
                y[n, i, j, f] = sum(
                    x[n, row, column, first + c] * kernel[a, b, c, f]
                    for a, b, row, column in inside
                    for c in range(channels)
                )
    return y


def pool2d(
    kind: str,
    x: np.ndarray,
    pool_size: Any,
    strides: Any = None,
    padding: Any = "valid",
    dilation_rate: Any = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """The pooled images, and the gradient by x of their elements times 1, 2, 3, ..., added up."""
    batch, high, wide, channels = x.shape
    pool = two(pool_size)
    found = list(places((high, wide), pool, strides or pool, padding, dilation_rate))
    y = np.zeros((batch, found[-1][0] + 1, found[-1][1] + 1, channels), x.dtype)
    upstream = np.arange(1.0, y.size + 1).reshape(y.shape)
    gradient = np.zeros(x.shape)
    for i, j, inside in found:
        for n in range(batch):
            for c in range(channels):
                elements = [x[n, row, column, c] for _, _, row, column in inside]
                if kind == "max":
                    y[n, i, j, c] = max(elements)
                    hits = [elements.index(max(elements))]  # the first one
                else:
                    y[n, i, j, c] = sum(elements) / len(elements)
                    hits = list(range(len(elements)))
                for k in hits:
                    _, _, row, column = inside[k]
                    gradient[n, row, column, c] += upstream[n, i, j, c] / len(hits)
    return y, gradient


@st.composite
def geometries(draw: st.DrawFn, pooling: bool = False) -> tuple[Pair, Pair, dict[str, Any]]:
    """A size of images, one of windows, and statics that fit."""
    window = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    dilation = draw(st.sampled_from([1, 1, 2, (1, 3), (2, 1)]))
    span = [(k - 1) * d + 1 for k, d in zip(window, two(dilation), strict=True)]
    size = (span[0] + draw(st.integers(0, 4)), span[1] + draw(st.integers(0, 4)))
    strides = draw(st.sampled_from([1, 2, 3, (1, 2), (3, 1)]))
    end = st.integers(0, 1 if pooling else 3)
    paddings: list[st.SearchStrategy[Any]] = [st.sampled_from(["valid", "same"])]
    if not pooling or (min(window) > 1 and dilation == 1):
        paddings += [end, st.tuples(end, end), st.tuples(*[st.tuples(end, end)] * 2)]
    padding = draw(st.one_of(paddings))
    return size, window, {"strides": strides, "padding": padding, "dilation_rate": dilation}
