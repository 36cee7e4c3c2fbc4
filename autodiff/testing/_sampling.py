"""Ops called with the inputs that their declarations draw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine._op import Op
from ..engine._samples import Draw, Source
from ._numeric import Array


@dataclass(frozen=True)
class Call:
    """One call of an op, ready for `check_gradients(call, *call.arrays)`.

    >>> import autodiff as ad
    >>> call = sample_call(ad.multiply, seed=1)
    >>> call(*call.arrays).shape == np.multiply(*call.arrays).shape
    True
    """

    op: Op
    inputs: tuple[Any, ...]
    statics: dict[str, Any]

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))  # Hypothesis and Jupyter would spell the whole op out

    @property
    def __name__(self) -> str:
        return self.op.name

    @property
    def arrays(self) -> list[Array]:
        """The input arrays, one after the other."""
        return list(self.inputs[0] if self.op.variadic else self.inputs)

    def __call__(self, *tensors: Any) -> Any:
        """The op's result for other inputs of the same kind."""
        if self.op.variadic:
            return self.op.function(list(tensors), **self.statics)
        return self.op.function(*tensors, **self.statics)


class Seeded:
    """Random choices for samples, from a NumPy generator."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def integer(self, low: int, high: int) -> int:
        """An integer, both ends included."""
        return int(self._random.integers(low, high + 1))

    def seed(self) -> int:
        """A seed for an array's values."""
        return self.integer(0, 2**32 - 1)


def declared(op: Op | Callable[..., Any]) -> Op:
    """The declaration behind an op's function, or itself.

    Raises:
        TypeError: no op, or one without samples.
    """
    found = getattr(op, "op", op)
    if not isinstance(found, Op) or found.sample is None:
        raise TypeError(f"{op!r} is no op with samples; expected one such as autodiff.multiply")
    return found


def call_from(op: Op | Callable[..., Any], source: Source) -> Call:
    """A call of `op` with what its sample draws from a source of choices."""
    found = declared(op)
    assert found.sample is not None
    inputs, statics = found.sample(Draw(source))
    return Call(found, inputs, statics)


def sample_call(op: Op | Callable[..., Any], seed: int) -> Call:
    """A call of `op`, or of the op behind a function, with one of its declared samples.

    Raises:
        TypeError: no op, or one without samples.

    >>> import autodiff as ad
    >>> from autodiff.testing import check_gradients
    >>> for seed in range(10):
    ...     call = sample_call(ad.tanh, seed)
    ...     check_gradients(call, *call.arrays)
    """
    return call_from(op, Seeded(seed))
