"""A small engine in micrograd's manner: each value holds a closure that sends its gradient back.

Scalars or equal-shaped arrays; no broadcasting, so no training step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bench._case import Loaded
from bench.ops.problems import PAIRS, Array, Run, make_cases


class Value:
    """A number or an array, its gradient, and how to send that gradient to its parents."""

    __slots__ = ("data", "grad", "parents", "send")

    def __init__(self, data: Any, parents: tuple[Value, ...] = ()) -> None:
        self.data = data
        self.grad: Any = 0.0
        self.parents = parents
        self.send: Callable[[], None] | None = None

    def __add__(self, other: Value) -> Value:
        out = Value(self.data + other.data, (self, other))

        def send() -> None:
            self.grad = self.grad + out.grad
            other.grad = other.grad + out.grad

        out.send = send
        return out

    def __mul__(self, other: Value) -> Value:
        out = Value(self.data * other.data, (self, other))

        def send() -> None:
            self.grad = self.grad + other.data * out.grad
            other.grad = other.grad + self.data * out.grad

        out.send = send
        return out

    def backward(self, seed: Any) -> None:
        """Send `seed` back through every value, each after all that use it (depth first)."""
        order: list[Value] = []
        seen: set[Value] = set()
        stack = [(self, False)]
        while stack:
            value, parents_done = stack.pop()
            if parents_done:
                order.append(value)
            elif value not in seen:
                seen.add(value)
                stack.append((value, True))
                stack.extend((parent, False) for parent in value.parents)
        self.grad = seed
        for value in reversed(order):
            if value.send is not None:
                value.send()


def load() -> Loaded:
    return Loaded({"numpy": np.__version__}, make_cases(chain))


def chain(*leaves: Array) -> Run:
    # Scalars as Python floats, as micrograd's users have them.
    x, a, b = (leaf if leaf.ndim else float(leaf) for leaf in leaves)
    seed = np.ones_like(leaves[0]) if leaves[0].ndim else 1.0

    def run() -> Sequence[Any]:
        vx, va, vb = Value(x), Value(a), Value(b)
        y = vx
        for _ in range(PAIRS):
            y = y * va
            y = y + vb
        y.backward(seed)
        return vx.grad, va.grad, vb.grad

    return run
