"""A value of a program: made once, by one operation, from earlier values; never changed.

Values have the operators and methods of arrays, so that ops' forwards run on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine._graph import TracingError

if TYPE_CHECKING:
    from ..lower._rules import Rule
    from ._builder import Builder

Shape = tuple[int, ...]

#: ufuncs that kernels compute, too (`_kernel_text`)
COMPILED = frozenset(
    (
        *("add", "subtract", "multiply", "divide", "negative", "positive", "power", "square"),
        *("sqrt", "exp", "expm1", "log", "log1p", "absolute", "sign", "sin", "cos", "tanh"),
        *("maximum", "minimum", "equal", "not_equal", "less", "less_equal", "greater"),
        *("greater_equal", "logical_and", "logical_or", "logical_not", "bitwise_and"),
        *("bitwise_or", "bitwise_xor", "invert", "isfinite", "isnan"),
    )
)
#: operations that are NumPy ufuncs of the same name, element by element, with one result
UFUNCS = COMPILED | {
    name
    for name, f in vars(np).items()
    if isinstance(f, np.ufunc) and f.nout == 1 and f.signature is None and f.__name__ == name
}
#: operations on all elements of axes, with the ufunc whose reduction they are
REDUCTIONS = {
    "sum": np.add,
    "prod": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
    "any": np.logical_or,
    "all": np.logical_and,
}
#: operations that give a view of their first input
VIEWS = frozenset(("reshape", "transpose", "slice", "broadcast", "windows"))
#: operations without inputs
SOURCES = frozenset(("argument", "variable", "constant", "draw"))
#: operations that are computed at every call though their inputs may be constants: what comes of a
#: few numbers may be large, as the gradient of a sum of windows, and have no short expression
UNFOLDED = SOURCES | {"windows", "overlap_add", "framed", "routed"}


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """What a value is a part of: an op of the function, or the pull of a gradient through one."""

    #: the op's name
    op: str
    #: the `name_scope` that it was called in
    scope: str = ""
    #: whether a gradient is pulled through it, and by which rule
    back: bool = False
    rule: Rule | None = None


class Value:
    """One value of a program: `op` of `inputs` (Values or Python numbers) with static `attrs`."""

    __slots__ = (
        *("attrs", "builder", "dtype", "gate", "inputs"),
        *("name", "number", "op", "section", "shape"),
    )
    __array_ufunc__ = None  # NumPy arrays leave operators with a Value to it

    def __init__(
        self,
        builder: Builder,
        op: str,
        inputs: tuple[Any, ...],
        attrs: dict[str, Any],
        shape: Shape,
        dtype: Any,
    ) -> None:
        self.builder = builder
        self.op = op
        self.inputs = inputs
        self.attrs = attrs
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self.number = len(builder.values)
        self.name = builder.hint
        self.gate = builder.gate
        self.section = builder.section

    ndim = property(lambda self: len(self.shape))
    size = property(lambda self: prod(self.shape))
    nbytes = property(lambda self: self.size * self.dtype.itemsize)

    @property
    def operands(self) -> list[Value]:
        """The inputs that are Values."""
        return [x for x in self.inputs if isinstance(x, Value)]

    @property
    def data(self) -> Any:
        """The array of a constant."""
        return self.attrs["data"]

    def __repr__(self) -> str:
        inputs = ", ".join(f"%{x.number}" if isinstance(x, Value) else repr(x) for x in self.inputs)
        return f"%{self.number} = {self.op}({inputs}) {self.dtype}{list(self.shape)}"

    # -- what forwards and rules do with an array --------------------------------------------------

    def __add__(self, other: Any) -> Any:
        return self.builder.ufunc("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return self.builder.ufunc("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return self.builder.ufunc("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self.builder.ufunc("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return self.builder.ufunc("multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self.builder.ufunc("multiply", other, self)

    def __truediv__(self, other: Any) -> Any:
        return self.builder.ufunc("divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self.builder.ufunc("divide", other, self)

    def __pow__(self, other: Any) -> Any:
        return self.builder.ufunc("power", self, other)

    def __rpow__(self, other: Any) -> Any:
        return self.builder.ufunc("power", other, self)

    def __neg__(self) -> Any:
        return self.builder.ufunc("negative", self)

    def __pos__(self) -> Any:
        return self.builder.ufunc("positive", self)

    def __and__(self, other: Any) -> Any:
        return self.builder.ufunc("bitwise_and", self, other)

    def __or__(self, other: Any) -> Any:
        return self.builder.ufunc("bitwise_or", self, other)

    def __invert__(self) -> Any:
        return self.builder.ufunc("invert", self)

    def __eq__(self, other: Any) -> Any:
        return self.builder.ufunc("equal", self, other)

    def __ne__(self, other: Any) -> Any:
        return self.builder.ufunc("not_equal", self, other)

    def __lt__(self, other: Any) -> Any:
        return self.builder.ufunc("less", self, other)

    def __le__(self, other: Any) -> Any:
        return self.builder.ufunc("less_equal", self, other)

    def __gt__(self, other: Any) -> Any:
        return self.builder.ufunc("greater", self, other)

    def __ge__(self, other: Any) -> Any:
        return self.builder.ufunc("greater_equal", self, other)

    __hash__ = object.__hash__

    def __matmul__(self, other: Any) -> Any:
        return self.builder.matmul(self, other)

    def __bool__(self) -> bool:
        raise TracingError("an op that looks at values cannot run in a flat program")

    def __getitem__(self, index: Any) -> Any:
        return self.builder.index(self, index if isinstance(index, tuple) else (index,))

    def reshape(self, *shape: Any) -> Any:
        """The same elements in another shape."""
        return self.builder.reshape(self, shape[0] if len(shape) == 1 else shape)

    def astype(self, dtype: Any) -> Any:
        """The values in another dtype."""
        return self.builder.cast(self, dtype)

    @property
    def mT(self) -> Any:  # noqa: N802
        """The last two axes swapped."""
        n = self.ndim
        return self.builder.transpose(self, (*range(n - 2), n - 1, n - 2))
