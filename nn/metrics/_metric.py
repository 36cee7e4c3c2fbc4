"""What all metrics share: numbers that are added to, batch by batch, and read at the end."""

from __future__ import annotations

from typing import Any

import numpy as np

import autodiff as ad
from autodiff import Tensor, Variable
from nn import initializers
from nn._names import snake_case
from nn._recorded import Recorded
from nn._shapes import dtype_of

Shape = tuple[int, ...]


class Metric(Recorded):
    """A number that says how good predictions are, over all batches since `reset_state`.

    A subclass makes its Variables with `add_variable`, adds to them in `update_state` and gives the
    number in `result`. The Variables are not trainable, and all is said in ops, so that the update
    may be a part of one flat program with the training step.

    Called as metric(y_true, y_pred, sample_weight=None), it updates and gives the result.

    >>> class Largest(Metric):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.largest = self.add_variable((), "zeros", name="largest")
    ...
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.largest.assign(ad.maximum(self.largest, ad.max(y_pred)))
    ...
    ...     def result(self):
    ...         return ad.copy(self.largest)
    >>> metric = Largest()
    >>> metric.update_state(None, [1.0, 3.0])
    >>> metric(None, [2.0])
    Tensor(3., dtype=float32)
    """

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = name or snake_case(type(self).__name__)
        self.dtype = dtype_of(dtype) or np.dtype(np.float32)
        self._variables: list[Variable] = []

    def add_variable(
        self, shape: Shape, initializer: Any = "zeros", dtype: Any = None, name: str = "state"
    ) -> Variable:
        """A Variable of this metric, of the metric's dtype unless said otherwise."""
        dtype = self.dtype if dtype is None else dtype
        value = initializers.get(initializer)(tuple(shape), dtype=dtype)
        variable = Variable(value, dtype, trainable=False, name=f"{self.name}/{name}")
        self._variables.append(variable)
        return variable

    add_weight = add_variable

    @property
    def variables(self) -> list[Variable]:
        """All Variables, in the order in which they were made."""
        return list(self._variables)

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Take a batch into account."""
        raise NotImplementedError(f"{type(self).__name__} has no update_state")

    def result(self) -> Tensor:
        """The metric of all batches so far."""
        raise NotImplementedError(f"{type(self).__name__} has no result")

    def reset_state(self) -> None:
        """Forget all batches."""
        for v in self._variables:
            v.assign(ad.zeros(v.shape, dtype=v.dtype))

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor:
        self.update_state(*args, **kwargs)
        return self.result()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


def ratio(part: Tensor, whole: Tensor) -> Tensor:
    """part / whole, 0 where the whole is 0.

    >>> ratio(ad.asarray([1.0, 0.0]), ad.asarray([4.0, 0.0]))
    Tensor([0.25, 0.  ], dtype=float32)
    """
    nothing = whole == 0
    return ad.where(nothing, 0.0, part / ad.where(nothing, 1.0, whole))
