"""Random programs: lists of steps that any function can run.

A step is `(name, a, b, c, body)`. The numbers pick values from what was computed before, so every
list of steps is a program; `body` holds the steps inside a block, as a tape is one. Only shapes and
dtypes decide what happens, never values, as in a function that is to be traced.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from autodiff.engine._graph import TracingError

from .library import OURS

Step = tuple[str, int, int, int, tuple[Any, ...]]
#: `f(run, a, b, c)`, and with the body for a block; gives what joins the values
Steps = dict[str, Callable[..., Any]]


class Run:
    """The state of a program: values so far, Variables, results.

    Args:
        xp: the library that computes.
        random: a Generator of `ad.random`, or None.
        optimizers: for the Variables.
        largest: values of more elements are dropped.
        pooled: whether the Variables are among the values.
    """

    def __init__(
        self,
        arrays: list[Any],
        variables: list[Any],
        xp: Any = OURS,
        random: Any = None,
        optimizers: Any = (),
        largest: int = 48,
        pooled: bool = True,
    ) -> None:
        self.xp, self.variables, self.random = xp, variables, random
        self.optimizers, self.largest = optimizers, largest
        #: floats, which have gradients
        self.pool: list[Any] = []
        #: integers, booleans, complex numbers
        self.others: list[Any] = []
        self.gradients: list[Any] = []
        self.tapes: list[Any] = []
        for x in [*arrays, *(map(xp.read, variables) if pooled else ())]:
            self.keep(x)

    def keep(self, x: Any) -> None:
        """One value more."""
        (self.pool if self.xp.is_float(x) else self.others).append(x)

    def pick(self, k: int) -> Any:
        """A value of floats."""
        return self.pool[k % len(self.pool)]

    def other(self, k: int) -> Any:
        """A value of other numbers; floats if there are none."""
        return self.others[k % len(self.others)] if self.others else self.pick(k)

    def pair(self, a: int, b: int) -> tuple[Any, Any]:
        """Two values that broadcast."""
        x, y = self.pick(a), self.pick(b)
        try:
            size = prod(np.broadcast_shapes(x.shape, y.shape))
        except ValueError:
            size = self.largest + 1
        if size <= self.largest:
            return x, y
        return x, (self.xp.mean if prod(y.shape) else self.xp.sum)(y)

    def like(self, x: Any, shape: tuple[int, ...]) -> Any:
        """x, or its sum, in another shape."""
        fits = x.ndim <= len(shape) and all(
            n in (1, m) for n, m in zip(x.shape[::-1], shape[::-1], strict=False)
        )
        return self.xp.broadcast_to(x if fits else self.xp.sum(x), shape)

    def at(self, x: Any, *index: Any) -> Any:
        """x[index]."""
        return self.xp.getitem(x, index)

    def variable(self, k: int) -> Any:
        """One of the Variables."""
        return self.variables[k % len(self.variables)]

    def steps(self, steps: tuple[Step, ...]) -> None:
        """Run them all."""
        from .blocks import BLOCKS
        from .steps import STEPS

        for name, a, b, c, body in steps:
            if name in BLOCKS:
                found = BLOCKS[name](self, a, b, c, body)
            elif name in STEPS:
                found = STEPS[name](self, a, b, c)
            else:
                found = self.declared(name.removeprefix("op "), a, b, c)
            for x in found if isinstance(found, (list, tuple)) else [found]:
                if x is not None and prod(x.shape) <= self.largest and x.ndim <= 4:
                    self.keep(x)

    def declared(self, name: str, a: int, b: int, c: int) -> Any:
        """An op of the registry, with what its sample draws; None for dtypes that it refuses."""
        from .declared import declared

        try:
            return declared(self, name, a, b, c)
        except TracingError:
            raise
        except (TypeError, ValueError):
            if b % 4 != OTHERS:
                raise
            return None

    def made(self, body: tuple[Step, ...]) -> list[Any]:
        """Run a body; the floats that it made."""
        before = len(self.pool)
        self.steps(body)
        return self.pool[before:]

    def target(self, made: list[Any]) -> Any:
        """What a tape differentiates: the last value, with every Variable in it."""
        total = made[-1]
        for v in self.variables:
            total = total * self.xp.sum(self.xp.read(v))
        return total

    def results(self, first: int, every: int) -> Any:
        """What the program returns: every n-th of the values from `first` on, or none (0).

        What is not returned lives in buffers, or not at all if nothing else needs it; where n is
        negative, only a sum of them is returned.
        """

        def some(values: list[Any]) -> list[Any]:
            return values[:: -abs(every)] if every else []

        values, gradients = some(self.pool[first:]), some(self.gradients)
        if every < 0:
            return self.mixed([*values, *gradients])
        return {
            "values": values,
            "more": (some(self.others), (len(self.pool), None), gradients),
        }

    def mixed(self, values: list[Any]) -> Any:
        """A sum over all elements, each with a weight of its own; what is not small counts 0.25."""
        xp, total = self.xp, 0.0
        for k, x in enumerate(values):
            weights = np.cos(np.arange(prod(x.shape)) + k).reshape(x.shape)
            small = xp.where(xp.abs(x) < 100, x, 0.25)
            total = total + xp.sum(small * xp.constant(weights, x))
        return total


#: `b % 4` of a declared op whose inputs are to be integers, booleans and complex numbers
OTHERS = 3
