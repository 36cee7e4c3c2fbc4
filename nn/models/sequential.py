"""Sequential: layers, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from os import PathLike
from typing import Any

from autodiff import Tensor, Variable
from nn import _weights
from nn.layers import Input, Layer
from nn.layers._layer import Shape
from nn.models._summary import summary_text


class Sequential(Layer):
    """A model that hands its input from layer to layer.

    layers: the layers in order, the first of which may be an `Input`; `add` appends more. Where
        the input's shape is known, from an `Input` or the first layer's `input_shape`, Variables
        are made at once, otherwise at the first call.

    Layers without a name of their own are numbered: dense, dense_1, dense_2, ...

    Raises ValueError for a layer that does not take what the one before gives.

    >>> from nn import layers
    >>> model = Sequential([layers.Flatten(input_shape=(28, 28)), layers.Dense(10, "softmax")])
    >>> model.count_params(), model.output_shape
    (7850, (None, 10))
    >>> import numpy as np
    >>> probabilities = model(np.zeros((2, 28, 28)))
    >>> probabilities.shape, float(probabilities[0].sum())
    ((2, 10), 1.0)
    """

    def __init__(
        self, layers: Iterable[Layer | Input] | None = None, name: str | None = None
    ) -> None:
        super().__init__(name)
        self.layers: list[Layer] = []
        #: shapes of the input and of each layer's output, as far as they are known
        self._shapes: list[Shape] = []
        for layer in layers or ():
            self.add(layer)

    def add(self, layer: Layer | Input) -> None:
        """Append a layer."""
        if isinstance(layer, Input):
            if self.layers or self.declared is not None:
                raise ValueError(f"{self.name!r}: an Input comes first, before all layers")
            self.declared, self._shapes = layer.shape[1:], [layer.shape]
            return
        if not isinstance(layer, Layer):
            raise TypeError(f"{self.name!r}: expected a layer, got {layer!r:.60}")
        if any(other is layer for other in self.layers):
            raise ValueError(f"{self.name!r}: {layer!r} is in this model already")
        self._give_name(layer)
        declared, shapes = self.declared, self._shapes
        if not self.layers and declared is None and layer.declared is not None:
            declared, shapes = layer.declared, [(None, *layer.declared)]
        if shapes:
            shapes = [*shapes, _built(layer, shapes[-1])]
            self.built = True
        if not self.layers:
            self.dtype = layer.dtype
        self.declared, self._shapes = declared, shapes
        self.layers.append(layer)

    def _give_name(self, layer: Layer) -> None:
        """A name that no other layer here has."""
        taken = {other.name for other in self.layers}
        if layer.name not in taken:
            return
        if layer.named:
            raise ValueError(f"{self.name!r}: there is a layer named {layer.name!r} already")
        number = 1
        while f"{layer.name}_{number}" in taken:
            number += 1
        layer.rename(f"{layer.name}_{number}")

    def build(self, input_shape: Shape) -> None:
        """Build every layer for inputs of this shape, batch axis included."""
        if not self.layers:
            raise ValueError(f"{self.name!r} has no layers: add some before it is called")
        shapes = [input_shape]
        for layer in self.layers:
            shapes.append(_built(layer, shapes[-1]))
        self._shapes = shapes

    def call(self, x: Tensor) -> Tensor:
        """The last layer's output."""
        for layer in self.layers:
            x = layer(x)
        return x

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The last layer's output shape."""
        for layer in self.layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    @property
    def input_shape(self) -> Shape:
        """The input's shape, its batch axis None."""
        return self._known_shapes()[0]

    @property
    def output_shape(self) -> Shape:
        """The output's shape, its batch axis None."""
        return self._known_shapes()[-1]

    def _known_shapes(self) -> list[Shape]:
        if not self._shapes:
            raise ValueError(f"{self.name!r} knows no shapes yet: {_HOW_TO_BUILD}")
        return self._shapes

    @property
    def variables(self) -> list[Variable]:
        """All layers' Variables, in order."""
        return [v for layer in self.layers for v in layer.variables]

    def summary(self, print_fn: Callable[[str], Any] = print) -> None:
        """Print a table of the layers, their output shapes and their numbers of parameters.

        >>> from nn import layers
        >>> model = Sequential([layers.Input((784,)), layers.Dense(100), layers.Dense(10)])
        >>> model.summary()
        Model: "sequential"
        ┏━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━┓
        ┃ Layer (type)    ┃ Output Shape ┃ Param # ┃
        ┡━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━━┩
        │ dense (Dense)   │ (None, 100)  │  78,500 │
        ├─────────────────┼──────────────┼─────────┤
        │ dense_1 (Dense) │ (None, 10)   │   1,010 │
        └─────────────────┴──────────────┴─────────┘
         Total params: 79,510 (310.59 KB)
         Trainable params: 79,510 (310.59 KB)
         Non-trainable params: 0 (0.00 B)
        """
        print_fn(summary_text(self.name, self.layers, self._shapes[1:], self.variables))

    def save_weights(self, path: str | PathLike[str]) -> None:
        """Write all Variables to a safetensors file, whole or not at all.

        Raises ValueError for a model that is not built, ImportError without safetensors.
        """
        self._known_shapes()
        _weights.save(path, self.variables)

    def load_weights(self, path: str | PathLike[str]) -> None:
        """Take all Variables' values from a file that `save_weights` wrote.

        Raises ValueError for a model that is not built, and for a file that is truncated, foreign
        or another model's, naming what differs; the model is then as it was.
        """
        self._known_shapes()
        _weights.load(path, self.variables)


_HOW_TO_BUILD = "call it on a batch, or give the first layer its input_shape"


def _built(layer: Layer, input_shape: Shape) -> Shape:
    """The output shape of the layer, built for this input shape."""
    layer.build_for(input_shape)
    return layer.compute_output_shape(input_shape)
