"""Weights as a layer of mixed precision sees them: cast to the dtype that it computes in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import autodiff as ad
from autodiff import Tensor, Variable, _nest

if TYPE_CHECKING:
    from nn.layers._layer import Layer


Regularizer = Callable[[Tensor], Tensor]


class Weight(NamedTuple):
    """What `Layer.add_weight` was told of a Variable."""

    trained: bool
    regularizer: Regularizer | None
    autocast: bool


def autocasting(layer: Layer) -> Layer:
    """The layer, for a call of `call`, with its weights read in the dtype that it computes in.

    It shares all attributes with the layer, also those that are set meanwhile: only what is read
    differs. A cast is an op like any other, so that gradients come back in the weights' dtype.
    """
    seen: Layer = object.__new__(_class(type(layer)))
    object.__setattr__(seen, "__dict__", vars(layer))
    object.__setattr__(seen, "_given", layer._given)
    return seen


#: class -> the one whose attributes are read as `autocasting` says
_reading: dict[type[Layer], type[Layer]] = {}


def _class(cls: type[Layer]) -> type[Layer]:
    """The class that reads like this one otherwise."""
    if cls in _reading:
        return _reading[cls]

    def read(self: Any, name: str) -> Any:
        value = cls.__getattribute__(self, name)
        attributes = object.__getattribute__(self, "__dict__")
        if name == "_own" or name not in attributes:
            return value
        if type(value) is Variable:
            return _cast(value, attributes)
        if isinstance(value, list | tuple | dict) and any(
            type(part) is Variable for part in _nest.flatten(value)
        ):
            return _nest.replace(value, lambda part: _cast(part, attributes))
        return value

    said = {"__getattribute__": read, "__module__": cls.__module__}
    return _reading.setdefault(cls, type(cls.__name__, (cls,), said))


def _cast(value: Any, attributes: dict[str, Any]) -> Any:
    """A weight that is to be cast, cast; anything else as it is."""
    if type(value) is not Variable:
        return value
    weight = attributes["_own"].get(value)
    wanted = value.trainable if weight is None else weight.autocast
    dtype = attributes["compute_dtype"]
    return ad.astype(value, dtype) if wanted and value.dtype.kind == "f" else value
