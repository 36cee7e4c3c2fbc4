"""A model as the graph that TensorBoard draws: a node for each call of a layer and each weight."""

from __future__ import annotations

from typing import Any

from autodiff import _nest
from nn.layers import Layer, _holds


def graph_def(model: Any) -> Any:
    """The GraphDef of a model; of one without Nodes its layers, with nothing between them."""
    from tensorboardX.proto.graph_pb2 import GraphDef
    from tensorboardX.proto.versions_pb2 import VersionDef

    found = _Nodes()
    network = getattr(model, "_network", None)
    if network is None:
        for layer in model.layers:
            found.add(layer, [], None, "")
    else:
        found.add_network(network, None, "")
    return GraphDef(node=found.nodes, versions=VersionDef(producer=22))


class _Nodes:
    """Nodes as they are added, each under a name of its own."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self._names: set[str] = set()
        self._variables: dict[int, str] = {}

    def add_network(self, network: Any, inputs: list[str] | None, prefix: str) -> list[str]:
        """Everything between some Nodes; `inputs` are what feeds it. The names of its outputs."""
        names: dict[int, str] = {}
        for k, node in enumerate(network.input_nodes):
            names[id(node)] = (
                self.add(node.call.layer, [], node.shape, prefix) if inputs is None else inputs[k]
            )
        for call in network.calls:
            feeds = [names[id(node)] for node in call.inputs]
            outputs = _nest.flatten(call.outputs)
            inner = getattr(call.layer, "_network", None)
            if inner is not None and len(inner.input_nodes) == len(feeds):
                made = self.add_network(inner, feeds, f"{prefix}{call.layer.name}/")
            else:
                made = [self.add(call.layer, feeds, outputs[0].shape, prefix)] * len(outputs)
            names |= {id(node): name for node, name in zip(outputs, made, strict=True)}
        return [names[id(node)] for node in network.output_nodes]

    def add(self, layer: Layer, inputs: list[str], shape: Any, prefix: str) -> str:
        """A layer, fed by these and by its weights; its name."""
        from tensorboardX.proto.attr_value_pb2 import AttrValue
        from tensorboardX.proto.node_def_pb2 import NodeDef

        name = self._name(prefix + layer.name)
        weights = [self._weight(v, f"{name}/{path}") for path, v in _holds.by_path(layer).items()]
        shapes = AttrValue(list=AttrValue.ListValue(shape=[_shape(shape)]))
        attr = {} if shape is None else {"_output_shapes": shapes}
        self.nodes.append(
            NodeDef(name=name, op=type(layer).__name__, input=[*inputs, *weights], attr=attr)
        )
        return name

    def _weight(self, v: Any, name: str) -> str:
        """A weight's name; a shared one is there once."""
        from tensorboardX.proto.attr_value_pb2 import AttrValue
        from tensorboardX.proto.node_def_pb2 import NodeDef

        if id(v) not in self._variables:
            name = self._variables[id(v)] = self._name(name)
            attr = {"shape": AttrValue(shape=_shape(v.shape))}
            self.nodes.append(NodeDef(name=name, op="Variable", attr=attr))
        return self._variables[id(v)]

    def _name(self, name: str) -> str:
        name = _holds.unique(name, self._names)
        self._names.add(name)
        return name


def _shape(shape: Any) -> Any:
    """A shape as TensorBoard knows it; −1 where a length is open."""
    from tensorboardX.proto.tensor_shape_pb2 import TensorShapeProto

    sizes = [TensorShapeProto.Dim(size=-1 if n is None else n) for n in shape or ()]
    return TensorShapeProto(dim=sizes)
