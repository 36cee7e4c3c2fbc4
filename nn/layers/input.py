"""Input: where a model begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autodiff import Tensor, astype
from nn.layers._layer import Layer
from nn.layers._node import Call, Node
from nn.layers._shape import Shape, shape_of


class InputLayer(Layer):
    """The layer in which an `Input` arrives; hands it on."""

    def __init__(self, shape: Shape, dtype: Any = None, name: str | None = None) -> None:
        super().__init__(name or "input_layer", shape[1:])
        self.named = name is not None
        self.built = True
        #: what inputs are cast to, where that was said
        self.cast_to = dtype

    def cast(self, x: Tensor) -> Tensor:
        """The input as it is, or in the dtype that was said."""
        return x if self.cast_to is None else astype(x, self.cast_to)

    def call(self, x: Tensor) -> Tensor:
        """x itself."""
        return self.cast(x)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        return input_shape


class Input(Node):
    """The Node that a model's input will be, so that its layers are built at once.

    shape: without the batch axis; None where a length is open.
    batch_size: length of the batch axis, open if not given.
    dtype: what the input is cast to; if not given each layer casts what it takes.
    name: for inputs that come in a dictionary.

    Raises TypeError or ValueError for what is no shape.

    >>> Input(shape=(28, 28)).shape
    (None, 28, 28)
    """

    def __init__(
        self,
        shape: Sequence[int | None],
        batch_size: int | None = None,
        dtype: Any = None,
        name: str | None = None,
    ) -> None:
        whole = (batch_size, *shape_of(shape, name or "input_layer"))
        layer = InputLayer(whole, dtype, name)
        super().__init__(whole, "float32" if dtype is None else dtype, Call(layer, (), {}))
        self.call.outputs = self
        layer._calls.append(self.call)
