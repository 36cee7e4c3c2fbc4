"""Elements held between bounds, which may be constants or Tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays._device import beside
from ..engine._op import op, registry
from ..engine._samples import Arrays, Draw
from ..engine._tensor import Tensor, leave
from .creation import asarray
from .selection import where

__all__ = ["clip"]


def _clip_sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    x = draw.array(draw.shape(), avoid=(-0.7, 0.9))
    low, high = draw.choice(((-0.7, 0.9), (None, 0.9), (-0.7, None)))
    return (x,), {"min": low, "max": high}


def _bound(value: Any, x: Any) -> Any:
    if isinstance(value, Tensor):
        value = leave(value, "use as a bound")
    if isinstance(value, np.ndarray):
        value = np.array(value)  # the caller may change it
    return beside(value, x) if hasattr(value, "dtype") else value


def _clip_rule(xp: Any, g: Any, x: Any, min: Any, max: Any) -> Any:
    inside = x == x if min is None else x >= min
    if max is not None:
        inside = inside & (x <= max)
    return xp.where(inside, g, xp.zeros_like(g))


@op(
    x=_clip_rule,
    broadcast=True,
    normalise={"min": _bound, "max": _bound},
    numpy=np.clip,
    method=True,
    role="gradient router",
    sample=_clip_sample,
)
def _clip(xp: Any, x: Any, /, min: Any = None, max: Any = None) -> Any:
    """x held between constants; on the bounds themselves the gradient passes.

    >>> _clip([-5.0, 0.5, 5.0], 0, 1)
    Tensor([0. , 0.5, 1. ], dtype=float32)
    """
    return x if min is None and max is None else xp.clip(x, min, max)


def clip(x: Any, /, min: Any = None, max: Any = None) -> Tensor:
    """x held between bounds: numbers, arrays that broadcast with x, or None for no bound.

    Where x lies between the bounds, or on one, the gradient goes to x; elsewhere to the bound that
    holds it, if that is a Tensor (as TensorFlow's `clip_by_value`).

    >>> clip([-5.0, 0.5, 5.0], 0, 1)
    Tensor([0. , 0.5, 1. ], dtype=float32)
    """
    if not (_is_recorded(min) or _is_recorded(max)):
        return _clip(x, min, max)
    x = asarray(x)
    if min is not None:
        x = where((x < min) | (min != min), min, x)
    return x if max is None else where((x > max) | (max != max), max, x)


def _is_recorded(bound: Any) -> bool:
    return isinstance(bound, Tensor) and bound._token is not None


registry["clip"].function = Tensor.clip = clip
