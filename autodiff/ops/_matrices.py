"""What ops of matrices share: adjoints, triangles, diagonals, well-conditioned samples.

Gradients here are transposes of derivatives, without conjugates (docs/complex.md): the gradient of
Y = A·X by X is Aᵀ·g, for complex matrices, too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays._device import kept
from ..engine._samples import Arrays, Draw


def conj(xp: Any, x: Any) -> Any:
    """The complex conjugate; real numbers as they are."""
    return xp.conj(x) if x.dtype.kind == "c" else x


def adjoint(xp: Any, x: Any) -> Any:
    """The conjugate transpose of each matrix."""
    return conj(xp, x.mT)


def part_dtype(x: Any) -> np.dtype[Any]:
    """The dtype of the real parts of an array."""
    return np.zeros(0, x.dtype).real.dtype


def eye_like(xp: Any, x: Any) -> Any:
    """A unit matrix as wide as those of x, of real numbers."""
    return xp.asarray(kept(x, np.eye, x.shape[-1], None, 0, part_dtype(x)))


def embedded(xp: Any, values: Any) -> Any:
    """Diagonal matrices of vectors."""
    return values[..., None] * eye_like(xp, values)


def lower(xp: Any, x: Any) -> Any:
    """What is below the diagonal, and half of the diagonal."""
    return (xp.tril(x, k=0) + xp.tril(x, k=-1)) * 0.5


def of_triangle(xp: Any, g: Any, upper: bool = False) -> Any:
    """The gradient by a Hermitian matrix as one by the triangle that is read of it.

    What stands below the diagonal stands above it too, conjugated; of the diagonal only the real
    part is read.
    """
    both = g + adjoint(xp, g)
    return lower(xp, both.mT).mT if upper else lower(xp, both)


def inverted(xp: Any, x: Any) -> Any:
    """1 / x, element by element, and 0 where x is 0."""
    zero = x == 0
    return xp.where(zero, xp.zeros_like(x), 1 / xp.where(zero, xp.ones_like(x), x))


def require_square(x: Any) -> None:
    """Raise unless x is a stack of square matrices.

    Raises:
        ValueError: fewer than two axes, or the last two differ in length.
    """
    if len(x.shape) < 2 or x.shape[-1] != x.shape[-2]:
        raise ValueError(f"expected square matrices (..., n, n); given shape {tuple(x.shape)}")


def require_matrix(x: Any) -> None:
    """Raise unless x is a stack of matrices.

    Raises:
        ValueError: fewer than two axes.
    """
    if len(x.shape) < 2:
        raise ValueError(f"expected matrices (..., m, n); given shape {tuple(x.shape)}")


# -- samples ---------------------------------------------------------------------------------------


def batch(draw: Draw) -> tuple[int, ...]:
    """Axes in front of matrices: usually none."""
    return draw.choice(((), (), (2,), (1,), (0,)))


def dominant(draw: Draw, n: int, stack: tuple[int, ...] = ()) -> Any:
    """Square matrices with a large diagonal, of different elements: easily inverted."""
    a = draw.array((*stack, n, n), -1.0, 1.0, avoid=(0.0,))
    return a + np.diag(3.0 + np.arange(n))


def square_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    """A stack of invertible matrices."""
    return (dominant(draw, draw.integer(1, 3), batch(draw)),), {}


def hermitian(draw: Draw, n: int, stack: tuple[int, ...] = ()) -> Any:
    """Symmetric matrices whose eigenvalues lie apart, and are positive.

    No element is near 0, where LAPACK's signs of vectors may jump.
    """
    a = np.tril(draw.array((*stack, n, n), -0.5, 0.5, avoid=(0.0,)))
    return a + np.tril(a, -1).swapaxes(-1, -2) + np.diag(2.0 + 2.0 * np.arange(n))


def tall(draw: Draw, m: int, n: int, stack: tuple[int, ...] = ()) -> Any:
    """Matrices (m, n) whose singular values lie apart."""
    a = draw.array((*stack, m, n), -0.2, 0.2, avoid=(0.0,))
    return a + np.eye(m, n) * (2.0 + 2.0 * np.arange(n))
