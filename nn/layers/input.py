"""Input: the shape that a model takes."""

from __future__ import annotations

from collections.abc import Sequence

from nn.layers._layer import shape_of


class Input:
    """Declares the shape of a model's input, so that its layers are built at once.

    shape: without the batch axis.

    >>> Input(shape=(28, 28)).shape
    (None, 28, 28)
    """

    def __init__(self, shape: Sequence[int | None], name: str | None = None) -> None:
        self.name = name or "input"
        self.shape = (None, *shape_of(shape, self.name))
