"""Optimizers: update formulas over Tensors, with Keras' names and defaults.

optimizer = SGD(learning_rate=0.1, momentum=0.9)
optimizer.apply_gradients(zip(gradients, variables))
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optim import schedules
from optim._arguments import named, packed, unpacked
from optim._optimizer import Optimizer
from optim.adadelta import Adadelta
from optim.adagrad import Adagrad
from optim.adam import Adam, AdamW
from optim.adamax import Adamax
from optim.lion import Lion
from optim.loss_scale_optimizer import LossScaleOptimizer
from optim.nadam import Nadam
from optim.rmsprop import RMSprop
from optim.sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "LossScaleOptimizer",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]

_KNOWN: dict[str, type] = {
    cls.__name__: cls for cls in (SGD, Adadelta, Adagrad, Adam, AdamW, Adamax, Lion, Nadam, RMSprop)
}


def get(identifier: str | Mapping[str, Any] | Optimizer) -> Optimizer:
    """The optimizer of a name, with Keras' defaults, or of what `serialize` gave; or itself.

    Raises ValueError for an unknown name, naming the known ones, TypeError for anything else.

    >>> float(get("adam").learning_rate)
    0.001
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, str):
        return named("optimizer", identifier, _KNOWN)()
    if isinstance(identifier, type):
        raise TypeError(f"expected an optimizer, got the class {identifier.__name__}: call it")
    return deserialize(identifier)


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """Class name and arguments of an optimizer, as JSON can hold them; its state is not in it.

    Raises TypeError for a learning rate that is a function, but no schedule.

    >>> serialize(SGD(0.5, momentum=0.9))["config"]["momentum"]
    0.9
    """
    return packed(optimizer)


def deserialize(config: Mapping[str, Any]) -> Optimizer:
    """The optimizer that `serialize` described, without state.

    Raises TypeError or ValueError for what it did not give, and for a class that is not known here.

    >>> deserialize(serialize(SGD(0.5, momentum=0.9))).momentum
    0.9
    """
    known = {**_KNOWN, "LossScaleOptimizer": LossScaleOptimizer}
    return unpacked("optimizer", config, known)
