"""Eigenvalues and eigenvectors.

Derivatives: Giles 2008 (see `linalg_solve`); of vectors of complex matrices S. F. Walter and
L. Lehmann, "Algorithmic differentiation of linear algebra functions", 2010. What `linalg_factors`
says of signs, phases and equal values holds here, too.
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..engine._op import answering, op
from ..engine._samples import Arrays, Draw
from ..engine._tensor import Tensor
from ._matrices import (
    adjoint,
    batch,
    conj,
    embedded,
    hermitian,
    inverted,
    of_triangle,
    require_square,
)

__all__ = [
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
]


class EighResult(NamedTuple):
    """What `eigh` gives."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class EigResult(NamedTuple):
    """What `eig` gives."""

    eigenvalues: Tensor
    eigenvectors: Tensor


def _eigh_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    x = hermitian(draw, draw.integer(1, 3), batch(draw))
    return (x,), {"UPLO": draw.choice(("L", "U"))}


def _triangle(value: Any, x: Any) -> str:
    if not isinstance(value, str) or value.upper() not in ("L", "U"):
        raise ValueError(f'UPLO is {value!r}; expected "L" or "U"')
    return value.upper()


def _eigh_rule(xp: Any, g: Any, out: Any, UPLO: str) -> Any:
    by_values, by_vectors = g
    values, vectors = out
    inner = None if by_values is None else embedded(xp, by_values)
    if by_vectors is not None:
        gaps = inverted(xp, values[..., None, :] - values[..., :, None])
        turned = gaps * (vectors.mT @ by_vectors)
        inner = turned if inner is None else inner + turned
    return of_triangle(xp, conj(xp, vectors) @ inner @ vectors.mT, UPLO == "U")


@op(
    x=_eigh_rule,
    outputs=EighResult,
    normalise={"UPLO": _triangle},
    numpy=np.linalg.eigh,
    label="eigh",
    flops=lambda out, x: 9 * prod(x) * x[-1],
    sample=_eigh_sample,
)
def eigh(xp: Any, x: Any, /, UPLO: str = "L") -> Any:
    """Eigenvalues, ascending, and eigenvectors (columns) of symmetric or Hermitian matrices.

    Only the lower triangle is read, or the upper one if `UPLO` is "U", so only it has a gradient.
    That of eigenvalues is right for equal ones, too, that of vectors for those that lie apart.

    >>> eigh([[2.0, 0.0], [0.0, 1.0]]).eigenvalues
    Tensor([1., 2.], dtype=float32)
    """
    require_square(x)
    values, vectors = xp.linalg.eigh(x, UPLO=UPLO)
    return values, vectors


@answering(np.linalg.eigvalsh)
def eigvalsh(x: Any, /, UPLO: str = "L") -> Tensor:
    """Eigenvalues of symmetric or Hermitian matrices, ascending, as `eigh` gives them.

    >>> eigvalsh([[2.0, 0.0], [0.0, 1.0]])
    Tensor([1., 2.], dtype=float32)
    """
    return eigh(x, UPLO=UPLO).eigenvalues


# -- of matrices that are not symmetric ------------------------------------------------------------


def _eig_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    n = draw.integer(1, 3)
    x = draw.array((*batch(draw), n, n), -0.25, 0.25, avoid=(0.0,))
    return (x + np.diag(2.0 + 2.0 * np.arange(n)),), {}


def _eig_rule(xp: Any, g: Any, x: Any, out: Any) -> Any:
    by_values, by_vectors = (None if part is None else conj(xp, part) for part in g)
    values, vectors = out
    inner = None if by_values is None else embedded(xp, by_values)
    if by_vectors is not None:
        turned = adjoint(xp, vectors) @ by_vectors
        lengths = xp.real(xp.sum(xp.conj(vectors) * by_vectors, axis=-2, keepdims=True))
        turned = turned - adjoint(xp, vectors) @ (vectors * lengths)  # they keep length 1
        turned = xp.conj(inverted(xp, values[..., None, :] - values[..., :, None])) * turned
        inner = turned if inner is None else inner + turned
    found = xp.conj(xp.linalg.solve(adjoint(xp, vectors), inner @ adjoint(xp, vectors)))
    return found if x.dtype.kind == "c" else xp.astype(found, x.dtype)


@op(
    x=_eig_rule,
    outputs=EigResult,
    label="eig",
    flops=lambda out, x: 25 * prod(x) * x[-1],
    sample=_eig_sample,
)
def eig(xp: Any, x: Any, /) -> Any:
    """Eigenvalues, in no order, and eigenvectors (columns of length 1) of square matrices.

    Both are complex, whatever x is and also where all values are real, unlike NumPy's. There are
    gradients where values lie apart; those of values alone are right wherever there is a basis of
    eigenvectors. Where there is none, as in [[0, 1], [0, 0]], a gradient raises a LinAlgError.

    >>> eig([[0.0, 1.0], [-1.0, 0.0]]).eigenvalues.imag.tolist()
    [1.0, -1.0]
    """
    require_square(x)
    if x.dtype.kind != "c":
        x = xp.astype(x, np.result_type(x.dtype, np.complex64))
    values, vectors = xp.linalg.eig(x)
    return values, vectors


@answering(np.linalg.eig)
def _numpy_eig(a: Any) -> EigResult:
    return eig(a)


@answering(np.linalg.eigvals)
def eigvals(x: Any, /) -> Tensor:
    """Eigenvalues of square matrices, in no order, as `eig` gives them.

    >>> eigvals([[0.0, 1.0], [-1.0, 0.0]]).imag.tolist()
    [1.0, -1.0]
    """
    return eig(x).eigenvalues
