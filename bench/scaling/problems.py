"""What grows: chains, nets and updates of every size; eager, as flat programs, being compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import autodiff as ad
from bench.steps.ours import train
from bench.steps.problems import Net, inputs
from optim import SGD, Adam

Run = Callable[[], object]
LIMIT = 1.1


@dataclass(frozen=True)
class Series:
    """`make(size)` gives what is timed. `grows` says what a size counts.

    Where `compiles`, a run makes a program, else it may call one. The slope between sizes, of the
    logarithm of time against that of size, is expected to be at most `limit`.
    """

    name: str
    grows: str
    sizes: tuple[int, ...]
    make: Callable[[int], Run]
    compiles: bool = False
    limit: float = LIMIT


def eager(f: Any) -> Any:
    """As it stands."""
    return f


def flat(f: Any) -> Any:
    """As a program."""
    return ad.function(f, fuse=False)


def compiling(make: Callable[[Any, int], Run]) -> Callable[[int], Run]:
    """Runs that make a program anew: recording, all passes, and the first call."""
    return lambda size: lambda: make(flat, size)()


def chain(decorate: Any, length: int) -> Run:
    """So many multiplications and additions of ten numbers, forward and backward."""
    x, a, b = (ad.asarray(np.full(10, v)) for v in (1.0, 1.0 - 1e-6, 1e-6))

    def gradients(x: Any, a: Any, b: Any) -> Any:
        with ad.GradientTape() as tape:
            tape.watch((x, a, b))
            y = x
            for _ in range(length // 2):
                y = y * a
                y = y + b
        return tape.gradient(y, (x, a, b))

    f = decorate(gradients)
    return lambda: f(x, a, b)


def fan(decorate: Any, uses: int) -> Run:
    """One value, used so many times: Σ sin(x + k)."""
    x = ad.asarray(np.ones(10))

    def gradient(x: Any) -> Any:
        with ad.GradientTape() as tape:
            tape.watch(x)
            y = ad.sum(ad.stack([ad.sin(x + k) for k in range(uses)]))
        return tape.gradient(y, x)

    f = decorate(gradient)
    return lambda: f(x)


def depth(decorate: Any, layers: int) -> Run:
    """A step of a perceptron with so many layers of 16 units, on 10 rows."""
    return perceptron(decorate, (16,) * layers + (16, 10), 10)


def width(decorate: Any, parameters: int) -> Run:
    """A step of a perceptron with about so many parameters in two layers, on 64 rows."""
    units = round((parameters / 2) ** 0.5)
    return perceptron(decorate, (units, units, units), 64)


def batch(decorate: Any, rows: int) -> Run:
    """A step of 784-100-10 on so many rows."""
    return perceptron(decorate, (784, 100, 10), rows)


def perceptron(decorate: Any, widths: tuple[int, ...], rows: int) -> Run:
    """A training step as `bench steps` has it."""
    net = Net("", widths, "relu", "SGD", 0.01, rows)
    return train(decorate, net, *inputs(net)).run


def parameters(_: Any, count: int) -> Run:
    """Adam's update of one Variable of so many elements."""
    variable, gradient = ad.Variable(np.zeros(count, np.float32)), ad.ones(count)
    optimizer = Adam()
    return lambda: optimizer.apply_gradients([(gradient, variable)])


def variables(_: Any, count: int) -> Run:
    """Gradient descent on so many Variables of ten elements."""
    pairs = [(ad.ones(10), ad.Variable(np.zeros(10, np.float32))) for _ in range(count)]
    optimizer = SGD(0.01)
    return lambda: optimizer.apply_gradients(pairs)


def doubled(first: int, count: int, factor: int = 2) -> tuple[int, ...]:
    """So many sizes, each `factor` times the one before."""
    return tuple(first * factor**k for k in range(count))


def all_series() -> Iterator[Series]:
    """Every series, in order."""
    for manner in (eager, flat):
        name = manner.__name__
        # beyond what caches hold: on the way there each operation takes longer than the one before
        long = doubled(1000, 8) if manner is eager else doubled(50, 5)
        yield Series(f"operations, {name}", "operations", long, partial(chain, manner))
        yield Series(f"uses of one value, {name}", "uses", long, partial(fan, manner))
        yield Series(f"depth, {name}", "layers", doubled(4, 5), partial(depth, manner))
        yield Series(f"width, {name}", "parameters", doubled(8192, 4, 4), partial(width, manner))
        yield Series(f"batch, {name}", "rows", doubled(32, 5), partial(batch, manner))
    yield Series("update by Adam", "parameters", doubled(10_000, 4, 4), partial(parameters, flat))
    yield Series("Variables", "Variables", doubled(20, 5), partial(variables, flat))
    sizes = doubled(25, 5)
    yield Series("operations, compiled", "operations", sizes, compiling(chain), compiles=True)
    yield Series("uses of one value, compiled", "uses", sizes, compiling(fan), compiles=True)
    yield Series("depth, compiled", "layers", doubled(4, 4), compiling(depth), compiles=True)


SERIES = tuple(all_series())
