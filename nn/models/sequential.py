"""Sequential: layers, one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nn.layers import Input, Layer, Node, _holds
from nn.models._network import Network
from nn.models.model import Model


class Sequential(Model):
    """A model that hands its input from layer to layer.

    layers: the layers in order, the first of which may be an `Input`; `add` appends more, `pop`
        takes the last away. Where the input's shape is known, from an `Input` or the first layer's
        `input_shape`, Variables are made at once, otherwise at the first call.

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
    >>> model.summary()
    Model: "sequential"
    ┏━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━┓
    ┃ Layer (type)      ┃ Output Shape ┃ Param # ┃
    ┡━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━━┩
    │ flatten (Flatten) │ (None, 784)  │       0 │
    ├───────────────────┼──────────────┼─────────┤
    │ dense (Dense)     │ (None, 10)   │   7,850 │
    └───────────────────┴──────────────┴─────────┘
     Total params: 7,850 (30.66 KB)
     Trainable params: 7,850 (30.66 KB)
     Non-trainable params: 0 (0.00 B)
    """

    def __init__(
        self, layers: Iterable[Layer | Input] | None = None, name: str | None = None, **common: Any
    ) -> None:
        super().__init__(name=name, **common)
        self._layers: list[Layer] = []
        #: the input and each layer's output, once the input's shape is known
        self._nodes: list[Node] = []
        for layer in layers or ():
            self.add(layer)

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order."""
        return list(self._layers)

    def add(self, layer: Layer | Input) -> None:
        """Append a layer."""
        if isinstance(layer, Input):
            if self._layers or self._nodes:
                raise ValueError(f"{self.name!r}: an Input comes first, before all layers")
            self._extend([layer])
            return
        if not isinstance(layer, Layer):
            raise TypeError(f"{self.name!r}: expected a layer, got {layer!r:.60}")
        if any(other is layer for other in self._layers):
            raise ValueError(f"{self.name!r}: {layer!r} is in this model already")
        _holds.give_names([*self._layers, layer], self.name)
        nodes = self._nodes
        if not nodes and not self._layers and layer.declared is not None:
            nodes = [Input(layer.declared)]
        if nodes:
            nodes = [*nodes, self._checked(layer(nodes[-1]))]
        self._layers.append(layer)
        self._extend(nodes)

    def pop(self) -> Layer:
        """Take the last layer away; returns it. ValueError if there is none."""
        if not self._layers:
            raise ValueError(f"{self.name!r} has no layers to take away")
        self._extend(self._nodes[:-1] if self._nodes else [])
        return self._layers.pop()

    def build(self, input_shape: Any) -> None:
        """Build every layer for inputs of this shape, batch axis included."""
        if not self._layers:
            raise ValueError(f"{self.name!r} has no layers: add some before it is called")
        nodes: list[Node] = self._nodes or [Input(input_shape[1:], input_shape[0])]
        for layer in self._layers[len(nodes) - 1 :]:
            nodes = [*nodes, self._checked(layer(nodes[-1]))]
        self._extend(nodes)

    def call(self, x: Any) -> Any:
        """The last layer's output."""
        for layer in self._layers:
            x = layer(x)
        return x

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The last layer's output shape."""
        for layer in self._layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def _extend(self, nodes: list[Node]) -> None:
        """Know these Nodes, from the input to the last layer's output."""
        self._nodes = nodes
        self._network = Network(nodes[0], nodes[-1], self.name) if nodes else None
        self.declared = nodes[0].shape[1:] if nodes else None
        self.built = len(nodes) > 1

    def _checked(self, node: Any) -> Node:
        """A layer's output, which here is a single one."""
        if not isinstance(node, Node):
            raise ValueError(
                f"{self.name!r}: each layer gives one output; given {node!r:.80}. "
                "models.Model(inputs, outputs) is for several"
            )
        return node
