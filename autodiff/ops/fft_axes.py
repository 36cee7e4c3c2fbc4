"""Fourier transforms along several axes, their frequencies, and the order of these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine import _axes
from ..engine._op import answering
from ..engine._tensor import Tensor
from .creation import asarray
from .fft import _norm, fft, ifft, irfft, rfft
from .shaping import concat

__all__ = [
    "fft2",
    "fftfreq",
    "fftn",
    "fftshift",
    "ifft2",
    "ifftn",
    "ifftshift",
    "irfft2",
    "irfftn",
    "rfft2",
    "rfftfreq",
    "rfftn",
]


def _lengths(x: Tensor, s: Any, axes: Any, halved: bool = False) -> list[tuple[int | None, int]]:
    """How many elements along which axes, counted from the right; all axes by default.

    `halved`: the last axis has half of its elements, so that its length is not known.
    """
    if axes is None:
        n = x.ndim if s is None else len(s)
        axes = range(-n, 0)
    axes = [_axes.axis(k, x) for k in axes]
    if s is None:
        s = [x.shape[k] for k in axes]
        if halved and s:
            s[-1] = None
    if len(s) != len(axes):
        raise ValueError(f"s has {len(s)} lengths for {len(axes)} axes")
    if not axes:
        raise ValueError("at least one axis must be transformed")
    pairs = zip(s, axes, strict=True)
    return [(x.shape[k] if n == -1 else n, k) for n, k in pairs]


def _along(f: Callable[..., Tensor], x: Tensor, pairs: Sequence[Any], norm: Any) -> Tensor:
    for n, axis in pairs:
        x = f(x, n, axis, norm)
    return x


@answering(np.fft.fftn)
def fftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = "backward") -> Tensor:
    """`fft` along several axes, by default all; `s` has the length along each of them.

    >>> fftn([[1.0, 2.0], [3.0, 4.0]])
    Tensor([[10.+0.j, -2.+0.j],
            [-4.+0.j,  0.+0.j]], dtype=complex64)
    """
    x = asarray(a)
    return _along(fft, x, _lengths(x, s, axes)[::-1], norm)


@answering(np.fft.ifftn)
def ifftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = "backward") -> Tensor:
    """The inverse of `fftn`.

    >>> ifftn([[10.0, -2.0], [-4.0, 0.0]])
    Tensor([[1.+0.j, 2.+0.j],
            [3.+0.j, 4.+0.j]], dtype=complex64)
    """
    x = asarray(a)
    return _along(ifft, x, _lengths(x, s, axes)[::-1], norm)


@answering(np.fft.rfftn)
def rfftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = "backward") -> Tensor:
    """`fftn` of real numbers: of the last axis the first n // 2 + 1 elements.

    >>> rfftn([[1.0, 2.0], [3.0, 4.0]])
    Tensor([[10.+0.j, -2.+0.j],
            [-4.+0.j,  0.+0.j]], dtype=complex64)
    """
    x = asarray(a)
    *others, (n, axis) = _lengths(x, s, axes)
    return _along(fft, rfft(x, n, axis, _norm(norm, x)), others[::-1], norm)


@answering(np.fft.irfftn)
def irfftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = "backward") -> Tensor:
    """The inverse of `rfftn`; along the last axis 2·(m - 1) elements by default.

    >>> irfftn([[10.0, -2.0], [-4.0, 0.0]])
    Tensor([[1., 2.],
            [3., 4.]], dtype=float32)
    """
    x = asarray(a)
    *others, (n, axis) = _lengths(x, s, axes, halved=True)
    return irfft(_along(ifft, x, others, norm), n, axis, _norm(norm, x))


@answering(np.fft.fft2)
def fft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = "backward") -> Tensor:
    """`fftn` along the last two axes.

    >>> fft2([[1.0, 0.0], [0.0, 0.0]]).real.tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    return fftn(a, s, axes, norm)


@answering(np.fft.ifft2)
def ifft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = "backward") -> Tensor:
    """The inverse of `fft2`.

    >>> ifft2([[1.0, 1.0], [1.0, 1.0]]).real.tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    return ifftn(a, s, axes, norm)


@answering(np.fft.rfft2)
def rfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = "backward") -> Tensor:
    """`rfftn` along the last two axes.

    >>> rfft2([[1.0, 0.0], [0.0, 0.0]]).real.tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    return rfftn(a, s, axes, norm)


@answering(np.fft.irfft2)
def irfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = "backward") -> Tensor:
    """The inverse of `rfft2`.

    >>> irfft2([[1.0, 1.0], [1.0, 1.0]]).tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    return irfftn(a, s, axes, norm)


# -- frequencies, and their order ------------------------------------------------------------------


def fftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Tensor:
    """Frequencies of `fft`'s elements, in cycles per unit of the sample spacing `d`.

    >>> fftfreq(4, d=0.5)
    Tensor([ 0. ,  0.5, -1. , -0.5], dtype=float32)
    """
    return Tensor(np.fft.fftfreq(n, d), np.float32 if dtype is None else dtype, device)


def rfftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Tensor:
    """Frequencies of `rfft`'s elements.

    >>> rfftfreq(4, d=0.5)
    Tensor([0. , 0.5, 1. ], dtype=float32)
    """
    return Tensor(np.fft.rfftfreq(n, d), np.float32 if dtype is None else dtype, device)


def _rolled(a: Any, axes: Any, shift: Callable[[int], int]) -> Tensor:
    """The first `shift(n)` elements along each axis brought to its end."""
    x = asarray(a)
    for axis in range(-x.ndim, 0) if axes is None else _axes.axes(axes, x):
        k, rest = shift(x.shape[axis]), (slice(None),) * (-1 - axis)
        x = concat([x[(..., slice(k, None), *rest)], x[(..., slice(0, k), *rest)]], axis=axis)
    return x


@answering(np.fft.fftshift)
def fftshift(x: Any, /, axes: Any = None) -> Tensor:
    """Frequency 0 moved to the middle, along all axes or those that are named.

    >>> fftshift([0.0, 1.0, 2.0, -2.0, -1.0])
    Tensor([-2., -1.,  0.,  1.,  2.], dtype=float32)
    """
    return _rolled(x, axes, lambda n: (n + 1) // 2)


@answering(np.fft.ifftshift)
def ifftshift(x: Any, /, axes: Any = None) -> Tensor:
    """The inverse of `fftshift`.

    >>> ifftshift([-2.0, -1.0, 0.0, 1.0, 2.0])
    Tensor([ 0.,  1.,  2., -2., -1.], dtype=float32)
    """
    return _rolled(x, axes, lambda n: n // 2)
