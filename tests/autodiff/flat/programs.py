"""Random programs: lists of steps, drawn by Hypothesis, that any function can run.

A step is `(name, a, b, c, body)`. The numbers pick values from what was computed before, so every
list of steps is a program; `body` holds the steps inside a tape. Only shapes decide what happens,
never values, as in a function that is to be traced.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

import autodiff as ad

Step = tuple[str, int, int, int, tuple[Any, ...]]
LARGEST = 48


class Run:
    """The state of a program: values so far, Variables, results."""

    def __init__(self, arrays: list[Any], variables: list[ad.Variable]) -> None:
        self.pool = [ad.asarray(x) for x in arrays]
        self.variables = variables
        self.gradients: list[Any] = []

    def pick(self, k: int) -> Any:
        """A value of floats."""
        return self.pool[k % len(self.pool)]

    def pair(self, a: int, b: int) -> tuple[Any, Any]:
        """Two values that broadcast."""
        x, y = self.pick(a), self.pick(b)
        try:
            size = int(np.prod(np.broadcast_shapes(x.shape, y.shape)))
        except ValueError:
            size = LARGEST + 1
        return (x, y) if size <= LARGEST else (x, ad.mean(y) if y.size else ad.sum(y))

    def like(self, x: Any, shape: tuple[int, ...]) -> Any:
        """x, or its sum, in another shape."""
        fits = x.ndim <= len(shape) and all(
            n in (1, m) for n, m in zip(x.shape[::-1], shape[::-1], strict=False)
        )
        return ad.broadcast_to(x if fits else ad.sum(x), shape)

    def steps(self, steps: tuple[Step, ...]) -> None:
        """Run them all."""
        for name, a, b, c, body in steps:
            found = BLOCKS[name](self, a, c, body) if name in BLOCKS else STEPS[name](self, a, b, c)
            for x in found if isinstance(found, list) else [found]:
                if x is not None and x.size <= LARGEST and x.ndim <= 4:
                    self.pool.append(x)

    def variable(self, k: int) -> ad.Variable:
        """One of the Variables."""
        return self.variables[k % len(self.variables)]


# -- single ops ------------------------------------------------------------------------------------

UNARY: list[Callable[[Any], Any]] = [
    *(ad.negative, ad.abs, ad.sign, ad.sin, ad.cos, ad.tanh, ad.sigmoid, ad.relu, ad.copy),
    *(ad.positive, ad.stop_gradient, lambda x: x * x, lambda x: ad.exp(ad.tanh(x))),
    *(lambda x: ad.sqrt(ad.abs(x) + 1), lambda x: ad.log(ad.abs(x) + 0.5), lambda x: 2.5 * x),
    *(lambda x: ad.log1p(ad.abs(x)), lambda x: ad.expm1(ad.sin(x)), lambda x: 1 - x),
    *(lambda x: x / 3, lambda x: 1 / (2 + ad.cos(x)), lambda x: ad.square(ad.sin(x)) ** 2),
    *(lambda x: (ad.abs(x) + 0.25) ** 0.5, lambda x: ad.sin(x) ** 3, lambda x: 2.0 ** ad.tanh(x)),
    *(lambda x: ad.clip(x, -0.5, 0.75), lambda x: ad.clip(x, None, 0.5), lambda x: x + 0),
    *(lambda x: ad.maximum(x, 0.25), lambda x: ad.where(x > 0.25, 1.0, x), lambda x: x * x.T.T),
    *(lambda x: ad.astype(ad.astype(x, "float64"), x.dtype), lambda x: 0 * x + 1, lambda x: x),
    *(lambda x: ad.astype(x > 0, x.dtype), lambda x: ad.astype(ad.isfinite(x) & (x < 1), x.dtype)),
]
# powers of one number are a scalar's here and an array's there, which differ by an ulp
BINARY: list[Callable[[Any, Any], Any]] = [
    *(ad.add, ad.subtract, ad.multiply, ad.maximum, ad.minimum, lambda x, y: x / (y * y + 1)),
    *(lambda x, y: ad.sqrt(ad.abs(x) + 1) * ad.cos(y), lambda x, y: ad.where(x > y, x, y)),
    *(lambda x, y: ad.where((x < y) | (x == y), 2 * x, 0.0), lambda x, y: x - 2 * y + x),
]
REDUCTIONS = [ad.sum, ad.mean, ad.prod, ad.max, ad.min]
LAST = [ad.softmax, ad.log_softmax, ad.logsumexp]


def reduction(run: Run, a: int, b: int, c: int) -> Any:
    x = run.pick(a)
    axis: Any = None
    if x.ndim and c % 4:
        axis = c % x.ndim - x.ndim * (b % 2)
        if c % 4 == 3 and x.ndim > 1:
            axis = (axis, (axis + 1) % x.ndim) if axis >= 0 else (axis % x.ndim,)
    op = REDUCTIONS[b % len(REDUCTIONS)]
    return op(x, axis=axis, keepdims=bool(c % 2)) if x.size else ad.sum(x)


def last(run: Run, a: int, b: int, c: int) -> Any:
    x = run.pick(a)
    return LAST[b % 3](x, axis=-1 - c % x.ndim) if x.ndim and x.size else None


def view(run: Run, a: int, b: int, c: int) -> Any:
    x = run.pick(a)
    n = x.ndim
    if b % 7 == 0 or not n:
        return ad.expand_dims(x, axis=c % (n + 1)) if c % 2 else ad.reshape(x, (x.size,))
    axis = c % n
    if b % 7 in (1, 2):
        return x[(slice(None),) * axis + (slice(None, None, (2, -1)[c % 2]),)]
    if b % 7 == 3 and x.shape[axis]:
        return x[(slice(None),) * axis + (c % x.shape[axis],)]
    if b % 7 == 4 and x.shape[axis]:
        return x[(slice(None),) * axis + (np.array([0, -1, c % x.shape[axis]]),)]
    if b % 7 == 5:
        return ad.broadcast_to(x, (2, *x.shape))
    return ad.squeeze(x, axis=axis) if x.shape[axis] == 1 else x[..., None, 1:]


def matmul(run: Run, a: int, b: int, c: int) -> Any:
    x, y = run.pick(a), run.pick(b)
    if not x.ndim or not y.ndim:
        return None
    inner = y.shape[-2] if y.ndim > 1 else y.shape[0]
    if x.shape[-1] == inner and x.ndim <= 2 and y.ndim <= 2:
        return x @ y
    return x @ ad.reshape(x, (*x.shape[:-2], *x.shape[:-3:-1])) if x.ndim > 1 else x @ x


def transpose(run: Run, a: int, b: int, c: int) -> Any:
    x = run.pick(a)
    if b % 3 == 0 and x.ndim > 1:
        return x @ x.mT if c % 2 else x.mT @ x
    return ad.permute_dims(x, tuple(np.roll(range(x.ndim), c))) if c % 2 else x.T


def join(run: Run, a: int, b: int, c: int) -> Any:
    x = run.pick(a)
    y = run.like(run.pick(b), x.shape)
    return ad.concat([x, y, x], axis=c % x.ndim) if c % 2 and x.ndim else ad.stack([y, x], axis=0)


def integers(run: Run, a: int, b: int, c: int) -> Any:
    x = run.pick(a)
    if not x.ndim or not x.shape[-1]:
        return None
    found = (ad.argmax, ad.argmin)[b % 2](x, axis=-1, keepdims=bool(c % 2))
    if b % 3 == 0:
        return ad.softmax_cross_entropy(x, ad.argmax(x, axis=-1))
    if b % 3 == 1 and x.size <= 9:
        return ad.one_hot(found, 3, x.dtype)
    return ad.astype((found + 2) * 3 & 5, x.dtype)


def put(run: Run, a: int, b: int, c: int) -> Any:
    x = run.pick(a)
    if not x.ndim or not x.shape[0]:
        return None
    y = ad.copy(x)
    index = (0, slice(c % 3, None), ...)[c % 3]
    y[index] = run.like(run.pick(b), x[index].shape)
    return y


@ad.custom_gradient
def halved(x: Any, y: Any) -> Any:
    z = x * y + x
    return z, lambda g: (0.5 * g * z, None)


def custom(run: Run, a: int, b: int, c: int) -> Any:
    x = run.pick(a)
    return halved(x, run.like(run.pick(b), x.shape))


# -- Variables -------------------------------------------------------------------------------------


def read(run: Run, a: int, b: int, c: int) -> Any:
    v = run.variable(a)
    return [v + 0, v * 2, v * v, ad.copy(v), v[..., None], ad.reshape(v, (v.size,))][c % 6]


def assign(run: Run, a: int, b: int, c: int) -> Any:
    v = run.variable(a)
    value = run.like(run.pick(b), v.shape)
    (v.assign, v.assign_add, v.assign_sub)[c % 3](value if c % 2 else ad.tanh(value))


def swap(run: Run, a: int, b: int, c: int) -> Any:
    v, w = run.variable(a), run.variable(a + 1)
    old = ad.copy(v) if c % 2 else v * 1
    v.assign(run.like(w, v.shape))
    w.assign(run.like(old, w.shape))


STEPS: dict[str, Callable[..., Any]] = {
    "unary": lambda run, a, b, c: UNARY[b % len(UNARY)](run.pick(a)),
    "binary": lambda run, a, b, c: BINARY[c % len(BINARY)](*run.pair(a, b)),
    "reduction": reduction,
    "last": last,
    "view": view,
    "matmul": matmul,
    "transpose": transpose,
    "join": join,
    "integers": integers,
    "put": put,
    "custom": custom,
    "read": read,
    "assign": assign,
    "swap": swap,
}


# -- gradients -------------------------------------------------------------------------------------


def tape(run: Run, a: int, c: int, body: tuple[Step, ...]) -> list[Any]:
    """Gradients of what the body makes, by a value and by the Variables; twice if persistent."""
    x = run.pick(a)
    before = len(run.pool)
    with ad.GradientTape(persistent=bool(c % 2)) as t:
        t.watch(x)
        run.steps(body)
        made = run.pool[before:] or [x * x]
        y = made[-1] * run.variable(c).sum()
    sources = [x, *run.variables]
    found = t.gradient(y, sources, unconnected_gradients="zero")
    if c % 2:
        found += [g for g in t.gradient(made[0], sources) if g is not None]
    run.gradients += found
    return [g * 1 for g in found]


BLOCKS: dict[str, Callable[..., Any]] = {"tape": tape}


# -- strategies ------------------------------------------------------------------------------------

_numbers = st.integers(0, 40)


def _steps(names: list[str], low: int, high: int, body: Any = None) -> Any:
    one = st.tuples(st.sampled_from(names), _numbers, _numbers, _numbers, st.just(()))
    if body is not None:
        block = st.tuples(st.sampled_from([*BLOCKS]), _numbers, _numbers, _numbers, body)
        one = st.one_of(one, one, one, block)
    return st.lists(one, min_size=low, max_size=high).map(tuple)


def _tapes(names: list[str]) -> Any:
    """Straight lines; tapes around lines; tapes around tapes."""
    lines = _steps(names, 1, 8)
    once = _steps(names, 1, 5, lines)
    return st.one_of(once, _steps(names, 1, 4, _steps(names, 1, 4, lines)))


#: eager NumPy keeps the memory order of what was transposed, and adds in that order
programs = _tapes([name for name in STEPS if name != "transpose"])
#: with transposes, and without what jumps where rounding differs
transposing = _tapes(["transpose", "view", "matmul", "last", "join", "put", "read", "assign"])

sides = st.integers(0, 3) | st.sampled_from((1, 2, 3))
shapes = st.lists(sides, max_size=3).map(tuple)
