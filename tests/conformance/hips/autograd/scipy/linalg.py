"""Functions of matrices, made of ops: ours has no counterparts of these."""

from __future__ import annotations

from typing import Any

import numpy as np


def sqrtm(a: Any) -> Any:
    """The principal square root, by eigenvalues; real where all of them are positive."""
    w, v = np.linalg.eig(a)
    found = np.matmul(v * np.sqrt(w + 0j), np.linalg.inv(v))
    values = w.numpy() if hasattr(w, "numpy") else w
    return np.real(found) if np.all(np.real(values) >= 0) else found


def solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    """x with a·x + x·b = q, as one system of equations."""
    m, n = np.shape(q)
    whole = np.kron(a, np.eye(n)) + np.kron(np.eye(m), np.transpose(b))
    return np.reshape(np.linalg.solve(whole, np.reshape(q, (m * n,))), (m, n))


def solve_banded(l_and_u: Any, ab: Any, b: Any) -> Any:
    """x with a·x = b, where the rows of ab are the diagonals of a."""
    lower, upper = l_and_u
    n = np.shape(ab)[1]
    column, row = np.meshgrid(np.arange(n), np.arange(n))
    which = upper + row - column
    inside = (which >= 0) & (which <= upper + lower)
    matrix = np.where(inside, ab[np.where(inside, which, 0), column], 0.0)
    return np.linalg.solve(matrix, b)
