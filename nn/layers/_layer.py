"""What every layer is: a function of a Tensor, its Variables made once the shape is known."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

import autodiff as ad
from autodiff import Tensor, Variable
from autodiff._scope import inside
from nn import initializers
from nn._names import snake_case

#: lengths of axes, batch axis first; None where the length is open
Shape = tuple[int | None, ...]


class Layer:
    """A function of one Tensor whose first axis counts the samples of a batch.

    A subclass states the function in `call`, makes its Variables in `build` with `add_weight`, and
    gives the output's shape in `compute_output_shape` where it is not the input's. The Variables
    are made at the first call, or as soon as a model knows the input's shape.

    name: begins the names of the Variables, "dense/kernel"; by default the class's, which a model
        makes unique.
    input_shape: the input's shape without the batch axis, where it should be known, and checked,
        before the first call.
    dtype: of Variables, inputs and outputs; inputs are cast to it.
    """

    def __init__(
        self,
        name: str | None = None,
        input_shape: Sequence[int | None] | None = None,
        dtype: Any = "float32",
    ) -> None:
        if name is not None and (not isinstance(name, str) or not name or "/" in name):
            raise ValueError(f"a layer's name is a string without '/', got {name!r}")
        self.name = name or snake_case(type(self).__name__)
        #: whether a model may still choose another name
        self.named = name is not None
        self.dtype = np.dtype(dtype)
        if self.dtype.kind != "f":
            raise TypeError(f"layer {self.name!r}: dtype must be a float, got {self.dtype}")
        #: the shape that inputs must have, without the batch axis, if it was declared
        self.declared = None if input_shape is None else shape_of(input_shape, self.name)
        self.built = False
        self._variables: list[Variable] = []

    def build(self, input_shape: Shape) -> None:
        """Make the Variables for inputs of this shape, batch axis included."""

    def call(self, x: Tensor) -> Tensor:
        """The layer's function."""
        raise NotImplementedError(f"{type(self).__name__} has no call(x)")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The output's shape for an input of this shape, batch axis included."""
        return input_shape

    def __call__(self, x: Any) -> Tensor:
        """The layer's output; the first call makes its Variables.

        Raises ValueError for an input of a shape that it was not declared or built for.
        """
        if not isinstance(x, Tensor):
            x = ad.asarray(x)
        if x.dtype is not self.dtype and x.dtype != self.dtype:
            if x.dtype.kind == "c":
                raise TypeError(f"layer {self.name!r}: input of dtype {x.dtype}; expected floats")
            x = ad.astype(x, self.dtype)
        if not self.built:
            self.build_for((None, *x.shape[1:]))
        shape = x.shape
        if self.declared is not None and (shape[1:] != self.declared or not shape):
            self._check_declared(shape)
        return inside(self.name, self.call, x)

    def build_for(self, input_shape: Shape) -> None:
        """Build, once, and check that this layer takes an input of this shape."""
        if self.declared is not None:
            self._check_declared(input_shape)
        if not self.built:
            self._variables = []
            self.build(input_shape)
            self.built = True

    def add_weight(
        self, name: str, shape: tuple[int, ...], initializer: Any, trainable: bool = True
    ) -> Variable:
        """A Variable of this layer, for `build`."""
        value = ad.asarray(initializers.get(initializer)(shape, dtype=self.dtype))
        if value.shape != shape:
            raise ValueError(
                f"layer {self.name!r}: the initializer of {name!r} gave shape {value.shape}; "
                f"expected {shape}"
            )
        variable = Variable(value, self.dtype, trainable, f"{self.name}/{name}")
        self._variables.append(variable)
        return variable

    @property
    def variables(self) -> list[Variable]:
        """All Variables, in the order in which they were made."""
        return list(self._variables)

    @property
    def trainable_variables(self) -> list[Variable]:
        """The Variables that training changes."""
        return [v for v in self.variables if v.trainable]

    def count_params(self) -> int:
        """How many numbers the Variables hold together."""
        return sum(v.size for v in self.variables)

    def rename(self, name: str) -> None:
        """Take another name, in the names of the Variables too."""
        for v in self._variables:
            v.name = name + (v.name or "").removeprefix(self.name)
        self.name = name

    def _check_declared(self, shape: Shape) -> None:
        declared = self.declared
        assert declared is not None
        if len(shape) != 1 + len(declared) or any(
            want not in (None, have) for want, have in zip(declared, shape[1:], strict=True)
        ):
            raise ValueError(
                f"layer {self.name!r}: input of shape {shape}; expected {(None, *declared)}"
            )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


def shape_of(value: Any, name: str) -> Shape:
    """A shape as given by a user, as a tuple; TypeError or ValueError if it is none."""
    try:
        shape = tuple(None if n is None else operator.index(n) for n in value)
    except TypeError:
        hint = f" as in ({value},)" if isinstance(value, int) else ""
        raise TypeError(
            f"layer {name!r}: a shape is a tuple of integers{hint}, got {value!r:.60}"
        ) from None
    if any(n is not None and n < 1 for n in shape):
        raise ValueError(f"layer {name!r}: axes have length 1 or more, got shape {shape}")
    return shape


def known(shape: Shape, name: str) -> int:
    """The product of a shape's lengths; ValueError where one is open."""
    lengths = [n for n in shape if n is not None]
    if len(lengths) < len(shape):
        raise ValueError(f"layer {name!r}: the input's shape must be known, got {(None, *shape)}")
    return math.prod(lengths)
