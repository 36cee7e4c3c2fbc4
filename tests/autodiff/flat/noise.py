"""How far rounding may lead: programs of which every operation is a little off.

What is compared elsewhere is how far a result moves with the arguments. That sees nothing of a
large number that comes up on the way and cancels, where the arguments are exact in it: a product
with 2**24 that is taken away again. So here the operations themselves are off: each has one unit in
the last place more, less, or neither, in every number that it gives, and those that add up in every
number that they get, too, as the order of a sum may cost.

Source: D. S. Parker, "Monte Carlo arithmetic: exploiting randomness in floating-point arithmetic"
(1997), random rounding and precision bounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

import autodiff as ad
from autodiff import _nest
from autodiff.arrays._backend import as_data
from autodiff.flat import Function
from autodiff.flat.ir._evaluate import apply
from autodiff.flat.ir._value import VIEWS, Value
from autodiff.flat.lower._lower import Program, lower
from autodiff.flat.plan._buffers import reachable
from autodiff.flat.trace._signature import signature

from .machine import given, numbers

#: operations that round nothing
EXACT = VIEWS | {
    *("negative", "positive", "absolute", "sign", "copysign", "nextafter"),
    *("maximum", "minimum", "fmax", "fmin", "max", "min", "where"),
    *("floor", "ceil", "trunc", "rint", "part", "argument", "variable", "constant", "draw"),
    *("take", "concat", "stack", "put", "rows", "framed", "routed", "contiguous"),
}
#: operations that add up, or do it somewhere inside
ADDING = frozenset(("sum", "prod", "matmul", "scatter", "overlap_add", "call"))

#: makes a function of arrays anew, with its Variables at their first values
Build = Callable[[], tuple[Callable[..., Any], list[ad.Variable]]]


def nudged(x: Any, random: np.random.Generator) -> Any:
    """Floats with one unit in the last place more, less, or neither; 0 stays."""
    x = np.asarray(x)
    if x.dtype.kind == "c":
        y = np.empty_like(x)
        y.real, y.imag = nudged(x.real, random), nudged(x.imag, random)
        return y
    if x.dtype.kind != "f":
        return x
    by = random.integers(-1, 2, x.shape)
    there = np.nextafter(x, np.copysign(x.dtype.type(np.inf), by, dtype=x.dtype))
    return np.where((by == 0) | (x == 0) | ~np.isfinite(x), x, there)


def program_of(f: Callable[..., Any], args: Sequence[Any]) -> tuple[Program, list[Any]]:
    """The program of a call, as it was recorded, and the arrays that it takes."""
    function: Any = Function(f)
    _, arrays = signature(args, {}, f)
    with function._recorded(args, {}, arrays) as (trace, result):
        return lower(trace, result, function._names(args, {})), arrays


def run(program: Program, arrays: list[Any], random: np.random.Generator | None) -> Any:
    """The program's results, and its Variables assigned; off at random unless that is None."""
    found: dict[Value, Any] = {}
    for value in reachable(program.roots()):
        if value.op == "draw":
            attrs = value.attrs
            found[value] = attrs["generator"].draw(attrs["method"], attrs["arguments"])
        elif value.op in ("argument", "variable", "constant"):
            found[value] = given(value, arrays)
        else:
            inputs = numbers(value, found)
            if random is not None and value.op in ADDING:
                inputs = [nudged(x, random) if isinstance(x, np.ndarray) else x for x in inputs]
            result = apply(value.op, inputs, value.attrs)
            if random is not None and value.op not in EXACT and not isinstance(result, tuple):
                result = nudged(result, random)
            found[value] = result if isinstance(result, tuple) else as_data(result)
    for v, new in [(v, found[new]) for v, new in program.assigned.items()]:
        v.assign(ad.Tensor(np.array(new)))
    results = _nest.flatten(program.result)
    return [np.array(found[x]) if isinstance(x, Value) else x for x in results]


def spread(
    build: Build, calls: Sequence[Sequence[Any]], starts: Sequence[Sequence[Any]], runs: int
) -> list[list[Any]]:
    """What the last of the calls gives, and Variables after it: once as it is, then off at random.

    Calls begin with Variables at `starts`, as far as these go. For each leaf of results and
    Variables its values in all these runs, the first as it is.
    """
    random = np.random.default_rng(0)
    found = []
    for noise in (None, *[random] * runs):
        f, variables = build()
        program, _ = program_of(f, calls[0])
        with np.errstate(all="ignore"):
            for args, start in zip_longest(calls, starts):
                for v, x in zip(variables, start or (), strict=bool(start)):
                    v.assign(ad.Tensor(x))
                result = run(program, signature(args, {}, f)[1], noise)
        found.append([*result, *(v.numpy() for v in variables)])
    return [list(leaf) for leaf in zip(*found, strict=True)]
