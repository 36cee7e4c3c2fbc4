"""Models as diagrams: their layers and what connects them, or all that one batch makes them do."""

from __future__ import annotations

from typing import Any

import numpy as np

import autodiff as ad
from autodiff import _nest
from autodiff.diagram import Diagram, Node, Picture, Spec, Wire
from nn.layers import Layer
from nn.layers import Node as LayerNode
from nn.models._network import Network


def architecture(network: Network, name: str, options: dict[str, Any]) -> Diagram:
    """Layers as boxes, the shapes between them on the wires; models inside are frames."""
    layers = _Layers()
    layers.add_network(network, None, "")
    ends = zip(network.output_nodes, network.output_names, strict=True)
    for k, (node, called) in enumerate(ends):
        layers.nodes.append(Node(f"out{k}", "output", called, "output"))
        layers.connect(layers.made[id(node)], f"out{k}", node)
    options = {"title": name, **options}
    return Diagram(Picture(tuple(layers.nodes), tuple(layers.wires)), **options)


class _Layers:
    """Boxes and wires as they are added."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.wires: list[Wire] = []
        #: the box that a Node comes from
        self.made: dict[int, str] = {}

    def add_network(self, network: Network, feeds: list[str] | None, scope: str) -> None:
        """All calls between a network's inputs, which come from these boxes, and its outputs."""
        for k, node in enumerate(network.input_nodes):
            if feeds is None:
                self.nodes.append(Node(f"leaf{k}", "leaf", node.name, "data"))
            self.made[id(node)] = f"leaf{k}" if feeds is None else feeds[k]
        for call in network.calls:
            inputs, outputs = call.inputs, _nest.flatten(call.outputs)
            inner = getattr(call.layer, "_network", None)
            if isinstance(inner, Network) and len(inner.input_nodes) == len(inputs):
                below = f"{scope}/{call.layer.name}" if scope else call.layer.name
                self.add_network(inner, [self.made[id(node)] for node in inputs], below)
                ends = [self.made[id(node)] for node in inner.output_nodes]
                self.made |= {id(y): end for y, end in zip(outputs, ends, strict=True)}
                continue
            box = self._box(call.layer, scope)
            for node in inputs:
                self.connect(self.made[id(node)], box, node)
            self.made |= {id(node): box for node in outputs}

    def _box(self, layer: Layer, scope: str) -> str:
        kind, count = type(layer).__name__, layer.count_params() if layer.built else 0
        role = f"{kind}, {count:,} parameters" if count else kind
        shapes = ", ".join(f"{v.name} {v.shape}" for v in layer.weights)
        id = f"layer{len(self.nodes)}"
        self.nodes.append(Node(id, "group", layer.name, shapes, role, scope=scope))
        return id

    def connect(self, tail: str, head: str, node: LayerNode) -> None:
        """A wire that carries what a Node will be."""
        spec = Spec(tuple(node.shape), node.dtype)
        self.wires.append(Wire(f"wire{len(self.wires)}", tail, head, spec, None))


def of_batch(model: Any, x: Any, y: Any, options: dict[str, Any]) -> Diagram:
    """What a model computes of a batch, with gradients of its loss, or of its outputs."""
    inputs, labels = _tensors(x), None if y is None else _tensors(y)
    names = {}
    with ad.GradientTape() as tape:
        for tensor in _nest.flatten(inputs):
            if tensor.dtype.kind == "f":
                tape.watch(tensor)
        outputs = model(inputs, training=False)
        target = outputs
        if y is not None:
            target = model.compute_loss(inputs, labels, outputs, None, training=False)
            names[target] = "loss"
    names |= _called(outputs, model.output_names or "output")
    network = model._network
    known = [node.name for node in network.input_nodes] if network is not None else "x"
    names |= _called(inputs, known) | _called(labels, "y")
    return tape.diagram(target, **{"names": names, **options})


def _tensors(x: Any) -> Any:
    """Arrays as the layers take them: double precision as single, to be leaves of the diagram."""

    def one(x: Any) -> ad.Tensor:
        if isinstance(x, ad.Tensor):
            return x
        array = np.asarray(x)
        return ad.asarray(array, dtype=ad.float32 if array.dtype == np.float64 else None)

    several = any(hasattr(leaf, "shape") for leaf in _nest.flatten(x))
    return _nest.replace(x, one) if several else one(x)


def _called(values: Any, names: list[str] | str) -> dict[ad.Tensor, str]:
    """Tensors and their names: listed, or one name numbered where there are several."""
    tensors = [leaf for leaf in _nest.flatten(values) if isinstance(leaf, ad.Tensor)]
    if isinstance(names, str) or len(names) != len(tensors):
        one = names if isinstance(names, str) else "x"
        names = [one] if len(tensors) == 1 else [f"{one}{k}" for k in range(len(tensors))]
    return dict(zip(tensors, names, strict=True))
