"""Models as plain values: their layers, and the calls that lie between inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autodiff import _nest
from nn.layers import Input, InputLayer, Layer, Node
from nn.layers._node import nodes_in
from nn.models._describe import KIND, Custom, as_policy_was, describe, policy_of, rebuild
from nn.models._network import Network
from nn.models.model import Model
from nn.models.sequential import Sequential


def describe_model(model: Model) -> dict[str, Any]:
    """A model that is made of layers, without the values of its Variables.

    Raises TypeError for one whose class says `call`, ValueError for one without an input shape.
    """
    if type(model) not in (Model, Sequential):
        raise TypeError(
            f"{model.name!r} is a {type(model).__name__}, whose parts only its class knows: "
            "save_weights keeps the weights, and the class makes the rest"
        )
    network = model._network
    if network is None:
        raise ValueError(f"{model.name!r} knows no shapes yet: call it on a batch first")
    found = {KIND: "model", "called": model.name, **policy_of(model)}
    if isinstance(model, Sequential):
        parts = [describe(layer, layer.name) for layer in model.layers]
        return {**found, "input": _input(network.input_nodes[0]), "layers": parts}
    return {**found, **_calls(network)}


def _calls(network: Network) -> dict[str, Any]:
    """Inputs, layers, calls and outputs, the Nodes between them by numbers."""
    numbers: dict[int, int] = {}
    for node in network.input_nodes:
        numbers.setdefault(id(node), len(numbers))
    layers: dict[int, Layer] = {}
    calls = []
    for call in network.calls:
        layers.setdefault(id(call.layer), call.layer)
        where = f"the call of {call.layer.name!r}"
        said = [describe(part, where, numbers) for part in (call.args, call.kwargs)]
        calls.append(
            {"layer": list(layers).index(id(call.layer)), "args": said[0], "kwargs": said[1]}
        )
        for node in nodes_in(call.outputs):
            numbers[id(node)] = len(numbers)
    return {
        "inputs": [_input(node) for node in network.input_nodes],
        "input": describe(network.inputs, "inputs", numbers),
        "layers": [describe(layer, layer.name) for layer in layers.values()],
        "calls": calls,
        "output": describe(network.outputs, "outputs", numbers),
    }


def _input(node: Node) -> dict[str, Any]:
    """What makes an Input like this Node."""
    layer = node.call.layer
    begins = isinstance(layer, InputLayer)
    dtype = layer.cast_to if isinstance(layer, InputLayer) else None
    return {
        "shape": tuple(node.shape),
        "dtype": None if dtype is None else describe(dtype, layer.name),
        "name": layer.name if begins else None,
    }


def rebuild_model(value: Mapping[str, Any], custom: Custom) -> Model:
    """What `describe_model` was given, made anew, with Variables of initial values."""
    with as_policy_was(value):
        return _rebuilt(value, custom)


def _rebuilt(value: Mapping[str, Any], custom: Custom) -> Model:
    if "calls" not in value:
        model = Sequential(name=value["called"])
        model.add(_made_input(value["input"], custom))
        for layer in value["layers"]:
            model.add(rebuild(layer, custom))
        return model
    nodes: list[Node] = [_made_input(said, custom) for said in value["inputs"]]
    layers = [rebuild(layer, custom) for layer in value["layers"]]
    inputs = rebuild(value["input"], custom, nodes)
    for call in value["calls"]:
        args, kwargs = (rebuild(call[part], custom, nodes) for part in ("args", "kwargs"))
        nodes += _nest.flatten(layers[call["layer"]](*args, **kwargs))
    return Model(inputs, rebuild(value["output"], custom, nodes), name=value["called"])


def _made_input(said: Mapping[str, Any], custom: Custom) -> Input:
    batch, *shape = said["shape"]
    return Input(shape, batch, rebuild(said["dtype"], custom), said["name"])
