"""The steps of a program as it is run: which lines compute what, their costs and their times.

The text that is read (`_readable`) says the same in fewer words, and in NumPy alone.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from time import perf_counter_ns
from typing import TYPE_CHECKING

from ._cost import LineCost, flops, moved
from .ir._value import REDUCTIONS, Value
from .plan._buffers import tiles
from .text._lines import by_product, fills
from .text._step import Step

if TYPE_CHECKING:
    from ._run import Runner
    from .text._text import Text


def costs(text: Text) -> tuple[LineCost, ...]:
    """The cost of each step.

    A kernel reads its arguments and writes its results; what is computed of long vectors by pieces
    counts as one operation after the other. Sums of small matrices count as such, though they are
    products with ones, which multiply, too.
    """
    return tuple(_cost(text, step) for step in text.steps)


def _cost(text: Text, step: Step) -> LineCost:
    values, copied = step.values, step.copied
    last = (*values, *copied)[-1]
    kernel = last.op == "fused" and bool(values)
    lines = text.body[step.start : step.stop]
    if kernel:
        lines = [x for x in lines if x.partition("= ")[2].startswith("kernel")] or lines[-1:]
        gates = [v.gate.op for v in last.attrs["cluster"].nest.members]
        nbytes = moved(values) + sum(v.nbytes for v in values[:-1])
    else:
        gates = [v.gate.op for v in values] or ["copy"]
        nbytes = moved((), copied) + sum(moved((v,)) + _made_once(text, v) for v in values)
        lines = [x for x in lines if not x.startswith("tile")] or lines
    return LineCost(
        text=lines[0],
        name=text.names.get(last, ""),
        section=last.section or "forward",
        gate=", ".join(dict.fromkeys(gates)),
        flops=sum(map(flops, values)),
        bytes=nbytes,
    )


def _made_once(text: Text, value: Value) -> int:
    """Bytes of what stands in a line for the sake of speed: ones, numbers and rows repeated."""
    inputs, total = value.inputs, 0
    if value.op in REDUCTIONS and by_product(inputs[0], value.op, value.attrs["axis"]):
        x, along = inputs[0], value.attrs["axis"] == (-1,)
        total += x.shape[-1 if along or x.ndim == 1 else 0] * x.dtype.itemsize
    if value not in text.plan.fresh:
        for k, x in enumerate(inputs):
            if not isinstance(x, Value):
                total += value.nbytes if fills(value) and value.dtype.kind == "f" else 0
            elif text.plan.tile and tiles(value, k):
                total += 2 * value.nbytes
    return total


def timed(runner: Runner, clock: Callable[[], int] = perf_counter_ns) -> tuple[Runner, list[int]]:
    """The same program, which notes the time, in ns, when it begins and after each of its steps.

    The list is added to at every call: once more than there are steps. `clock` may count something
    else than time.
    """
    text = runner.spelling
    lines = list(text.body)
    for step in reversed(text.steps):
        lines.insert(step.stop, "noted(clock())")
    lines.insert(0, "noted(clock())")
    found: list[int] = []
    other = copy.copy(runner)
    before = runner.text.splitlines()[: -len(text.body)]
    other.text = "\n".join([*before, *(f"    {line}" for line in lines)]) + "\n"
    other.constants = {**runner.constants, "noted": found.append, "clock": clock}
    other.renew()
    return other, found
