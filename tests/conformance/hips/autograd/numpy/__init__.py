"""NumPy itself, whose functions take Tensors by its protocols; and what has no protocol."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import numpy as _np

import autodiff as _ad

from . import random as random


def _holds(x: Any) -> bool:
    return isinstance(x, _ad.Tensor) or (isinstance(x, (list, tuple)) and any(map(_holds, x)))


def _exact(x: Any) -> Any:
    """Python's numbers beside Tensors in double precision, as NumPy has them."""
    if isinstance(x, (list, tuple)):
        return [_exact(part) for part in x]
    return _np.float64(x) if isinstance(x, float) else x


def array(x: Any, *args: Any, **kwargs: Any) -> Any:
    """`numpy.array`, which has no protocol: of nested lists with Tensors in them."""
    if not _holds(x):
        return _np.array(x, *args, **kwargs)
    found = _ad.asarray(_exact(x), *args[:1])
    while found.ndim < kwargs.get("ndmin", 0):
        found = found[None]
    return found


asarray = array


class _Joined:
    """`numpy.r_` and `numpy.c_`, which are no functions."""

    def __init__(self, columns: bool) -> None:
        self.columns = columns

    def __getitem__(self, key: Any) -> Any:
        parts = [
            _np.r_[part] if isinstance(part, slice) else array(part, ndmin=1)
            for part in (key if isinstance(key, tuple) else (key,))
        ]
        if self.columns:
            parts = [part[:, None] if part.ndim == 1 else part for part in parts]
        return _np.concatenate(parts, axis=-1 if self.columns else 0)


r_, c_ = _Joined(False), _Joined(True)


def _of_lists(function: Any) -> Any:
    """A function of NumPy's that has no protocol for lists."""

    def call(a: Any, *args: Any, **kwargs: Any) -> Any:
        return function(array(a), *args, **kwargs)

    return call


mean, std, var = map(_of_lists, (_np.mean, _np.std, _np.var))


def append(arr: Any, values: Any, axis: Any = None) -> Any:
    """`numpy.append`, which has no protocol for lists."""
    return _np.append(array(arr), array(values), axis)


def make_diagonal(x: Any, offset: int = 0, axis1: int = -2, axis2: int = -1) -> Any:
    """autograd's own: the last axis as the diagonal of matrices."""
    found = array(x)[..., None] * _np.eye(_np.shape(x)[-1])
    return _np.moveaxis(found, (-2, -1), (axis1, axis2))


def __getattr__(name: str) -> Any:
    return getattr(_np, name)


sys.modules[__name__ + ".fft"] = _np.fft
linalg = import_module(f"{__name__}.linalg")  # `from . import` would find NumPy's
