"""Blocks of random programs: tapes, functions, scopes around other steps."""

from __future__ import annotations

from math import prod
from typing import Any

import autodiff as ad

from .run import Run, Step, Steps


def tape(run: Run, a: int, b: int, c: int, body: tuple[Step, ...]) -> list[Any]:
    """Gradients of what the body makes, by a value and by the Variables."""
    found = run.xp.differentiate(run, run.pick(a), body, bool(c % 2), bool(b % 2))
    run.gradients += found
    return [g * 1 for g in found]


def twice(run: Run, a: int, b: int, c: int, body: tuple[Step, ...]) -> list[Any]:
    """Gradients of gradients."""
    return tape(run, a, b, c, (("unary", a, b, c, ()), ("tape", a, b + 1, c, body)))


def transform(run: Run, a: int, b: int, c: int, body: tuple[Step, ...]) -> list[Any]:
    """The body as a function, differentiated by `value_and_grad`."""

    def f(x: Any) -> Any:
        run.keep(x)
        made = run.made(body)
        return ad.sum(x * x) + ad.sum(made[-1] if made else x)

    value, gradient = ad.value_and_grad(f)(run.pick(a))
    run.gradients.append(gradient)
    return [value, gradient]


def jacobian(run: Run, a: int, b: int, c: int, body: tuple[Step, ...]) -> list[Any]:
    """All derivatives of what the body makes, unless they are many."""
    x = run.pick(a)
    with ad.GradientTape(persistent=bool(c % 2)) as t:
        t.watch(x)
        made = run.made(body)
        y = made[-1] * ad.sum(x) if made else x * x
    if prod(y.shape) * prod(x.shape) > run.largest:
        return []
    found = t.jacobian(y, x, unconnected_gradients="zero")
    run.gradients.append(found)
    return [found]


def stopped(run: Run, a: int, b: int, c: int, body: tuple[Step, ...]) -> None:
    """What the tape around it does not see."""
    if run.tapes:
        with run.tapes[-1].stop_recording():
            run.steps(body)
    else:
        run.steps(body)


def call(run: Run, a: int, b: int, c: int, body: tuple[Step, ...]) -> Any:
    """A function of nested structures; in a flat program a flat one."""

    def f(x: Any, more: dict[str, Any], scale: float = 1.0) -> Any:
        run.keep(x * scale)
        run.keep(more["y"][0])
        return {"made": run.made(body), "x": (x,)}

    inner = ad.function(f) if run.xp.tracing else f
    found = inner(run.pick(a), {"y": [run.pick(b), 2]}, scale=0.5)
    return [*found["made"][-2:], found["x"][0]]


class Layer:
    """An object with a method that may be flat."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def plain(self, x: Any, body: tuple[Step, ...]) -> Any:
        self.run.keep(x)
        self.run.steps(body)
        return self.run.pool[-1]

    flat = ad.function(plain)


def method(run: Run, a: int, b: int, c: int, body: tuple[Step, ...]) -> Any:
    layer = Layer(run)
    return (layer.flat if run.xp.tracing else layer.plain)(run.pick(a), body)


def scope(run: Run, a: int, b: int, c: int, body: tuple[Step, ...]) -> None:
    with ad.name_scope(("dense", "block/dense_1", "np", "while")[c % 4]):
        run.steps(body)


#: what every library can do
COMMON: Steps = {"tape": tape, "twice": twice}
BLOCKS: Steps = {
    **COMMON,
    "transform": transform,
    "jacobian": jacobian,
    "stopped": stopped,
    "call": call,
    "method": method,
    "scope": scope,
}
