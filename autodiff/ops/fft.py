"""Discrete Fourier transforms, with NumPy's lengths, axes and norms.

With w = exp(-2πi/n) the transform of x is y[k] = Σ x[j]·w^(jk), a sum over j = 0 … n-1; the inverse
has w̄ for w, and a factor 1/n. A transform is linear and its matrix symmetric, so that it is its own
transpose: the gradient by x is the transform of the gradient. (Cooley and Tukey, "An algorithm for
the machine calculation of complex Fourier series", 1965.)
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import _axes
from ..engine._broadcast import Undo, cast_undo
from ..engine._op import answering, op
from ..engine._samples import Arrays, Draw
from ..engine._tensor import Tensor
from .complex import conj

__all__ = [
    "fft",
    "hfft",
    "ifft",
    "ihfft",
    "irfft",
    "rfft",
]

#: norm -> the norm of the inverse that has the same factor
SWAPPED = {"backward": "forward", "ortho": "ortho", "forward": "backward"}


def _norm(value: Any, x: Any) -> str:
    if value is None:
        return "backward"
    if value not in SWAPPED:
        raise ValueError(f'norm is {value!r}; expected "backward", "ortho" or "forward"')
    return str(value)


def _length(value: Any, x: Any) -> int | None:
    """How many elements are transformed."""
    if value is None:
        return None
    try:
        n = operator.index(value)
    except TypeError:
        raise TypeError(f"n must be an integer; given {value!r}") from None
    if n < 1:
        raise ValueError(f"n must be at least 1; given {n}")
    return n


NORMALISE: dict[str, Callable[..., Any]] = {"n": _length, "axis": _axes.axis, "norm": _norm}


def _sample(halved: bool = False) -> Any:
    def sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
        shape = draw.shape(1, 2, side=1)
        axis = draw.axis(len(shape))
        n = draw.choice((None, None, 1, 2, 3, 4))
        if n is None and halved and shape[axis] == 1:
            n = 3
        return (draw.array(shape),), {"n": n, "axis": axis, "norm": draw.choice(tuple(SWAPPED))}

    return sample


def _fit(xp: Any, x: Any, shape: tuple[int, ...], axis: int) -> Any:
    """x cut off along an axis, or with zeros behind it, as `shape` is there."""
    n, m = shape[axis], x.shape[axis]
    if n == m:
        return x
    rest = (slice(None),) * (-1 - axis)
    if n < m:
        return x[(..., slice(0, n), *rest)]
    index = (slice(None),) * (len(shape) + axis) + (slice(0, m),)
    return xp.scatter(x, index=index, shape=shape)


def _flops(out: tuple[int, ...], x: tuple[int, ...]) -> int:
    """5·n·log2(n) for each transform, as transforms are commonly counted."""
    size = max(int(np.prod(out)), int(np.prod(x)), 1)
    return int(5 * size * np.log2(max(2, max(*out, *x))))


@op(
    x=lambda xp, g, x_shape, axis, norm: _fit(
        xp, xp.fft.fft(g, axis=axis, norm=norm), x_shape, axis
    ),
    broadcast=cast_undo,
    normalise=NORMALISE,
    numpy=np.fft.fft,
    role="gradient transformer",
    flops=_flops,
    sample=_sample(),
)
def fft(xp: Any, x: Any, /, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """Discrete Fourier transform along an axis, of real or complex numbers; the result is complex.

    x is cut off or filled up with zeros to length `n`. `norm` "backward" has a factor 1/n in the
    inverse, "forward" here, "ortho" 1/√n in both.

    >>> fft([1.0, 2.0, 1.0, 0.0])
    Tensor([4.+0.j, 0.-2.j, 0.+0.j, 0.+2.j], dtype=complex64)
    """
    return xp.fft.fft(x, n=n, axis=axis, norm=norm)


@op(
    x=lambda xp, g, x_shape, axis, norm: _fit(
        xp, xp.fft.ifft(g, axis=axis, norm=norm), x_shape, axis
    ),
    broadcast=cast_undo,
    normalise=NORMALISE,
    numpy=np.fft.ifft,
    role="gradient transformer",
    flops=_flops,
    sample=_sample(),
)
def ifft(xp: Any, x: Any, /, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """The inverse of `fft`, with the same arguments.

    >>> ifft([4.0, -2j, 0.0, 2j])
    Tensor([1.+0.j, 2.+0.j, 1.+0.j, 0.+0.j], dtype=complex64)
    """
    return xp.fft.ifft(x, n=n, axis=axis, norm=norm)


def _rfft_rule(xp: Any, g: Any, x_shape: Any, n: Any, axis: int, norm: str) -> Any:
    # the missing half of y is no output, so its gradient is 0, which is what fft fills up with
    whole = xp.fft.fft(g, n=x_shape[axis] if n is None else n, axis=axis, norm=norm)
    return _fit(xp, xp.real(whole), x_shape, axis)


@op(
    x=_rfft_rule,
    broadcast=cast_undo,
    normalise=NORMALISE,
    numpy=np.fft.rfft,
    role="gradient transformer",
    flops=lambda out, x: _flops(out, x) // 2,
    sample=_sample(),
)
def rfft(xp: Any, x: Any, /, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """`fft` of real numbers: the first n // 2 + 1 elements, of which the others are conjugates.

    >>> rfft([1.0, 2.0, 1.0, 0.0])
    Tensor([4.+0.j, 0.-2.j, 0.+0.j], dtype=complex64)
    """
    if x.dtype.kind == "c":
        raise TypeError("expected real numbers; fft takes complex ones, too")
    return xp.fft.rfft(x, n=n, axis=axis, norm=norm)


def _irfft_rule(xp: Any, g: Any, x_shape: Any, axis: int, norm: str) -> Any:
    half = xp.conj(xp.fft.rfft(g, axis=axis, norm=SWAPPED[norm]))
    # all but the first and, if n is even, the last of them stand for their conjugates, too
    n, rest = g.shape[axis], (slice(None),) * (-1 - axis)
    first, last = half[(..., slice(0, 1), *rest)], half[(..., slice(n // 2, None), *rest)]
    inner = half[(..., slice(1, (n + 1) // 2), *rest)] * 2
    parts = [first, inner, last] if n % 2 == 0 else [first, inner]
    return _fit(xp, xp.concat(parts, axis=axis), x_shape, axis)


def _irfft_undo(arrays: tuple[Any, ...], out: Any) -> tuple[Undo | None, ...] | None:
    """The rule's gradient is complex, with parts of the output's dtype; x may be otherwise."""
    (x,) = arrays
    if x.dtype.kind == "c" and x.dtype.itemsize == 2 * out.dtype.itemsize:
        return None
    return (Undo((), None, x.ndim, x.dtype),)


@op(
    x=_irfft_rule,
    broadcast=_irfft_undo,
    normalise=NORMALISE,
    numpy=np.fft.irfft,
    role="gradient transformer",
    flops=lambda out, x: _flops(out, x) // 2,
    sample=_sample(halved=True),
)
def irfft(xp: Any, x: Any, /, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
    """The inverse of `rfft`: `n` real numbers, by default 2·(m - 1) of m complex ones.

    The imaginary parts of the first element and, if n is even, of the last one are not looked at.

    >>> irfft([4.0, -2j, 0.0])
    Tensor([1., 2., 1., 0.], dtype=float32)
    """
    return xp.fft.irfft(x, n=n, axis=axis, norm=norm)


@answering(np.fft.hfft)
def hfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = "backward") -> Tensor:
    """`fft` of x whose own is real, from the first n // 2 + 1 elements: the rest are conjugates.

    >>> hfft([1.0, 1j, 0.0])
    Tensor([ 1.,  2.,  1., -0.], dtype=float32)
    """
    return irfft(conj(a), n, axis, SWAPPED[_norm(norm, a)])


@answering(np.fft.ihfft)
def ihfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = "backward") -> Tensor:
    """The inverse of `hfft`: the first n // 2 + 1 elements.

    >>> ihfft([1.0, 2.0, 1.0, 0.0])
    Tensor([1.-0.j , 0.+0.5j, 0.-0.j ], dtype=complex64)
    """
    return conj(rfft(a, n, axis, SWAPPED[_norm(norm, a)]))
