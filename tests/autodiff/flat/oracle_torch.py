"""Random programs computed by PyTorch, in float64: gradients by its own autograd.

A tape of ours sees what was recorded while it was open. So a block differentiates by aliases of its
sources that are made where it begins: nothing that was computed before depends on them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from autodiff.engine._op import registry
from autodiff.testing import Call
from tests.autodiff.ops.oracle_torch import OTHERS

from .oracle_torch_ops import MORE

if TYPE_CHECKING:
    from .run import Run, Step


#: ops of which PyTorch says nothing, or something else
_SIGNS = "vectors are determined up to factors of size 1, which each LAPACK chooses for itself"
LEFT_OUT = {
    "check_labels": "it gives its argument or raises; PyTorch's losses check by themselves",
    "searchsorted": "it takes sorted elements, and values of a program are in any order",
    **dict.fromkeys(("eig", "eigh", "qr", "svd"), _SIGNS),
    **{
        name: "PyTorch has few of them with derivatives; they are compared with mpmath's"
        for name, op in registry.items()
        if ".special_" in op.forward.__module__
    },
}


@lru_cache
def function(name: str) -> Callable[..., Any]:
    """An op of ours in PyTorch, its result no object that it was given."""
    found = MORE.get(name) or OTHERS.get(name) or getattr(torch, name)

    def call(*args: Any, **kwargs: Any) -> Any:
        y = found(*args, **kwargs)
        return y.view_as(y) if any(y is x for x in args) else y

    return call


def known(name: str) -> bool:
    """Whether an op of ours is there."""
    there = name in OTHERS or name in MORE or callable(getattr(torch, name, None))
    return there and name not in LEFT_OUT


def parts(y: Any) -> list[Any]:
    """Each output, complex ones as two."""
    if isinstance(y, tuple):
        return [part for output in y for part in parts(output)]
    return list(torch.view_as_real(y.resolve_conj()).unbind(-1)) if y.is_complex() else [y]


def leaf(x: Any) -> Any:
    """The same values as a leaf of their own."""
    return x.detach().clone().requires_grad_()


class Variable:
    """What is assigned: a leaf, or in a block an alias of what it was before."""

    def __init__(self, array: np.ndarray) -> None:
        self.value = leaf(torch.tensor(array))
        #: for each open block, what stands for the Variable in it
        self.blocks: list[list[Any]] = []
        self.shape = tuple(array.shape)

    def begin(self) -> None:
        """A block begins."""
        self.value = self.value.view_as(self.value)
        self.blocks.append([self.value])

    def end(self) -> list[Any]:
        """It ends; its leaves."""
        return self.blocks.pop()

    def assign(self, value: Any) -> None:
        self.value = leaf(value)
        for block in self.blocks:
            block.append(self.value)

    def assign_add(self, value: Any) -> None:
        self.assign(self.value + value)

    def assign_sub(self, value: Any) -> None:
        self.assign(self.value - value)


class Torch:
    """PyTorch with the interface of `library.Ours`."""

    tracing = False

    def __getattr__(self, name: str) -> Any:
        if name not in registry:
            raise AttributeError(f"no op {name!r}")
        return function(name)

    def is_float(self, x: Any) -> bool:
        return bool(x.dtype.is_floating_point)

    def constant(self, array: np.ndarray, like: Any) -> Any:
        return torch.tensor(np.array(array, order="C"))

    def call(self, call: Call, inputs: list[Any]) -> Any:
        args = [inputs] if call.op.variadic else inputs
        y = function(call.op.name)(*args, **call.statics)
        return parts(y) if isinstance(y, tuple) or y.is_complex() else y

    def read(self, variable: Variable) -> Any:
        return variable.value

    def differentiate(
        self, run: Run, x: Any, body: tuple[Step, ...], persistent: bool, weighted: bool
    ) -> list[Any]:
        alias = x.view_as(x) if x.requires_grad else leaf(x)
        run.pool = [alias if y is x else y for y in run.pool]
        for v in run.variables:
            v.begin()
        made = run.made(body) or [alias * alias]
        y = run.target(made)
        leaves = [[alias], *(v.end() for v in run.variables)]
        found = gradients(y, leaves, torch.cos(y) if weighted else torch.ones_like(y))
        if persistent:
            found += gradients(made[0], leaves, torch.ones_like(made[0]))
        run.pool = [x if y is alias else y for y in run.pool]
        return found


def gradients(y: Any, leaves: Sequence[list[Any]], upstream: Any) -> list[Any]:
    """The gradients by sources, each of which stands for several leaves; 0 if unconnected."""
    flat = [x for part in leaves for x in part]
    if not y.requires_grad:
        return [torch.zeros_like(part[0]) for part in leaves]
    found = iter(
        torch.autograd.grad(
            y, flat, upstream, create_graph=True, allow_unused=True, materialize_grads=True
        )
    )
    return [sum(next(found) for _ in part) for part in leaves]


TORCH = Torch()
