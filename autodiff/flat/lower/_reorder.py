"""Pooling before ReLU: the same numbers with less work, as there is less to take the ReLU of.

    max_pool2d(relu(z)) = relu(max_pool2d(z))
    max_unpool2d(g, relu(z)) · [relu(z) ≠ 0] = max_unpool2d(g · [max_pool2d(relu(z)) ≠ 0], z)

Both hold to the last bit. ReLU keeps what is larger larger; only in windows without an element
above 0 there may be equal ones that were not equal before, and there both sides are 0.
"""

from __future__ import annotations

from typing import Any

from ...arrays._backend import FORWARDS
from ..ir._value import Value
from ._symbolic import Symbolic


class Reorder:
    """Looks at ops as they are lowered; what it knows better it says."""

    def __init__(self, xp: Symbolic) -> None:
        self._xp = xp
        #: max_unpool2d(g, relu(z), ...) -> g, relu(z) and the static arguments
        self._unpooled: dict[Value, tuple[Value, Value, tuple[Any, ...]]] = {}

    def __call__(self, op: str, inputs: list[Any], statics: tuple[Any, ...]) -> Value | None:
        """The value of an op on these inputs, or None to run its forward."""
        if op == "max_pool2d":
            return self._pool(inputs[0], statics)
        if op == "max_unpool2d":
            g, largest = inputs
            if under_relu(largest) is not None:
                value: Value = FORWARDS[op](self._xp, g, largest, *statics)
                self._unpooled[value] = g, largest, statics
                return value
        if op == "multiply":
            for u, mask in (inputs, reversed(inputs)):
                if isinstance(u, Value) and u in self._unpooled:
                    return self._masked(mask, *self._unpooled[u])
        return None

    def _pool(self, x: Any, statics: tuple[Any, ...]) -> Value | None:
        z = under_relu(x)
        if z is None:
            return None
        pooled: Value = self._xp.maximum(FORWARDS["max_pool2d"](self._xp, z, *statics), 0)
        return pooled

    def _masked(
        self, mask: Any, g: Value, largest: Value, statics: tuple[Any, ...]
    ) -> Value | None:
        if not says_positive(mask, largest):
            return None
        positive = self._xp.not_equal(self._pool(largest, statics), 0)
        z = under_relu(largest)
        value: Value = FORWARDS["max_unpool2d"](self._xp, g * positive, z, *statics)
        return value


def under_relu(x: Any) -> Value | None:
    """z where a value is max(z, 0), perhaps transposed."""
    if not isinstance(x, Value):
        return None
    if x.op == "transpose":
        z = under_relu(x.inputs[0])
        return None if z is None else z.builder.transpose(z, x.attrs["axes"])
    if x.op == "maximum" and _is_zero(x.inputs[1]):
        z = x.inputs[0]
        return z if isinstance(z, Value) and z.shape == x.shape else None
    return None


def says_positive(mask: Any, relu: Value) -> bool:
    """Whether a value is 1 where a ReLU is above 0 and 0 where it is 0."""
    while isinstance(mask, Value) and mask.op == relu.op == "transpose":
        if mask.attrs != relu.attrs:
            return False
        mask, relu = mask.inputs[0], relu.inputs[0]
    if not isinstance(mask, Value) or mask.op not in ("sign", "not_equal"):
        return False
    return mask.inputs[0] is relu and (mask.op == "sign" or _is_zero(mask.inputs[1]))


def _is_zero(x: Any) -> bool:
    return type(x) in (int, float) and x == 0
