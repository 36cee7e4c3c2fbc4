"""What a Tensor was made of, where its op says that this is worth remembering.

Cross-entropy of softmax(z) is computed from z: probabilities that were rounded to 0 and 1 no longer
say what the logits say. So a result of such an op holds the raw array that it was made of, beside
what every Tensor holds. The node that the array came from stands in the graph's record, and no
Tensor is kept alive.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ._calls import as_tensor, binder, constant
from ._graph import LEAF, NODES, thread
from ._tensor import Tensor

if TYPE_CHECKING:
    from ._op import Op


def remembering(op: Op, call: Callable[..., Any]) -> Callable[..., Any]:
    """The call of an op of one input, whose results remember what they were made of."""
    name = op.inputs[0]
    bind = binder(op)

    def statics(data: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The static arguments of a call, by name and normalised."""
        values = dict(zip(op.statics, bind(args, kwargs), strict=True))
        return values | {name: f(values[name], data) for name, f in op.normalise.items()}

    def remember(x: Any, /, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(x, Tensor):
            x = as_tensor(op, name, x)
        result = call(x, *args, **kwargs)
        graph = thread.graph
        watchers = () if graph is None else tuple(graph.watchers)
        result._origin = (op.name, x._data, args, kwargs, statics, watchers)
        return result

    return remember


def made_of(x: Tensor, op: str, **statics: Any) -> Tensor | None:
    """The Tensor that the op of this name made x of, with these statics.

    None where x was made otherwise; where a tape watches x itself, whose gradient is asked for, so
    that what follows must be computed from x; and where a tape records now that did not when x was
    made, since to that tape x is a constant.

    >>> import autodiff as ad
    >>> made_of(ad.softmax([1000.0, 0.0]), "softmax", axis=-1)
    Tensor([1000.,    0.], dtype=float32)
    """
    origin = getattr(x, "_origin", None)
    if origin is None or origin[0] != op or x._token is LEAF:
        return None
    _, data, args, kwargs, normal, watchers = origin
    if statics and normal(data, (), statics) != normal(data, args, kwargs):
        return None
    result: Tensor = constant(data)
    graph = thread.graph
    if graph is not None and x._token is graph.token:
        if any(w not in watchers or x._node in w.nodes for w in graph.watchers):
            return None
        result._token, result._node = x._token, graph.records[x._node][NODES]
    return result
