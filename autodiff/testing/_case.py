"""What is checked: a function at a point, with upstream gradients."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays._device import host
from ._errors import Deviation, GradientError, worst
from ._functions import Function, backward, derivative, signed, tensors
from ._numeric import Array


@dataclass
class Case:
    """A function to check, with where and how."""

    name: str
    function: Function
    arrays: list[Array]
    labels: list[str]
    upstream: list[Array]
    random: np.random.Generator
    rtol: float
    #: True: must work; None: where it works; False: not tried
    complex_step: bool | None
    #: whether inputs or outputs are parts of complex numbers, which round as one
    parts: bool = False
    order: int = 1

    def raised(self) -> Case:
        """This function's gradient, a function of the inputs and the upstream gradients."""
        return dataclasses.replace(
            self,
            function=derivative(self.function, len(self.arrays)),
            arrays=self.arrays + self.upstream,
            labels=self.labels + [f"upstream {k}" for k in range(len(self.upstream))],
            upstream=[signed(self.random, a.shape) for a in self.arrays],
            order=self.order + 1,
        )

    def gradients(self) -> list[Array]:
        """What the rules say (0 where they say nothing), once its shapes and dtypes are right."""
        found = backward(self.function, tensors(self.arrays), tensors(self.upstream))
        for g, a, label in zip(found, self.arrays, self.labels, strict=True):
            if g is not None and (g.shape != a.shape or g.dtype != a.dtype):
                raise GradientError(
                    f"{self.name}: the derivative of order {self.order} by {label} has shape "
                    f"{g.shape}, {g.dtype}; expected {a.shape}, {a.dtype}",
                    order=self.order,
                    input=label,
                )
        return [
            np.zeros(a.shape) if g is None else np.asarray(host(g._data))
            for g, a in zip(found, self.arrays, strict=True)
        ]

    def moved(self, along: Sequence[Array], t: complex) -> list[Array]:
        """The inputs, moved by t along a direction."""
        return [a + t * u for a, u in zip(self.arrays, along, strict=True)]

    def fail(self, label: str, shape: tuple[int, ...], wrong: Sequence[Deviation]) -> None:
        """Raise for the worst of some deviations, if there are any."""
        if not wrong:
            return
        bad = worst(wrong)
        index = tuple(int(k) for k in np.unravel_index(bad.at, shape))
        more = f"; {len(wrong) - 1} more elements are off" if len(wrong) > 1 else ""
        raise GradientError(
            f"{self.name}: the derivative of order {self.order} by {label} of shape {shape}, "
            f"element {index}: {bad}{more}",
            order=self.order,
            input=label,
            index=index,
            analytic=bad.analytic,
            numeric=bad.numeric,
        )
