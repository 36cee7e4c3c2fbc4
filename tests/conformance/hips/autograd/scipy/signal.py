"""Convolution along some axes, and products summed over others, made of ops."""

from __future__ import annotations

from typing import Any

import numpy as np

import autodiff as ad


def convolve(A: Any, B: Any, axes: Any = None, dot_axes: Any = ((), ()), mode: str = "full") -> Any:
    """Axes of A, axes of B, and those convolved; "same" has their lengths in A."""
    along_a, along_b = axes or (list(range(np.ndim(A))), list(range(np.ndim(B))))
    tensors = isinstance(A, ad.Tensor) or isinstance(B, ad.Tensor)
    x, y = ad.asarray(A), ad.flip(ad.asarray(B), axis=tuple(along_b))
    sizes = [(x.shape[i], y.shape[j]) for i, j in zip(along_a, along_b, strict=True)]
    around = [(0, 0)] * x.ndim
    for i, (_, n) in zip(along_a, sizes, strict=True):
        around[i] = (n - 1, n - 1)
    x = ad.pad(x, around)
    for i, (_, n) in zip(along_a, sizes, strict=True):
        x = ad.moveaxis(ad.windows(x, axis=i, size=n), i + 1, -1)
    ndim, k = np.ndim(A), len(sizes)
    pairs = [*dot_axes[0], *range(ndim, ndim + k)], [*dot_axes[1], *along_b]
    found = ad.tensordot(x, y, axes=pairs)
    kept = [i for i in range(ndim) if i not in dot_axes[0]]
    places = [kept.index(i) for i in along_a]
    order = [i for i in range(found.ndim) if i not in places] + places
    found = ad.permute_dims(found, tuple(order))
    found = found[(..., *(section(mode, m, n) for m, n in sizes))]
    return found if tensors else found.numpy()


def section(mode: str, m: int, n: int) -> slice:
    """What is kept of the whole convolution."""
    if mode == "full":
        return slice(None)
    if mode == "valid":
        return slice(min(m, n) - 1, max(m, n))
    return slice((n - 1) // 2, (n - 1) // 2 + m)
