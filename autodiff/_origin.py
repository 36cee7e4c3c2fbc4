"""What a Tensor was made of, where its op says that this is worth remembering.

Cross-entropy of softmax(z) is computed from z: probabilities that were rounded to 0 and 1 no longer
say what the logits say. So a result of such an op holds the raw array that it was made of, beside
what every Tensor holds. The node that the array came from stands in the graph's record, and no
Tensor is kept alive.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ._calls import as_tensor, constant
from ._graph import LEAF, NODES, Graph, thread
from ._tensor import Tensor

if TYPE_CHECKING:
    from ._op import Op


def remembering(op: Op, call: Callable[..., Any]) -> Callable[..., Any]:
    """The call of an op of one input, whose results remember what they were made of."""
    name = op.inputs[0]

    def remember(x: Any, /, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(x, Tensor):
            x = as_tensor(op, name, x)
        result = call(x, *args, **kwargs)
        result._origin = (op, x._data, args, kwargs)
        return result

    return remember


def made_of(x: Tensor, op: str, **statics: Any) -> Tensor | None:
    """The Tensor that the op of this name made x of, with these statics.

    None where x was made otherwise, or a tape watches x itself: its gradient is asked for, and
    what is computed from here on must be computed from x.

    >>> import autodiff as ad
    >>> made_of(ad.softmax([1000.0, 0.0]), "softmax", axis=-1)
    Tensor([1000.,    0.], dtype=float32)
    """
    origin = getattr(x, "_origin", None)
    if origin is None or origin[0].name != op or x._token is LEAF:
        return None
    maker, data, args, kwargs = origin
    given = inspect.signature(maker.forward).bind(None, data, *args, **kwargs)
    given.apply_defaults()
    for name, value in statics.items():
        normal = maker.normalise.get(name, lambda value, _: value)
        if normal(value, data) != normal(given.arguments[name], data):
            return None
    result: Tensor = constant(data)
    graph = thread.graph
    if graph is not None and x._token is graph.token:
        if _watched(graph, x._node):
            return None
        result._token, result._node = x._token, graph.records[x._node][NODES]
    return result


def _watched(graph: Graph, node: int) -> bool:
    return any(node in watcher.nodes for watcher in graph.watchers)
