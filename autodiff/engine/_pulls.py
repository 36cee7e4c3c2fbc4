"""Gradients pulled through one record: each rule called, broadcasting undone, results added up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays._backend import NAMESPACES
from ._broadcast import undo
from ._graph import NODES, OUT, Record
from ._parameters import names

if TYPE_CHECKING:
    from ._op import Op

_ndarray = np.ndarray
Pull = Callable[[Record, Any, list[Any], set[int]], None]


def add_up(total: Any, more: Any, node: int, sums: set[int]) -> Any:
    """`total + more`; in place where `total` is a sum that was made here.

    A first contribution may be the upstream gradient itself or a view of it, so it is never
    written to. `sums` holds the nodes whose gradient is an array made here.
    """
    if type(total) is not _ndarray:
        return total + more  # scalars and Tensors are values
    if node in sums:
        total += more
        return total
    sums.add(node)
    return total + more


def make_pull(op: Op) -> Pull:
    """The function that pulls an upstream gradient through a record of `op`.

    Rules that ask for no more than g and one thing kept, most of arithmetic, are called directly.
    """
    if op.variadic:
        return _variadic(op)
    if op.outputs:
        return _several(op)
    places = [_kept_place(op, name) for name in op.rules]
    if -1 in places or len(places) > 2 or not places or op.underived:
        return _general(op)
    return _one(op, *places) if len(places) == 1 else _two(op, *places)


def _kept_place(op: Op, name: str) -> int | None:
    """Where the one thing stands that a rule asks for besides g; None for nothing, -1 if more."""
    wanted = names(op.rules[name])
    if wanted == ("g",):
        return None
    if len(wanted) != 2 or wanted[0] != "g" or wanted[1] not in ("out", *op.inputs):
        return -1
    if wanted[1] == "out":
        return OUT
    return NODES + len(op.inputs) + op.inputs.index(wanted[1])


def _one(op: Op, kept: int | None) -> Pull:
    ((k, rule, _),) = op.edges
    place = NODES + k

    def pull(record: Record, g: Any, grads: list[Any], sums: set[int]) -> None:
        node = record[place]
        if node is not None:
            more = rule(g) if kept is None else rule(g, record[kept])
            how = record[1]
            if how is not None and how[k] is not None:
                more = undo(more, how[k])
            total = grads[node]
            grads[node] = more if total is None else add_up(total, more, node, sums)

    return pull


def _two(op: Op, x_kept: int | None, y_kept: int | None) -> Pull:
    x_rule, y_rule = (op.rules[name] for name in op.inputs)

    def pull(record: Record, g: Any, grads: list[Any], sums: set[int]) -> None:
        how = record[1]
        node = record[NODES]
        if node is not None:
            more = x_rule(g) if x_kept is None else x_rule(g, record[x_kept])
            if how is not None and how[0] is not None:
                more = undo(more, how[0])
            total = grads[node]
            grads[node] = more if total is None else add_up(total, more, node, sums)
        node = record[NODES + 1]
        if node is not None:
            more = y_rule(g) if y_kept is None else y_rule(g, record[y_kept])
            if how is not None and how[1] is not None:
                more = undo(more, how[1])
            total = grads[node]
            grads[node] = more if total is None else add_up(total, more, node, sums)

    return pull


def _general(op: Op) -> Pull:
    edges = tuple((NODES + k, k, rule, pick) for k, rule, pick in op.edges)
    several = op.outputs

    def pull(record: Record, g: Any, grads: list[Any], sums: set[int]) -> None:
        context = (*record, g, NAMESPACES[type(g if several is None else _first(g))])
        how = record[1]
        for place, k, rule, pick in edges:
            node = record[place]
            if node is not None:
                more = rule(*pick(context))
                if how is not None and how[k] is not None:
                    more = undo(more, how[k])
                total = grads[node]
                grads[node] = more if total is None else add_up(total, more, node, sums)

    return pull


def _first(parts: tuple[Any, ...]) -> Any:
    """One of the gradients of several outputs."""
    return next(g for g in parts if g is not None)


def _several(op: Op) -> Pull:
    """Rules of an op with several outputs get the gradient of each; what came is `{which: g}`."""
    assert op.outputs is not None
    pull_all, count = _general(op), len(op.outputs._fields)  # type: ignore[attr-defined]

    def pull(record: Record, g: Any, grads: list[Any], sums: set[int]) -> None:
        pull_all(record, tuple(g.get(k) for k in range(count)), grads, sums)

    return pull


def _variadic(op: Op) -> Pull:
    """A rule of a sequence of inputs gives a gradient for each."""
    ((_, rule, pick),) = op.edges

    def pull(record: Record, g: Any, grads: list[Any], sums: set[int]) -> None:
        end = NODES + op.arity(record)
        nodes, inputs = record[NODES:end], record[end : end + len(record[NODES:end])]
        rest = record[end + len(nodes) :]
        how = record[1]
        gradients = rule(*pick((*record[:NODES], nodes, inputs, *rest, g, NAMESPACES[type(g)])))
        for k, (node, more) in enumerate(zip(nodes, gradients, strict=True)):
            if node is not None:
                if how is not None and how[k] is not None:
                    more = undo(more, how[k])
                total = grads[node]
                grads[node] = more if total is None else add_up(total, more, node, sums)

    return pull
