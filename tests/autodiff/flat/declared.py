"""A step for every op of the registry: its own sample's shapes and statics, values of the program.

An op that is declared tomorrow is drawn tomorrow.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

import autodiff as ad
from autodiff import _nest
from autodiff.engine._op import registry
from autodiff.testing import Call, sample_call

from .run import OTHERS

if TYPE_CHECKING:
    from .run import Run

#: how inputs of floats are made of a value of the program (OTHERS is 3)
AS_IT_IS, NEAR, CONSTANT = 0, 1, 2
#: ops whose results jump, or that refuse some matrices: they get what is close to their samples
NEAR_ONLY = frozenset(
    (
        *("inv", "solve", "det", "cofactors", "slogdet", "pinv", "cholesky", "qr", "eigh", "svd"),
        "eig",
        "vector_norm",
    )
)
#: of integers the result is no number: an exponent below 0
NOT_OF_INTEGERS = frozenset(("pow",))


@lru_cache(maxsize=10_000)
def sample(name: str, seed: int) -> Call:
    """The sample of an op by number."""
    return sample_call(registry[name], seed)


def declared(run: Run, name: str, a: int, b: int, c: int) -> Any:
    """The op with the statics of sample c; `b` says how its inputs are made from values at `a`."""
    call = sample(name, c)
    if name in NEAR_ONLY:
        b = 4 * (b // 4) + NEAR
    how = AS_IT_IS if b % 4 == OTHERS and name in NOT_OF_INTEGERS else b % 4
    names = call.op.inputs if call.op.underived else ()
    fixed = {k for k, x in enumerate(names) if x in call.op.underived}
    if how == NEAR:
        fixed.add((b >> 2) % 4 - 1)
    inputs = [
        stand_in(run, call, x, a + k, CONSTANT if k in fixed else how)
        for k, x in enumerate(call.arrays)
    ]
    return run.xp.call(call, inputs)


def stand_in(run: Run, call: Call, x: np.ndarray, k: int, how: int) -> Any:
    """A value of the program in the shape of x and, where the op needs it, of such values."""
    value = run.pick(k)
    if how == CONSTANT:
        return run.xp.constant(x, value)
    if x.dtype.kind != "f" and not call.op.name.startswith("bitwise"):
        how = NEAR  # labels, conditions: data whose values the op may check
    if how == OTHERS:
        return run.like(run.other(k), x.shape)
    value = run.like(value, x.shape)
    if x.dtype.kind == "b":
        return value > 0.25
    if x.dtype.kind == "i":
        other = np.ascontiguousarray(x[::-1]) if x.ndim else x
        both = run.xp.constant(x, value), run.xp.constant(other, value)
        return run.xp.where(value > 0.25, *both)
    if call.op.name in NEAR_ONLY:  # LAPACK finds no singular values of what is not finite
        value = run.xp.where(run.xp.abs(value) < 100, value, 0.25)
    if how == NEAR:  # closer to the sample than its distance from where the op has no derivative
        return run.xp.constant(x, value) + 0.02 * run.xp.sin(value)
    return value


@lru_cache
def reorders(name: str) -> bool:
    """Whether an op's value or gradients lie eagerly in another memory order than row by row.

    Sums over them add in that order, and differ in the last bits from those over a buffer; so do
    products of matrices inside of an op.
    """
    if name in NEAR_ONLY:
        return True
    for seed in range(30):
        call = sample(name, seed)
        xs = [ad.Tensor(np.array(x, order="C")) for x in call.arrays]
        floats = [x for x in xs if x.dtype.kind == "f"]
        with np.errstate(all="ignore"), ad.GradientTape() as tape:
            tape.watch(floats)
            ys = _nest.flatten(call(*xs))
        ones = [ad.ones_like(y) for y in ys]
        found = [*ys, *(tape.gradient(ys, floats, ones) if call.op.rules else [])]
        if not all(np.asarray(x._data).flags.c_contiguous for x in found):
            return True
    return False
