"""Layers, losses, metrics and optimizers as plain values, and made again from them.

Classes and functions are told by name, and the names are looked up here and among what the caller
hands over: nothing is imported by name.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

import autodiff as ad
import optim
from autodiff import Tensor
from nn import activations, initializers, layers, losses, metrics, regularizers
from nn._policy import FLOAT32, DTypePolicy, using
from nn.layers import Node
from nn.layers._operation import Operation

#: what a dictionary that stands for something else has as a key, and says there what it is
KIND = "$kind"


def _classes(module: types.ModuleType, base: type) -> dict[str, Any]:
    found = [x for x in vars(module).values() if isinstance(x, type) and issubclass(x, base)]
    return {cls.__name__: cls for cls in found}


def _functions(module: types.ModuleType) -> dict[str, Any]:
    named = {name: x for name, x in vars(module).items() if not name.startswith("_")}
    plain = {name: x for name, x in named.items() if callable(x) and not isinstance(x, type)}
    return {name: x for name, x in plain.items() if name not in ("get", "for_shapes", "lookup")}


Custom = Mapping[str, Any]

_DTYPES = ("bool", *(np.dtype(code).name for code in "bhilqBHILQefdFD"))
#: kind -> name -> what has it
KNOWN: dict[str, dict[str, Any]] = {
    "layer": {**_classes(layers, layers.Layer), "Operation": Operation},
    "initializer": _classes(initializers, initializers.Initializer),
    "regularizer": _classes(regularizers, regularizers.Regularizer),
    "loss": {**_classes(losses, losses.Loss), "LossFunctionWrapper": losses.LossFunctionWrapper},
    "metric": _classes(metrics, metrics.Metric),
    "optimizer": _classes(optim, optim.Optimizer),
    "activation function": _functions(activations),
    "loss function": _functions(losses),
    "metric function": _functions(metrics),
}
_BASES = {
    "layer": layers.Layer,
    "initializer": initializers.Initializer,
    "regularizer": regularizers.Regularizer,
    "loss": losses.Loss,
    "metric": metrics.Metric,
    "optimizer": optim.Optimizer,
}


def describe(value: Any, where: str, nodes: Mapping[int, int] | None = None) -> Any:
    """A value as numbers, text, arrays, lists, tuples and dictionaries of them.

    nodes: the number of each Node, by its id, where there may be some.

    Raises TypeError, which says `where`, for what cannot be told, as functions without a name.

    >>> describe({"units": 3, "activation": ad.tanh}, "dense")
    {'units': 3, 'activation': {'$kind': 'activation function', 'name': 'tanh'}}
    """
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, list | tuple):
        parts = [describe(part, f"{where}[{k}]", nodes) for k, part in enumerate(value)]
        return parts if isinstance(value, list) else tuple(parts)
    if isinstance(value, Mapping):
        if KIND in value or not all(type(key) is str for key in value):
            raise TypeError(f"{where}: a dictionary with the keys {list(value)!r:.80}")
        return {key: describe(part, f"{where}[{key!r}]", nodes) for key, part in value.items()}
    if isinstance(value, Node):
        if nodes is None or id(value) not in nodes:
            raise TypeError(f"{where} is {value!r}, which is no part of the model")
        return {KIND: "node", "at": nodes[id(value)]}
    if isinstance(value, Tensor | np.ndarray | np.generic):
        return value.numpy() if isinstance(value, Tensor) else np.array(value)
    if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.generic)):
        return {KIND: "dtype", "name": np.dtype(value).name}
    if isinstance(value, DTypePolicy):
        return {KIND: "dtype policy", "name": value.name}
    if isinstance(value, slice):
        parts = [value.start, value.stop, value.step]
        return {KIND: "slice", "parts": describe(parts, where)}
    if value is Ellipsis:
        return {KIND: "ellipsis"}
    if isinstance(value, ad.random.Generator | np.random.Generator):  # their state is kept apart
        return {KIND: "generator", "numpy": isinstance(value, np.random.Generator)}
    return _described(value, where)


def _described(value: Any, where: str) -> dict[str, Any]:
    """Something of the library, or of the caller."""
    from nn.models._graph import describe_model
    from nn.models.model import Model

    if isinstance(value, Model):
        return describe_model(value)
    for kind, base in _BASES.items():
        if isinstance(value, base):
            policy = policy_of(value) if isinstance(value, layers.Layer) else {}
            return {**_name(kind, type(value)), **policy, "config": _config(value, where)}
        if isinstance(value, type) and issubclass(value, base):
            return _name(kind, value)
    name = getattr(value, "__name__", None)
    if isinstance(value, types.FunctionType | types.BuiltinFunctionType) and name:
        for kind, known in KNOWN.items():
            if known.get(name) is value:
                return {KIND: kind, "name": name}
        if name.isidentifier():
            return {KIND: "function", "name": name, "custom": True}
    raise TypeError(
        f"{where} is {value!r:.80}, which cannot be written down: give a name, a named function or "
        "an object of a class"
    )


def policy_of(layer: layers.Layer) -> dict[str, str]:
    """The dtype policy of a layer, whether it was given or global, if it is not float32."""
    policy = layer.dtype_policy
    return {} if policy == FLOAT32 else {"policy": policy.name}


def as_policy_was(value: Mapping[str, Any]) -> AbstractContextManager[None]:
    """Layers are made in the policy that `policy_of` told, whatever is global now."""
    return using(DTypePolicy(value.get("policy", "float32")))


def _name(kind: str, cls: type) -> dict[str, Any]:
    """What a class is called, and whether only the caller knows it."""
    name = cls.__name__
    known = KNOWN[kind].get(name) is cls
    return {KIND: kind, "name": name, **({} if known else {"custom": True})}


def _config(value: Any, where: str) -> Any:
    if isinstance(value, optim.Optimizer):
        return value.get_config()
    return describe(value.get_config(), f"{where} {type(value).__name__}")


def rebuild(value: Any, custom: Custom, nodes: Sequence[Node] = ()) -> Any:
    """What `describe` was given, made anew.

    custom: classes and functions that are not the library's, by the names they have there.
    nodes: the Nodes by their numbers.

    Raises ValueError for a name that is not known.

    >>> rebuild([{"$kind": "activation function", "name": "tanh"}], {})[0](0.0)
    Tensor(0., dtype=float32)
    """
    if isinstance(value, list | tuple):
        return type(value)(rebuild(part, custom, nodes) for part in value)
    if not isinstance(value, dict):
        return value
    if KIND not in value:
        return {key: rebuild(part, custom, nodes) for key, part in value.items()}
    kind = value[KIND]
    if kind == "node":
        return nodes[value["at"]]
    if kind == "dtype":
        return np.dtype(_plain(value["name"]))
    if kind == "dtype policy":
        return DTypePolicy(value["name"])
    if kind == "slice":
        return slice(*rebuild(value["parts"], custom))
    if kind == "ellipsis":
        return Ellipsis
    if kind == "generator":
        return (np.random if value["numpy"] else ad.random).default_rng()
    if kind == "model":
        from nn.models._graph import rebuild_model

        return rebuild_model(value, custom)
    found = look_up(value, custom)
    if "config" not in value:
        return found
    config = value["config"]
    if kind == "optimizer":
        return found.from_config(config)
    with as_policy_was(value):
        return found.from_config(rebuild(config, custom))


def look_up(value: Mapping[str, Any], custom: Custom) -> Any:
    """The class or function that a description names."""
    kind, name = value[KIND], value["name"]
    known: Mapping[str, Any] = custom if value.get("custom") else KNOWN.get(kind, {})
    if name not in known:
        hint = f"; hand it over: custom_objects={{{name!r}: ...}}" if value.get("custom") else ""
        raise ValueError(f"unknown {kind} {name!r:.60}{hint}")
    found = known[name]
    base = _BASES.get(kind)
    fits = callable(found) if base is None else isinstance(found, type) and issubclass(found, base)
    if not fits:
        raise ValueError(f"{name!r} is to be a {kind}; given {found!r:.60}")
    return found


def _plain(name: Any) -> str:
    """The name of a dtype of numbers."""
    if not isinstance(name, str) or name not in _DTYPES:
        raise ValueError(f"unknown dtype {name!r:.60}")
    return name
