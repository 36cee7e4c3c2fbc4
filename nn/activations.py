"""Activation functions, and the function behind a name as layers take it."""

from __future__ import annotations

from collections.abc import Callable

from autodiff import Tensor, relu, sigmoid, softmax, tanh
from nn._names import lookup

__all__ = ["get", "linear", "relu", "sigmoid", "softmax", "tanh"]

Activation = Callable[[Tensor], Tensor]


def linear(x: Tensor) -> Tensor:
    """x itself: no activation.

    >>> linear(3)
    3
    """
    return x


_KNOWN: dict[str, Activation] = {
    "linear": linear,
    "relu": relu,
    "sigmoid": sigmoid,
    "softmax": softmax,
    "tanh": tanh,
}


def get(identifier: str | Activation | None) -> Activation:
    """The activation function of a name; a function is itself, None is `linear`.

    Raises ValueError for an unknown name, naming the known ones, TypeError for anything else.

    >>> get("relu")([-1.0, 2.0])
    Tensor([0., 2.], dtype=float32)
    """
    if identifier is None:
        return linear
    if isinstance(identifier, str):
        return lookup("activation", identifier, _KNOWN)
    if callable(identifier):
        return identifier
    raise TypeError(f"an activation is a name, a function or None; got {identifier!r:.60}")
