"""Single steps of random programs: ops as users combine them, views, Variables, draws."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from math import prod
from typing import Any

import numpy as np

import autodiff as ad

from .run import Run, Steps

# -- element by element ----------------------------------------------------------------------------

UNARY: list[Callable[[Any, Any], Any]] = [
    *(lambda xp, x: xp.exp(xp.tanh(x)), lambda xp, x: 2.5 * x, lambda xp, x: x * x),
    *(lambda xp, x: xp.sqrt(xp.abs(x) + 1), lambda xp, x: xp.log(xp.abs(x) + 0.5)),
    *(lambda xp, x: xp.log1p(xp.abs(x)), lambda xp, x: xp.expm1(xp.sin(x)), lambda xp, x: 1 - x),
    *(lambda xp, x: x / 3, lambda xp, x: 1 / (2 + xp.cos(x)), lambda xp, x: -x),
    *(lambda xp, x: (xp.abs(x) + 0.25) ** 0.5, lambda xp, x: xp.sin(x) ** 3),
    *(lambda xp, x: xp.square(xp.sin(x)) ** 2, lambda xp, x: 2.0 ** xp.tanh(x)),
    *(lambda xp, x: xp.clip(x, min=-0.5, max=0.75), lambda xp, x: xp.clip(x, min=None, max=0.5)),
    *(lambda xp, x: xp.where(x > 0.25, 1.0, x), lambda xp, x: xp.maximum(x, x * 0 + 0.25)),
    *(lambda xp, x: x + 0, lambda xp, x: 0 * x + 1, lambda xp, x: x, lambda xp, x: x * 1.0),
    *(lambda xp, x: xp.astype(xp.astype(x, np.float64), x.dtype), lambda xp, x: x - x),
    *(lambda xp, x: xp.astype(x > 0, x.dtype), lambda xp, x: xp.sigmoid(x) * xp.relu(x)),
    *(lambda xp, x: xp.astype(xp.isfinite(x) & (x < 1), x.dtype), lambda xp, x: xp.copy(x)),
]
# powers of one number are a scalar's here and an array's there, which differ by an ulp
BINARY: list[Callable[[Any, Any, Any], Any]] = [
    *(lambda xp, x, y: x + y, lambda xp, x, y: x - y, lambda xp, x, y: x * y),
    *(lambda xp, x, y: xp.maximum(x, y), lambda xp, x, y: xp.minimum(x, y)),
    *(lambda xp, x, y: x / (y * y + 1), lambda xp, x, y: xp.where(x > y, x, y)),
    *(lambda xp, x, y: xp.sqrt(xp.abs(x) + 1) * xp.cos(y), lambda xp, x, y: x - 2 * y + x),
    *(lambda xp, x, y: xp.where((x < y) | (x == y), 2 * x, 0.0), lambda xp, x, y: x * y + x * y),
]
REDUCTIONS = ["sum", "mean", "prod", "max", "min"]
LAST = ["softmax", "log_softmax", "logsumexp"]


def unary(run: Run, a: int, b: int, c: int) -> Any:
    return UNARY[b % len(UNARY)](run.xp, run.pick(a))


def binary(run: Run, a: int, b: int, c: int) -> Any:
    return BINARY[c % len(BINARY)](run.xp, *run.pair(a, b))


# -- along axes ------------------------------------------------------------------------------------


def reduction(run: Run, a: int, b: int, c: int) -> Any:
    x = run.pick(a)
    axis: Any = None
    if x.ndim and c % 4:
        axis = c % x.ndim - x.ndim * (b % 2)
        if c % 4 == 3 and x.ndim > 1:
            axis = (axis, (axis + 1) % x.ndim) if axis >= 0 else (axis % x.ndim,)
    op = REDUCTIONS[b % len(REDUCTIONS)] if prod(x.shape) else "sum"
    return getattr(run.xp, op)(x, axis=axis, keepdims=bool(c % 2))


def last(run: Run, a: int, b: int, c: int) -> Any:
    x = run.pick(a)
    if not x.ndim or not prod(x.shape):
        return None
    return getattr(run.xp, LAST[b % 3])(x, axis=-1 - c % x.ndim)


def integers(run: Run, a: int, b: int, c: int) -> Any:
    x, xp = run.pick(a), run.xp
    if not x.ndim or not x.shape[-1]:
        return None
    found = getattr(xp, ("argmax", "argmin")[b % 2])(x, axis=-1, keepdims=bool(c % 2))
    if b % 3 == 0:
        return xp.softmax_cross_entropy(x, xp.argmax(x, axis=-1, keepdims=False))
    if b % 3 == 1 and prod(x.shape) <= 9:
        return xp.one_hot(found, classes=3, dtype=x.dtype)
    return xp.astype((found + 2) * 3 & 5, x.dtype)


def matmul(run: Run, a: int, b: int, c: int) -> Any:
    x, y = run.pick(a), run.pick(b)
    if not x.ndim or not y.ndim or x.dtype != y.dtype:
        return None
    inner = y.shape[-2] if y.ndim > 1 else y.shape[0]
    if x.shape[-1] == inner and x.ndim <= 2 and y.ndim <= 2:
        return x @ y
    if x.ndim == 1:
        return x @ x
    return x @ run.xp.reshape(x, shape=(*x.shape[:-2], *x.shape[:-3:-1]))


# -- views, parts, joins ---------------------------------------------------------------------------


def view(run: Run, a: int, b: int, c: int) -> Any:
    x, xp, every = run.pick(a), run.xp, slice(None)
    n = x.ndim
    if b % 7 == 0 or not n:
        if c % 2:
            return xp.expand_dims(x, axis=c % (n + 1))
        return xp.reshape(x, shape=(prod(x.shape),))
    axis = c % n
    if b % 7 in (1, 2):
        return run.at(x, *(every,) * axis, slice(None, None, (2, -1)[c % 2]))
    if b % 7 == 3 and x.shape[axis]:
        return run.at(x, *(every,) * axis, c % x.shape[axis])
    if b % 7 == 5:
        return xp.broadcast_to(x, (2, *x.shape))
    return xp.squeeze(x, axis=axis) if x.shape[axis] == 1 else run.at(x, ..., None, slice(1, None))


def take(run: Run, a: int, b: int, c: int) -> Any:
    x = run.pick(a)
    if not x.ndim or not x.shape[c % x.ndim]:
        return None
    axis = c % x.ndim
    return run.at(x, *(slice(None),) * axis, np.array([0, -1, b % x.shape[axis]]))


def transpose(run: Run, a: int, b: int, c: int) -> Any:
    x = run.pick(a)
    if b % 3 == 0 and x.ndim > 1:
        return x @ x.mT if c % 2 else x.mT @ x
    return run.xp.permute_dims(x, axes=tuple(np.roll(range(x.ndim), c).tolist()) if c % 2 else None)


def join(run: Run, a: int, b: int, c: int) -> Any:
    x = run.pick(a)
    y = run.like(run.pick(b), x.shape)
    if c % 2 and x.ndim:
        return run.xp.concat([x, y, x], axis=c % x.ndim)
    return run.xp.stack([y, x], axis=0)


def put(run: Run, a: int, b: int, c: int) -> Any:
    x = run.pick(a)
    if not x.ndim or not x.shape[0]:
        return None
    index = (0, slice(c % 3, None), ...)[c % 3]
    part = run.like(run.pick(b), run.at(x, index).shape)
    return run.xp.put(x, run.xp.astype(part, x.dtype), index=(index,))


def item_assignment(run: Run, a: int, b: int, c: int) -> Any:
    y = ad.copy(run.pick(a))
    if not y.ndim or not y.shape[0]:
        return None
    y[(0, slice(c % 3, None), ..., True)[c % 4]] = run.like(run.pick(b), ())
    y[-1] = run.like(run.pick(c), ())
    return y


# -- Variables -------------------------------------------------------------------------------------


def read(run: Run, a: int, b: int, c: int) -> Any:
    v = run.xp.read(run.variable(a))
    if c % 6 in (0, 1, 2):
        return (v + 0, v * 2, v * v)[c % 6]
    if c % 6 == 3:
        return run.xp.copy(v)
    return run.at(v, ..., None) if c % 6 == 4 else run.xp.reshape(v, shape=(prod(v.shape),))


def assign(run: Run, a: int, b: int, c: int) -> Any:
    v = run.variable(a)
    value = run.like(run.pick(b), v.shape)
    if c % 2:
        value = run.xp.tanh(value)
    (v.assign, v.assign_add, v.assign_sub)[c % 3](value)


def transposed(run: Run, v: Any, x: Any) -> Any:
    return v.mT + x if v.ndim == 2 and v.shape[0] == v.shape[1] else v + x


#: of a Variable v and x of its shape, more than one row each: what reads v where it is written
OF_ITSELF: list[Callable[[Run, Any, Any], Any]] = [
    lambda run, v, x: run.xp.concat([run.at(v, slice(1, None)), run.at(v, slice(1))], axis=0),
    lambda run, v, x: run.xp.concat([run.at(x, slice(1)), run.at(v, slice(-1))], axis=0),
    lambda run, v, x: run.xp.stack([run.at(v, -k) for k in range(v.shape[0])], axis=0),
    lambda run, v, x: run.xp.put(x, run.at(v, 1), index=(0,)),
    lambda run, v, x: run.xp.put(v, run.at(v, slice(1)), index=(slice(1, 2),)),
    lambda run, v, x: run.xp.put(v, run.at(x, 0), index=(1,)),
    lambda run, v, x: run.xp.scatter(
        run.at(v, slice(1, None)), index=(slice(-1),), shape=tuple(v.shape)
    ),
    lambda run, v, x: run.xp.scatter(
        run.at(v, slice(2)), index=(np.array([1, 0]),), shape=tuple(v.shape)
    ),
    lambda run, v, x: run.at(v, np.arange(v.shape[0])[::-1].copy()),
    lambda run, v, x: run.at(v, slice(None, None, -1)) - v * x,
    lambda run, v, x: run.xp.where(v > 0, x, v) + 0 * x,
    lambda run, v, x: run.xp.where(v > x, x, 0.0),
    lambda run, v, x: run.xp.where(x > 0, run.at(v, slice(None, None, -1)), x),
    lambda run, v, x: run.xp.broadcast_to(run.at(v, slice(1)), tuple(v.shape)),
    lambda run, v, x: run.xp.softmax(v, axis=0) * x,
    lambda run, v, x: v * run.xp.sum(v) - x,
    lambda run, v, x: v @ v if v.ndim == 2 and v.shape[0] == v.shape[1] else x - v,
    transposed,
]


def assign_made(run: Run, a: int, b: int, c: int) -> None:
    """Assign what is made of the Variable itself, which nobody else sees."""
    variable = run.variable(a)
    v = run.xp.read(variable)
    x = run.xp.astype(run.like(run.pick(b), v.shape), v.dtype)
    if v.ndim and v.shape[0] > 1:
        x = OF_ITSELF[c % len(OF_ITSELF)](run, v, x)
    if b % 3 == 0:
        x = UNARY[b % len(UNARY)](run.xp, x)
    variable.assign(x)


def swap(run: Run, a: int, b: int, c: int) -> Any:
    v, w = run.variable(a), run.variable(a + 1)
    old = run.xp.copy(run.xp.read(v)) if c % 2 else run.xp.read(v) * 1
    v.assign(run.like(run.xp.read(w), v.shape))
    w.assign(run.like(old, w.shape))


def update(run: Run, a: int, b: int, c: int) -> None:
    """A step of an optimizer; eagerly by its formula as it stands, since a tape records."""
    if not run.optimizers:
        return
    values = [run.like(run.pick(a + k), v.shape) for k, v in enumerate(run.variables)]
    if c % 2:
        with ad.GradientTape() as t:
            y = run.target([ad.tanh(x) * v for x, v in zip(values, run.variables, strict=True)])
        values = t.gradient(y, run.variables)
    pairs = [(ad.astype(g, v.dtype), v) for g, v in zip(values, run.variables, strict=True)]
    with nullcontext() if run.xp.tracing else ad.GradientTape():
        run.optimizers[b % len(run.optimizers)].apply_gradients(pairs)


def descend(run: Run, a: int, b: int, c: int) -> None:
    """Formulas of one form for all Variables: rates, signs and gradients may differ."""
    _, *found = run.xp.differentiate(run, run.pick(a), (), False, bool(b % 2))
    rates = [run.xp.tanh(run.xp.sum(run.pick(b + k * (c % 2)))) for k in range(len(found))]
    values = map(run.xp.read, run.variables)
    moved = [0.5 * g - rate * v for g, rate, v in zip(found, rates, values, strict=True)]
    for v, m, g in zip(run.variables[:: (1, -1)[c // 2 % 2]], moved, found, strict=True):
        if v.shape == m.shape:
            v.assign(run.xp.read(v) + m - 0.1 * run.like(g, m.shape))
        else:
            v.assign_sub(run.like(m, v.shape) * 0.1)


# -- what is drawn at every call -------------------------------------------------------------------


def draw(run: Run, a: int, b: int, c: int) -> Any:
    x, random = run.pick(a), run.random
    if c % 5 == 0:
        return random.normal(0.5, 2.0, x.shape, x.dtype if x.dtype.itemsize > 2 else "float32")
    if c % 5 == 1:
        return random.uniform(-1.0, 1.0, x.shape) * x
    if c % 5 == 2:
        return random.integers(0, 4, x.shape) + 1
    if c % 5 == 3:
        return ad.where(random.bernoulli(0.5, x.shape), x, 0.0)
    return random.permutation(4) if b % 2 else random.choice(5, (2, 3))


@ad.custom_gradient
def halved(x: Any, y: Any) -> Any:
    z = x * y + x
    return z, lambda g: (0.5 * g * z, None)


@ad.custom_gradient
def both(x: Any, y: Any) -> Any:
    z = ad.tanh(x)
    return {"sum": z + y, "product": [z * y]}, lambda g, h: (g + h * y * z, g - h)


def custom(run: Run, a: int, b: int, c: int) -> Any:
    x = run.pick(a)
    y = ad.astype(run.like(run.pick(b), x.shape), x.dtype)
    if c % 2:
        return halved(x, y)
    found = both(x, y)
    return [found["sum"], *found["product"]]


#: what every library can do
COMMON: Steps = {
    "unary": unary,
    "binary": binary,
    "reduction": reduction,
    "last": last,
    "view": view,
    "matmul": matmul,
    "take": take,
    "transpose": transpose,
    "join": join,
    "integers": integers,
    "put": put,
    "read": read,
    "assign": assign,
    "assign made": assign_made,
    "swap": swap,
}
STEPS: Steps = {
    **COMMON,
    "item assignment": item_assignment,
    "update": update,
    "descend": descend,
    "draw": draw,
    "custom": custom,
}
