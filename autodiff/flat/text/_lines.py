"""How each operation is spelled: a NumPy call that writes into a buffer, or makes a new array."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays._backend import FEW, SMALL
from ..ir._builder import INDEX
from ..ir._library import call_text
from ..ir._value import REDUCTIONS, UFUNCS, Value
from ..ir._windows import WindowLines

if TYPE_CHECKING:
    from ..lower._lower import Program
    from ..plan._buffers import Plan


#: operations that NumPy does three to six times faster on two arrays than on one and a number
EXTREMES = ("maximum", "minimum")
#: elements up to which such an array is made
LARGE = 1 << 20


class Lines(WindowLines, ABC):
    """The spelling of operations; `Text` knows names and where things stand."""

    program: Program
    plan: Plan
    header: list[str]
    constants: dict[str, Any]
    aliases: dict[str, str]
    ones: dict[tuple[int, str], str]
    scalars: dict[tuple[str, str], str]
    given: dict[int, str]
    names: dict[Value, str]
    taken: set[str]

    def free_name(self, stem: str) -> str:
        """A name that nothing else has."""
        name, k = stem, 1
        while name in self.taken:
            k += 1
            name = f"{stem}{k}"
        self.taken.add(name)
        return name

    @abstractmethod
    def operand(self, x: Any) -> str:
        """An input as it stands in a line."""

    def call(self, function: str, inputs: list[str], name: str, out: str | None) -> str:
        """A call of a NumPy function that knows `out`."""
        if out is None:
            if function == "np.dot":
                return f"{name} = {inputs[0]}.dot({inputs[1]})"
            return f"{name} = {function}({', '.join(inputs)})"
        if function == "np.dot":
            return f"{inputs[0]}.dot({inputs[1]}, {out})"
        if function not in self.aliases:
            self.aliases[function] = self.free_name(function.removeprefix("np.").replace(".", "_"))
            self.header.append(f"{self.aliases[function]} = {function}")
        ufunc = function.removeprefix("np.")
        by_name = ufunc not in UFUNCS or ufunc in ("maximum", "minimum")  # they deprecate it
        return f"{self.aliases[function]}({', '.join(inputs)}, {'out=' if by_name else ''}{out})"

    def reduction(self, value: Value, x: str, name: str, out: str | None) -> str:
        """A reduction by its ufunc; rows and columns of small matrices by a product with ones."""
        (source,) = value.inputs
        axes = value.attrs["axis"]
        if value.op == "sum" and source.dtype.char == "e":
            total = f"np.add.reduce({x}, {axes}, np.float32)"
            if out is None:
                return f"{name} = {total}.astype(np.float16)"
            return f"np.copyto({out}, {total}, casting='same_kind')"
        if by_product(source, value.op, axes):
            if source.ndim == 1 or axes == (-1,):
                return self.call(
                    "np.dot", [x, self.ones_of(source.shape[-1], source.dtype)], name, out
                )
            return self.call("np.dot", [self.ones_of(source.shape[0], source.dtype), x], name, out)
        ufunc = REDUCTIONS[value.op].__name__
        over = "None" if len(axes) == source.ndim else str(axes)
        return self.call(f"np.{ufunc}.reduce", [x, f"axis={over}"], name, out)

    def scalar(self, x: Any, text: str, value: Value) -> str:
        """A Python number as an array without axes, which costs NumPy half as much."""
        first = next((y for y in value.inputs if isinstance(y, Value)), None)
        plain = isinstance(x, Value) or type(x) is complex
        if plain or first is None or first.dtype.kind != "f":
            return text
        if fills(value):
            return self.filled(text, value)
        key = (text, first.dtype.name)
        if key not in self.scalars:
            self.scalars[key] = self.free_name("c")
            self.header.append(f"{self.scalars[key]} = np.array({text}, np.{first.dtype.name})")
        return self.scalars[key]

    def filled(self, text: str, value: Value) -> str:
        """A number as an array of a value's shape: NumPy compares arrays several times faster.

        They are views of one vector, as long as the largest of them.
        """
        dtype = value.dtype
        alike = [v for v in self.plan.order if v.op in EXTREMES and v.dtype == dtype]
        key = (text, f"{dtype} vector")
        if key not in self.scalars:
            self.scalars[key] = self.free_name("c")
            size = max(v.size for v in alike if v.size <= LARGE)
            self.header.append(f"{self.scalars[key]} = np.full({size}, {text}, np.{dtype})")
        vector, key = self.scalars[key], (text, f"{dtype} {value.shape}")
        if key not in self.scalars:
            self.scalars[key] = self.free_name("c")
            view = f"{vector}[:{value.size}].reshape({value.shape})"
            self.header.append(f"{self.scalars[key]} = {view}")
        return self.scalars[key]

    def ones_of(self, n: int, dtype: np.dtype[Any]) -> str:
        """The name of a vector of ones."""
        key = (n, dtype.name)
        if key not in self.ones:
            name = f"ones{n}" if f"ones{n}" not in self.taken else f"ones{n}_{dtype.name}"
            self.taken.add(name)
            self.ones[key] = name
            self.header.append(f"{name} = np.ones({n}, np.{dtype.name})")
        return self.ones[key]

    def _where(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        condition, x, y = inputs
        if out is None:
            tail = "" if value.shape else "[()]"
            return f"{name} = np.where({condition}, {x}, {y}){tail}"
        if x == out and value.dtype != bool:  # a mask in that same memory would change
            return f"np.copyto({out}, {y}, where=~{condition})"
        if y == out and value.dtype != bool:
            return f"np.copyto({out}, {x}, where={condition})"
        return f"np.copyto({out}, np.where({condition}, {x}, {y}))"

    def _cast(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        x = inputs[0]
        if value.inputs[0].dtype.kind == "c" and value.dtype.kind == "f":
            x += ".real"  # NumPy would warn that the rest is lost
        if out is None:
            if not value.shape:
                return f"{name} = np.{value.dtype}({x})"
            return f"{name} = {x}.astype(np.{value.dtype})"
        return f"np.copyto({out}, {x}, casting='unsafe')"

    def _matmul(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        x, y = value.inputs
        function = "np.dot" if x.ndim <= 2 and y.ndim <= 2 else "np.matmul"
        if x.ndim == 2 and y.ndim == 3 and out is not None:
            inputs[1], out = self.cut_columns(value, inputs[1], out)
        if value.dtype.char == "e":  # as `_backend` multiplies float16
            product = f"{function}({', '.join(f'{x}.astype(np.float32)' for x in inputs)})"
            if out is None:
                return f"{name} = {product}.astype(np.float16)"
            return f"np.copyto({out}, {product}, casting='same_kind')"
        return self.call(function, inputs, name, out)

    def _argmax(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        rest = [inputs[0], f"axis={value.attrs['axis']}"]
        if value.attrs["keepdims"]:
            rest.append("keepdims=True")
        return self.call(f"np.{value.op}", rest, name, out)

    _argmin = _argmax

    def _concat(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        function = "np.concatenate" if value.op == "concat" else "np.stack"
        parts = [f"[{', '.join(inputs)}]", f"axis={value.attrs['axis']}"]
        return self.call(function, parts, name, out)

    _stack = _concat

    def picks(self, value: Value) -> bool:
        """Whether a value is an element of each row, at places that have been checked."""
        x, rows, places = (*value.inputs, None, None)[:3]
        return (
            value.attrs["index"] == (INDEX, INDEX)
            and value in self.plan.fresh
            and x in self.plan.slot
            and x.ndim == 2
            and places.dtype.kind == "i"
            and rows.op == "constant"
            and np.array_equal(rows.data, np.arange(x.shape[0]))
            and self.program.builder.known_within(places, 0, x.shape[1])
        )

    def picked(self, value: Value, inputs: list[str]) -> str:
        """Elements of rows by their places in the flattened matrix: one index in place of two."""
        x = value.inputs[0]
        starts, flat = self.free_name("starts"), self.free_name("flat")
        self.header.append(f"{starts} = np.arange(0, {x.size}, {x.shape[1]})")
        self.header.append(f"{flat} = {inputs[0]}.reshape(-1)")
        return f"{flat}[{inputs[2]} + {starts}]"

    def _within(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        """Few integers are compared by Python, many as unsigned ones (negative ones are huge)."""
        (x,), (source,) = inputs, value.inputs
        low, high = value.attrs["low"], value.attrs["high"]
        if low:
            return f"{name} = {low} <= {x}.min() and {x}.max() < {high}"
        if source.ndim == 1 and source.size <= FEW:
            numbers = self.free_name("numbers")
            test = f"0 <= min({numbers}) and max({numbers}) < {high}"
            return f"{numbers} = {x}.tolist()\n{name} = {test}"
        unsigned = source.dtype.str.replace("i", "u")
        return f"{name} = np.maximum.reduce({x}.view({unsigned!r}), None) < {high}"

    def _rows(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        table, rows = inputs
        if out is None:
            return f"{name} = {table}.take({rows}, 0)"
        return f"{table}.take({rows}, 0, {out}, 'clip')"  # by its mode, "raise" makes a copy

    def _take(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        text = f"{inputs[0]}[{index_text(value.attrs['index'], inputs[1:])}]"
        if self.picks(value):
            return f"{name} = {self.picked(value, inputs)}"
        return f"{name} = {text}" if out is None else f"{out}[...] = {text}"

    def _reshape(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        if out is None:
            return f"{name} = np.array({inputs[0]}, order='C').reshape({value.shape})"
        place = self.place(value, f"{out}.reshape({value.inputs[0].shape})")
        return f"np.copyto({place}, {inputs[0]})"

    def _scatter(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        shape, dtype = value.shape, value.dtype
        zeros = f"{name} = np.zeros({shape}, np.{dtype})" if out is None else f"{out}.fill(0)"
        given = value.attrs["index"]
        index = index_text(given, inputs[1:]) if len(inputs) > 1 else self.static_index(given)
        if by_arrays(given):  # may name an element twice
            return f"{zeros}\nnp.add.at({name}, np.s_[{index}], {inputs[0]})"
        return f"{zeros}\n{name}[{index}] = {inputs[0]}"

    def _put(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        make = f"{name} = {inputs[0]}.copy()" if out is None else f"np.copyto({out}, {inputs[0]})"
        return f"{make}\n{name}[{self.static_index(value.attrs['index'])}] = {inputs[1]}"

    def static_index(self, index: tuple[Any, ...]) -> str:
        """An index with constant arrays in it, which go into the header."""
        names = [
            self.operand(self.program.builder.constant(e))
            for e in index
            if isinstance(e, (np.ndarray, list))
        ]
        marked = tuple(INDEX if isinstance(e, (np.ndarray, list)) else e for e in index)
        return index_text(marked, names)

    def _call(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        text = call_text(value, inputs, self.held)
        return f"{name} = {text}" if out is None else f"{out}[...] = {text}"

    def _part(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        text = f"{inputs[0]}[{value.attrs['which']}]"
        return f"{name} = {text}" if out is None else f"{out}[...] = {text}"

    def held(self, x: Any) -> str:
        """The name of something without a text that is the same at every call."""
        if id(x) not in self.given:
            self.given[id(x)] = self.free_name("given")
            self.constants[self.given[id(x)]] = x
        return self.given[id(x)]

    def _draw(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        attrs = value.attrs
        for stem, given in (("generator", attrs["generator"]), ("arguments", attrs["arguments"])):
            if id(given) not in self.given:
                self.given[id(given)] = self.free_name(stem)
                self.constants[self.given[id(given)]] = given
                self.header.append(f"# {self.given[id(given)]}: given, {given!r:.60}")
        generator, arguments = (
            self.given[id(attrs["generator"])],
            self.given[id(attrs["arguments"])],
        )
        return f"{name} = {generator}.draw({attrs['method']!r}, {arguments})"


def fills(value: Value) -> bool:
    """Whether the number in an operation stands as an array of the other operand's shape."""
    return value.op in EXTREMES and value.section != "update" and value.size <= LARGE


def by_arrays(index: tuple[Any, ...]) -> bool:
    """Whether an index holds arrays, constant ones or values of the program."""
    return any(isinstance(e, (np.ndarray, list, str)) for e in index)


def number(x: Any) -> str:
    """A Python number as text; repr has no name for infinities that Python knows."""
    if isinstance(x, float) and not math.isfinite(x):
        return "np.nan" if x != x else "np.inf" if x > 0 else "-np.inf"
    return repr(x)


def by_product(x: Value, op: str, axes: tuple[int, ...]) -> bool:
    """Whether the eager sum of these axes is a product with ones: the same rule, the same bits."""
    small = x.size <= SMALL and x.dtype.char in "fd"
    return op == "sum" and small and ((x.ndim == 2 and len(axes) == 1) or x.ndim == 1)


def index_text(index: tuple[Any, ...], arrays: list[str]) -> str:
    """An index as it stands between brackets."""
    rest = iter(arrays)
    parts = []
    for e in index:
        if isinstance(e, str):
            parts.append(next(rest))
        elif e is Ellipsis:
            parts.append("...")
        elif isinstance(e, slice):
            ends = ["" if v is None else str(v) for v in (e.start, e.stop)]
            parts.append(":".join(ends) + ("" if e.step is None else f":{e.step}"))
        else:
            parts.append(repr(e) if e is None else str(int(e)))
    return ", ".join(parts) or "()"
