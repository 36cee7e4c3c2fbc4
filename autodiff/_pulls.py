"""Gradients pulled through one record: each rule called, broadcasting undone, results added up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ._backend import namespace
from ._broadcast import undo
from ._graph import NODES, Record

if TYPE_CHECKING:
    from ._op import Op

Pull = Callable[[Record, Any, list[Any], set[int]], None]


def add_up(total: Any, more: Any, node: int, sums: set[int]) -> Any:
    """`total + more`; in place where `total` is a sum that was made here.

    A first contribution may be the upstream gradient itself or a view of it, so it is never
    written to. `sums` holds the nodes whose gradient is an array made here.
    """
    if node in sums:
        total += more
        return total
    total = total + more
    if type(total) is np.ndarray:
        sums.add(node)
    return total


def make_pull(op: Op) -> Pull:
    """The function that pulls an upstream gradient through a record of `op`."""
    if op.variadic:
        return _variadic(op)
    edges = tuple((NODES + k, k, rule, pick) for k, rule, pick in op.edges)

    def pull(record: Record, g: Any, grads: list[Any], sums: set[int]) -> None:
        xp = namespace(g)
        context = (*record, g, xp)
        how = record[1]
        for place, k, rule, pick in edges:
            node = record[place]
            if node is not None:
                more = rule(*pick(context))
                if how is not None and how[k] is not None:
                    more = undo(more, how[k], xp)
                total = grads[node]
                grads[node] = more if total is None else add_up(total, more, node, sums)

    return pull


def _variadic(op: Op) -> Pull:
    """A rule of a sequence of inputs gives a gradient for each."""
    ((_, rule, pick),) = op.edges

    def pull(record: Record, g: Any, grads: list[Any], sums: set[int]) -> None:
        xp = namespace(g)
        end = NODES + op.arity(record)
        nodes, inputs = record[NODES:end], record[end : end + len(record[NODES:end])]
        rest = record[end + len(nodes) :]
        how = record[1]
        gradients = rule(*pick((*record[:NODES], nodes, inputs, *rest, g, xp)))
        for k, (node, more) in enumerate(zip(nodes, gradients, strict=True)):
            if node is not None:
                if how is not None and how[k] is not None:
                    more = undo(more, how[k], xp)
                total = grads[node]
                grads[node] = more if total is None else add_up(total, more, node, sums)

    return pull
