"""What lies between some Nodes and others: the calls of a functional model, in order."""

from __future__ import annotations

from typing import Any

import autodiff as ad
from autodiff import _nest
from nn.layers import InputLayer, Layer, Node
from nn.layers._node import Call, nodes_in


class Network:
    """The calls by which outputs come from inputs.

    inputs, outputs: a Node each, or a list, tuple or dictionary of Nodes.

    Raises TypeError for what is no Node, ValueError where an output does not come from the inputs
    alone.
    """

    def __init__(self, inputs: Any, outputs: Any, name: str) -> None:
        for what, nest in (("inputs", inputs), ("outputs", outputs)):
            for leaf in _nest.flatten(nest):
                if not isinstance(leaf, Node):
                    raise TypeError(
                        f"{name!r}: {what} holds {leaf!r:.60}; expected what Input or a layer gave"
                    )
        self.inputs, self.outputs = inputs, outputs
        self.input_nodes, self.output_nodes = nodes_in(inputs), nodes_in(outputs)
        self.calls = self._between(name)
        starts = [node.call for node in self.input_nodes if isinstance(node.call.layer, InputLayer)]
        #: each layer once: inputs first, then in the order of their calls
        self.layers = list({id(c.layer): c.layer for c in [*starts, *self.calls]}.values())
        self._name = name

    def _between(self, name: str) -> list[Call]:
        """Every call that an output needs, behind the inputs; earlier ones first."""
        given = {id(node) for node in self.input_nodes}
        found: dict[int, Call] = {}
        waiting = [node for node in self.output_nodes if id(node) not in given]
        while waiting:
            node = waiting.pop()
            call = node.call
            if isinstance(call.layer, InputLayer):
                raise ValueError(
                    f"{name!r}: an output needs {call.layer.name!r} of shape {node.shape}, "
                    "which is not among the inputs"
                )
            if call.number not in found:
                found[call.number] = call
                waiting += [x for x in call.inputs if id(x) not in given]
        return [found[number] for number in sorted(found)]

    def __getstate__(self) -> dict[str, Any]:
        """The calls first: whoever copies one after the other need not go down all of them."""
        return {"calls": self.calls, **vars(self)}

    @property
    def output_names(self) -> list[str]:
        """What each output is called: by its key in a dictionary, else by the layer it is from."""
        if isinstance(self.outputs, dict):
            return list(self.outputs)
        return [node.name for node in self.output_nodes]

    def run(self, inputs: Any) -> Any:
        """The outputs' values for values of the inputs."""
        values: dict[int, Any] = {}
        for node, x in zip(self.input_nodes, self.arranged(inputs), strict=True):
            layer = node.call.layer
            values[id(node)] = layer(x) if isinstance(layer, InputLayer) else ad.asarray(x)

        def value(x: Any) -> Any:
            return values[id(x)] if isinstance(x, Node) else x

        for call in self.calls:
            args, kwargs = _nest.replace(call.args, value), _nest.replace(call.kwargs, value)
            results = _nest.flatten(call.layer(*args, **kwargs))
            for node, result in zip(_nest.flatten(call.outputs), results, strict=True):
                values[id(node)] = result
        return _nest.replace(self.outputs, value)

    def arranged(self, given: Any) -> list[Any]:
        """The inputs in order, from a list or by name; ValueError for others than expected."""
        nodes = self.input_nodes
        if isinstance(given, dict):
            keys = list(self.inputs) if isinstance(self.inputs, dict) else [n.name for n in nodes]
            if set(keys) <= set(given):
                return [given[key] for key in keys]
            found = f"inputs named {', '.join(map(repr, given))}"
            raise ValueError(f"{self._name!r}: {found}; expected {', '.join(map(repr, keys))}")
        several = isinstance(given, list | tuple) and any(hasattr(x, "shape") for x in given)
        if not several and len(nodes) == 1:
            return [given]
        if not several or len(given) != len(nodes):
            count = f"{len(given)} inputs" if several else "one input"
            raise ValueError(
                f"{self._name!r}: {count}; expected {len(nodes)}, of shapes "
                f"{', '.join(str(node.shape) for node in nodes)}"
            )
        return list(given)

    def output_shape(self, layer: Layer) -> Any:
        """The shape, or nest of shapes, of what a layer gives when it is first called."""
        for call in (*(node.call for node in self.input_nodes), *self.calls):
            if call.layer is layer:
                return _nest.replace(call.outputs, lambda node: node.shape)
        return None

    def sources(self, layer: Layer) -> list[str]:
        """The names of the layers that feed one."""
        found = [node.name for call in self.calls if call.layer is layer for node in call.inputs]
        return list(dict.fromkeys(found))

    def is_chain(self) -> bool:
        """Whether each layer takes what the one before gives, and nothing else."""
        node = self.input_nodes[0]
        for call in self.calls:
            if call.inputs != [node] or not isinstance(call.outputs, Node):
                return False
            node = call.outputs
        return len(self.input_nodes) == 1 and len({id(c.layer) for c in self.calls}) == len(
            self.calls
        )
