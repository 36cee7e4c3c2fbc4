"""custom_gradient: functions that bring a gradient of their own."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .. import _nest
from ..arrays._backend import as_data
from ..arrays._device import device_of, made
from ..engine._calls import constant
from ..engine._graph import INPUT, NODES, PICK, Graph, Record, parents, thread
from ..engine._pulls import add_up
from ..engine._tensor import Tensor
from ..engine._variable import Variable
from ..ops.creation import asarray
from ..ops.shaping import reshape, stack


class Custom:
    """Record of a function with its own gradient: inputs are its arguments, then rule, shapes."""

    label = "f"
    inputs = ("args",)
    statics = ("rule", "outs", "inner")
    outputs = None
    role = "custom gradient"

    def __init__(self, name: str) -> None:
        self.name = self.label = name

    def arity(self, record: Record) -> int:
        return (len(record) - NODES - 3) // 2

    def pull(self, record: Record, g: Any, grads: list[Any], sums: set[int]) -> None:
        """Call the user's rule with the upstream gradient of every output."""
        n = self.arity(record)
        nodes, inputs = record[NODES : NODES + n], record[NODES + n : NODES + 2 * n]
        rule, outs, _ = record[NODES + 2 * n :]
        first = next(iter(g.values()))
        traced = isinstance(first, Tensor)
        where = device_of(first)
        lead = first.shape[: first.ndim - len(outs[next(iter(g))][0])]
        upstream = [
            g[k] if k in g else made(where, "zeros", lead + shape, dtype)
            for k, (shape, dtype) in enumerate(outs)
        ]
        tensors = [u if isinstance(u, Tensor) else constant(u) for u in upstream]
        results = self._call(rule, tensors, lead, inputs, nodes)
        for node, result in zip(nodes, results, strict=True):
            if node is None or result is None:
                continue
            # a copy: the rule may give back an array that somebody holds
            more: Any = result if traced else as_data(result._data.copy())
            total = grads[node]
            grads[node] = more if total is None else add_up(total, more, node, sums)

    def _call(
        self,
        rule: Callable[..., Any],
        upstream: list[Tensor],
        lead: tuple[int, ...],
        inputs: Any,
        nodes: Sequence[int | None],
    ) -> list[Tensor | None]:
        """The rule's gradients, checked; for extra leading axes one call for each element.

        nodes: of each input; None where no gradient is needed.
        """
        if lead:
            n = math.prod(lead)
            flat = [reshape(u, (n, *u.shape[len(lead) :])) for u in upstream]
            rows = [self._call(rule, [u[k] for u in flat], (), inputs, nodes) for k in range(n)]
            if not n:
                where = device_of(upstream[0])
                empty = [made(where, "zeros", lead + shape, dtype) for shape, dtype in inputs]
                return [constant(x) for x in empty]
            return [
                None if column[0] is None else reshape(stack(column), lead + column[0].shape)
                for column in zip(*rows, strict=True)
            ]
        results = rule(*upstream)
        results = list(results) if isinstance(results, (list, tuple)) else [results]
        if len(results) != len(inputs):
            raise ValueError(
                f"custom_gradient {self.name}: the gradient function gave {len(results)} "
                f"gradients for {len(inputs)} arguments"
            )
        return [
            self._fit(k, r, shape, dtype)
            for k, (r, (shape, dtype)) in enumerate(zip(results, inputs, strict=True))
        ]

    def _fit(self, k: int, result: Any, shape: Any, dtype: Any) -> Tensor | None:
        if result is None:
            return None
        gradient = asarray(result, dtype)
        if gradient.shape != shape:
            raise ValueError(
                f"custom_gradient {self.name}: the gradient of argument {k} has shape "
                f"{gradient.shape}; the argument has {shape}"
            )
        return gradient


def custom_gradient(f: Callable[..., tuple[Any, Callable[..., Any]]]) -> Callable[..., Any]:
    """Decorate a function that gives its value and its own gradient function.

    TensorFlow's `tf.custom_gradient`: f(*args) returns (value or tuple of values, gradient),
    where gradient(*upstream) gives one gradient per argument (None for none). It is differentiated
    again through the ops that `gradient` uses. It may do anything with its upstream gradient, so
    that Jacobians call it for each of their rows.

    Raises:
        TypeError: f reads a Variable that is not among its arguments, or returns something else.
        ValueError: gradients of another number or shape than the arguments.

    >>> @custom_gradient
    ... def log1pexp(x):
    ...     e = ad.exp(x)
    ...     return ad.log(1 + e), lambda upstream: upstream * (1 - 1 / (1 + e))
    >>> import autodiff as ad
    >>> ad.grad(log1pexp)(50.0)
    Tensor(1., dtype=float32)
    """
    op = Custom(getattr(f, "__name__", "custom"))

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        graph = thread.graph
        tensors = [_now(asarray(x), graph) for x in args]
        start = len(graph.records) if graph is not None else 0
        answer = f(*tensors, **kwargs)
        if not (isinstance(answer, tuple) and len(answer) == 2 and callable(answer[1])):
            raise TypeError(
                f"custom_gradient {op.name}: returned {type(answer).__name__}; "
                "expected (value, gradient function)"
            )
        value, rule = answer
        outs = [asarray(v) for v in _nest.flatten(value)]
        if graph is not None:
            _refuse_captured(op.name, graph, start, tensors)
            nodes = [tracked_node(graph, x) for x in tensors]
            outs = record_call(op, graph, nodes, tensors, outs, rule)
        return _nest.rebuild(value, outs)

    return wrapped


def _refuse_captured(name: str, graph: Graph, start: int, args: list[Tensor]) -> None:
    """What f uses without taking it as an argument would silently get no gradient."""
    given = {x._node for x in args if x._token is graph.token}
    for record in graph.records[start:]:
        for node in parents(record):
            if node is None or node in given:
                continue
            leaf = graph.records[node]
            if leaf[0] is INPUT and isinstance(leaf[3], Variable):
                what = f"reads Variable {leaf[3].name!r}"
            elif node < start:
                what = "uses a recorded Tensor that is not among its arguments"
            else:
                continue
            raise TypeError(
                f"custom_gradient {name}: {what}, which would get no gradient; "
                "pass it as an argument, or ad.stop_gradient of it"
            )


def record_call(
    op: Custom,
    graph: Graph,
    nodes: Iterable[int | None],
    args: Iterable[Tensor],
    results: list[Tensor],
    rule: Callable[..., Any],
) -> list[Tensor]:
    """The call as a record, and one more for each output; the outputs, tracked."""
    nodes = list(nodes)
    if all(node is None for node in nodes):
        return [constant(y._data) for y in results]
    outs = tuple(y._data for y in results)
    inner = tuple(y._node if y._token is graph.token else None for y in results)
    shapes = tuple((y.shape, y.dtype) for y in outs)
    whole = len(graph.records)
    kept = [(x.shape, x.dtype) for x in args]
    graph.records.append((op, None, outs, *nodes, *kept, rule, shapes, inner))
    recorded = []
    for k, y in enumerate(outs):
        result = constant(y)
        if y.dtype.kind in "fc":
            result._token = graph.token
            result._node = len(graph.records)
            graph.records.append((PICK, None, y, whole, None, k))
        recorded.append(result)
    return recorded


def _now(x: Tensor, graph: Graph | None) -> Tensor:
    """The value of now, at its node: a rule may close over its arguments, and Variables change."""
    result = constant(x._data)
    node = None if graph is None or x._token is None else tracked_node(graph, x)
    if node is not None and graph is not None:
        result._token, result._node = graph.token, node
    return result


def tracked_node(graph: Graph, x: Tensor) -> int | None:
    """The node of a Tensor that has a gradient."""
    if x._token is None or x.dtype.kind not in "fc":
        return None
    return x._node if x._token is graph.token else graph.read(x)
