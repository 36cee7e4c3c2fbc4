"""Raw results of ops as Tensors: constants, or tracked by a record in the graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays._backend import INEXACT_SCALARS, as_data
from ._broadcast import shape_of
from ._graph import PICK, Graph, Record, thread
from ._tensor import Tensor

if TYPE_CHECKING:
    from ._op import Op

_new = object.__new__
_ndarray = np.ndarray


def constant(data: Any) -> Tensor:
    """A Tensor that nothing depends on, around a raw result that nobody else holds."""
    kind = type(data)
    if kind is not _ndarray and kind not in INEXACT_SCALARS:
        data = as_data(data)
    result = _new(Tensor)
    result._data = data
    result._token = None
    return result


def finisher(op: Op) -> Callable[..., Any]:
    """What a call of any kind does with its raw result: `finish(tensors, arrays, statics, r)`."""
    inputs, variadic, outputs = op.inputs, op.variadic, op.outputs
    rules = {*op.rules, *op.underived}
    shaped = bool(op.extras)

    def finish(tensors: Sequence[Any], arrays: Sequence[Any], values: Any, r: Any) -> Any:
        graph = thread.graph
        if graph is None or (not rules and graph.trace is None):
            return outputs(*map(constant, r)) if outputs else constant(r)
        traced = graph.trace is not None
        nodes: list[int | None] = []
        for k, x in enumerate(tensors):
            node = None
            if not isinstance(x, Tensor) or x._token is None:
                pass
            elif variadic or traced or inputs[k] in rules:
                node = x._node if x._token is graph.token else graph.read(x)
            nodes.append(node)
        if all(node is None for node in nodes):
            return outputs(*map(constant, r)) if outputs else constant(r)
        if not outputs and r.dtype.kind not in "fc" and not traced:
            return constant(r)
        how = op.undo(tuple(arrays), r) if op.undo is not None else None
        names = inputs * len(arrays) if variadic else inputs
        needs = {
            need
            for k, i in enumerate(nodes)
            if i is not None
            for need in op.keeps.get(names[k], ())
        }
        kept = [
            a if i is None or name in needs else None
            for a, i, name in zip(arrays, nodes, names, strict=True)
        ]
        extras: list[Any] = [shape_of(a) for a in arrays] if shaped else []
        if variadic and shaped:
            extras = [tuple(extras)]
        record = (op, how, r if "out" in needs else None, *nodes, *kept, *values, *extras)
        if outputs:
            return outputs(*_parts(graph, record, r))
        result = _new(Tensor)
        result._data = r
        result._token = graph.token
        result._node = len(graph.records)
        graph.records.append(record)
        return result

    return finish


def _parts(graph: Graph, record: Record, outs: tuple[Any, ...]) -> list[Tensor]:
    """The outputs of an op that has several, tracked: a record for all, and one for each."""
    whole = len(graph.records)
    graph.records.append(record)
    results = []
    for k, y in enumerate(outs):
        result = constant(y)
        if y.dtype.kind in "fc" or graph.trace is not None:
            result._token = graph.token
            result._node = len(graph.records)
        graph.records.append((PICK, None, y, whole, None, k))
        results.append(result)
    return results
