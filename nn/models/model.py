"""Model: layers put together in any way."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from typing import Any

from autodiff import Tensor, _nest
from autodiff.diagram import Diagram
from nn import _weights
from nn.layers import Layer, Node, _holds
from nn.models._network import Network
from nn.models._summary import summary_text
from nn.models._trainer import Trainer


class Model(Trainer):
    """Layers as one: what lies between inputs and outputs, or what a subclass's `call` says.

    inputs, outputs: Nodes, as `layers.Input` and called layers give them, alone or in a list or
        dictionary. Branches, several inputs and outputs, and layers that are called more than once
        are fine. A Node inside another model may be an output: the second model shares its layers.

    A subclass without inputs and outputs makes its layers in the constructor and states in `call`
    what it does with them.

    Raises ValueError where an output does not come from the inputs alone.

    >>> from nn import layers
    >>> x = layers.Input((4,))
    >>> h = layers.Dense(3, "relu")(x)
    >>> y = layers.Dense(1)(layers.concatenate([x, h]))
    >>> model, hidden = Model(x, y), Model(x, h)
    >>> import numpy as np
    >>> model(np.ones((2, 4))).shape, hidden(np.ones((2, 4))).shape
    ((2, 1), (2, 3))
    """

    def __init__(
        self, inputs: Any = None, outputs: Any = None, name: str | None = None, **common: Any
    ) -> None:
        super().__init__(name, **common)
        self._network: Network | None = None
        self._network_layers: list[Layer] = []
        if (inputs is None) != (outputs is None):
            raise ValueError(f"{self.name!r}: inputs and outputs come together")
        if inputs is not None:
            network = Network(inputs, outputs, self.name)
            _holds.give_names(network.layers, self.name)
            self._network, self._network_layers = network, network.layers
            self.built = True

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order."""
        return _holds.layers(self)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of this name, or at this place; ValueError if there is none."""
        layers = self.layers
        if (name is None) == (index is None):
            raise ValueError(f"{self.name!r}: get_layer takes a name or an index")
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(f"{self.name!r} has {len(layers)} layers, none at {index}")
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        known = ", ".join(repr(layer.name) for layer in layers)
        raise ValueError(f"{self.name!r} has no layer {name!r}; it has {known}")

    # -- what it computes ------------------------------------------------------------------------

    def cast(self, x: Tensor) -> Tensor:
        """The input as it is: the layers cast what they take."""
        return x

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The outputs for these inputs; for a subclass to say where there are no Nodes."""
        if self._network is None:
            return super().call(*args, **kwargs)
        return self._network.run(args[0])

    def _computes(self) -> bool:
        """Whether it has Nodes, or a subclass says `call`."""
        return self._network is not None or type(self).call is not Model.call

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The outputs' shapes for inputs of these shapes, batch axis included."""
        network = self._network
        if network is not None:
            stated = _nest.replace(network.inputs, lambda node: node.shape)
            if input_shape == stated:
                return _nest.replace(network.outputs, lambda node: node.shape)
        return super().compute_output_shape(input_shape)

    # -- inputs and outputs ----------------------------------------------------------------------

    @property
    def inputs(self) -> list[Node]:
        """The Nodes that it begins with."""
        return self._known_network().input_nodes

    @property
    def outputs(self) -> list[Node]:
        """The Nodes that it ends with."""
        return self._known_network().output_nodes

    @property
    def input(self) -> Any:
        """The Node that it begins with, or the list or dictionary of them."""
        return self._known_network().inputs

    @property
    def output(self) -> Any:
        """The Node that it ends with, or the list or dictionary of them."""
        return self._known_network().outputs

    @property
    def input_shape(self) -> Any:
        """The input's shape, its batch axis None; for several a list or dictionary."""
        return _nest.replace(self._known_network().inputs, lambda node: node.shape)

    @property
    def output_shape(self) -> Any:
        """The output's shape, its batch axis None; for several a list or dictionary."""
        return _nest.replace(self._known_network().outputs, lambda node: node.shape)

    @property
    def output_names(self) -> list[str] | None:
        """What each output is called, where the model has Nodes."""
        return None if self._network is None else self._network.output_names

    def _known_network(self) -> Network:
        if self._network is None:
            raise ValueError(
                f"{self.name!r} knows no shapes yet: call it on a batch, or give the first layer "
                "its input_shape"
            )
        return self._network

    # -- what it says and keeps ------------------------------------------------------------------

    def summary(self, print_fn: Callable[[str], Any] = print) -> None:
        """Print a table of the layers, their output shapes and their numbers of parameters.

        Where layers have other inputs than the one before, a column says which.
        """
        print_fn(summary_text(self.name, self.layers, self._network, self.weights))

    def diagram(self, x: Any = None, y: Any = None, **options: Any) -> Diagram:
        """The model as a diagram: its layers, or with a batch all that they compute of it.

        x: inputs as for `predict`; every layer is a frame that opens, with values and gradients on
            the wires. y: labels, for the gradients of the loss; without them of the outputs' sum.
        options: `depth`, `theme` and `title`; with a batch all of `GradientTape.diagram`.

        Nothing changes: layers run as they do in `predict`. Raises ValueError for a model without
        Nodes where no batch is given, RuntimeError for labels before `compile`.

        >>> from nn import layers, models
        >>> model = models.Sequential([layers.Input((4,)), layers.Dense(3, name="hidden")])
        >>> model.diagram()
        <Diagram: 3 nodes, 2 wires>
        >>> import numpy as np
        >>> model.diagram(np.ones((2, 4)), depth=0).shown.picture.nodes[1].role
        '2 gates'
        """
        from nn.models._diagram import architecture, of_batch

        if x is not None:
            return of_batch(self, x, y, options)
        if self._network is None:
            raise ValueError(
                f"{self.name!r} knows no shapes yet: call it on a batch, give the first layer its "
                "input_shape, or give diagram a batch to draw"
            )
        return architecture(self._network, self.name, options)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the whole model to a file, for `models.load_model`.

        Kept are the layers and their weights, and of a compiled model what it was compiled with and
        the state of its optimizer; classes and functions of your own by name. Any program can read
        the weights, as the file is in safetensors format; it is replaced whole or left as it was.

        Raises TypeError for a model of a class that says `call` itself, and for functions without
        a name, ValueError for a model that is not built.
        """
        from nn.models.saving import save_model

        save_model(self, path)

    def save_weights(self, path: str | PathLike[str]) -> None:
        """Write all Variables to a safetensors file, whole or not at all.

        Raises ValueError for a model that is not built.
        """
        self._check_built()
        _weights.save(path, _holds.by_path(self))

    def load_weights(self, path: str | PathLike[str]) -> None:
        """Take all Variables' values from a file that `save_weights` wrote.

        Raises ValueError for a model that is not built, and for a file that is truncated, foreign
        or another model's, naming what differs; the model is then as it was.
        """
        self._check_built()
        _weights.load(path, _holds.by_path(self))

    def _check_built(self) -> None:
        if not self.built:
            self._known_network()
