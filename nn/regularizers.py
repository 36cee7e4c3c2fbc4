"""Penalties on parameters, which a layer adds to the loss."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import autodiff as ad
from autodiff import Tensor
from nn._names import lookup, snake_case
from nn._recorded import Recorded


class Regularizer(Recorded):
    """A number for a Tensor of parameters; a subclass says which in `__call__`."""

    def __call__(self, x: Any) -> Tensor:
        """The penalty."""
        raise NotImplementedError(f"{type(self).__name__} has no __call__(x)")


class L1(Regularizer):
    """l1 Σ|w|: many parameters become 0; the derivative at 0 is 0.

    >>> L1(0.5)([[1.0, -3.0]])
    Tensor(2., dtype=float32)
    """

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = _factor("l1", l1)

    def __call__(self, x: Any) -> Tensor:
        """The penalty."""
        return self.l1 * ad.sum(ad.abs(ad.asarray(x)))


class L2(Regularizer):
    """l2 Σw², without a half: its gradient is 2 l2 w.

    >>> L2(0.5)([[1.0, -3.0]])
    Tensor(5., dtype=float32)
    """

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = _factor("l2", l2)

    def __call__(self, x: Any) -> Tensor:
        """The penalty."""
        return self.l2 * ad.sum(ad.square(ad.asarray(x)))


class L1L2(Regularizer):
    """l1 Σ|w| + l2 Σw².

    >>> L1L2(0.5, 0.5)([[1.0, -3.0]])
    Tensor(7., dtype=float32)
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1, self.l2 = _factor("l1", l1), _factor("l2", l2)

    def __call__(self, x: Any) -> Tensor:
        """The penalty."""
        x = ad.asarray(x)
        terms = [term(factor)(x) for term, factor in ((L1, self.l1), (L2, self.l2)) if factor] or [
            ad.zeros((), dtype=x.dtype)
        ]
        return sum(terms[1:], start=terms[0])


class OrthogonalRegularizer(Regularizer):
    """factor times the mean |cosine| of the angles between the rows of a matrix, or its columns.

    mode: "rows" or "columns". Raises ValueError for what is no matrix.

    >>> OrthogonalRegularizer(1.0)([[1.0, 0.0], [0.0, 2.0]])
    Tensor(0., dtype=float32)
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = _factor("factor", factor)
        self.mode = lookup("mode", mode, {"rows": "rows", "columns": "columns"})

    def __call__(self, x: Any) -> Tensor:
        """The penalty."""
        x = ad.asarray(x)
        if x.ndim != 2:
            raise ValueError(f"expected a matrix, got shape {x.shape}")
        rows = x if self.mode == "rows" else x.T
        n = rows.shape[0]
        length = ad.sqrt(ad.sum(ad.square(rows), axis=1, keepdims=True))
        rows = rows / ad.maximum(length, 1e-7)
        between = ad.abs(rows @ rows.T) * (1 - ad.eye(n, dtype=x.dtype))
        return self.factor * ad.sum(between) / max(1, n * (n - 1))


l1, l2, l1_l2 = L1, L2, L1L2  # as Keras has them too

_CLASSES: tuple[type[Regularizer], ...] = (L1, L2, L1L2, OrthogonalRegularizer)
_KNOWN: dict[str, type[Regularizer]] = {
    **{kind.__name__: kind for kind in _CLASSES},
    **{snake_case(kind.__name__): kind for kind in _CLASSES},
    "l1_l2": L1L2,
}


def get(identifier: str | Callable[..., Any] | None) -> Callable[..., Any] | None:
    """The regularizer of a name or class; a function of the parameters, or None, is itself.

    Raises ValueError for an unknown name, naming the known ones, TypeError for anything else.

    >>> get("l2")([1.0, 3.0])
    Tensor(0.1, dtype=float32)
    """
    found: Any = lookup("regularizer", identifier, _KNOWN) if isinstance(identifier, str) else None
    found = identifier if found is None else found
    if isinstance(found, type) and issubclass(found, Regularizer):
        return found()
    if found is None or callable(found):
        return found
    raise TypeError(f"a regularizer is a name, a function or None; got {identifier!r:.60}")


def _factor(name: str, value: float) -> float:
    """A finite number of 0 or more."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number, got {value!r:.60}")
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} must be a finite number of 0 or more, got {value}")
    return float(value)
