"""Layers called before there are numbers: the graph that `models.Model` is made of."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff import _nest
from nn.layers._shape import Shape

if TYPE_CHECKING:
    from nn.layers._layer import Layer


_numbers = count()


class Call:
    """A layer called on Nodes: which, on what, and the Nodes that came out."""

    def __init__(self, layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.layer = layer
        self.args = args
        self.kwargs = kwargs
        #: a Node, or a nest of them
        self.outputs: Any = None
        #: calls that this one takes its inputs from have smaller numbers
        self.number = next(_numbers)

    @property
    def inputs(self) -> list[Node]:
        """The Nodes among the arguments."""
        return nodes_in((self.args, self.kwargs))


class Node:
    """What a layer will give, before there are numbers: a shape, a dtype, and the call it is from.

    Layers take Nodes as they take Tensors and give Nodes; so do the arithmetic operators and
    indexing. `models.Model(inputs, outputs)` is made of what lies between two of them.

    shape: batch axis first, None where a length is open.

    >>> from nn import layers
    >>> x = layers.Input((28, 28))
    >>> h = layers.Dense(16)(layers.Flatten()(x))
    >>> h.shape, (h + 1.0)[:, :3].shape
    ((None, 16), (None, 3))
    """

    #: NumPy arrays on the left leave operators to this class
    __array_ufunc__ = None
    __hash__ = object.__hash__

    def __init__(self, shape: Shape, dtype: Any, call: Call) -> None:
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self.call = call

    @property
    def ndim(self) -> int:
        """Number of axes, the batch axis included."""
        return len(self.shape)

    @property
    def name(self) -> str:
        """The name of the layer that it comes from."""
        return self.call.layer.name

    def __repr__(self) -> str:
        return f"<Node {self.shape} {self.dtype} from {self.name!r}>"

    def __bool__(self) -> bool:
        raise TypeError(f"{self!r} has no value yet, so it is neither true nor false")

    def __iter__(self) -> Any:
        raise TypeError(f"{self!r} has no rows yet to go through")

    def __add__(self, other: Any) -> Any:
        return _operation("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return _operation("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return _operation("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return _operation("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return _operation("multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return _operation("multiply", other, self)

    def __truediv__(self, other: Any) -> Any:
        return _operation("divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _operation("divide", other, self)

    def __pow__(self, other: Any) -> Any:
        return _operation("power", self, other)

    def __rpow__(self, other: Any) -> Any:
        return _operation("power", other, self)

    def __matmul__(self, other: Any) -> Any:
        return _operation("matmul", self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return _operation("matmul", other, self)

    def __neg__(self) -> Any:
        return _operation("negative", self)

    def __abs__(self) -> Any:
        return _operation("absolute", self)

    def __getitem__(self, index: Any) -> Any:
        return _operation("get_item", self, index)


def nodes_in(structure: Any) -> list[Node]:
    """The Nodes in a nest, in order."""
    return [leaf for leaf in _nest.flatten(structure) if isinstance(leaf, Node)]


def _operation(name: str, *operands: Any) -> Any:
    from nn.layers._operation import Operation

    return Operation(name)(*operands)
