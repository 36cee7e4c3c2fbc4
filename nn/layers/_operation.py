"""Operators between Nodes, as layers."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from autodiff import Tensor
from nn.layers._layer import Layer

OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": operator.pow,
    "matmul": operator.matmul,
    "negative": operator.neg,
    "absolute": operator.abs,
    "get_item": operator.getitem,
}


class Operation(Layer):
    """An operator of Python between what Nodes stand for: `a + b`, `2 * a`, `a[:, 0]`."""

    def __init__(self, operation: str) -> None:
        super().__init__()
        self.name = operation
        self.operation = OPERATORS[operation]

    def call(self, *operands: Any) -> Tensor:
        """The operator's result."""
        return self.operation(*operands)
