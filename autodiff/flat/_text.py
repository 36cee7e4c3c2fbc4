"""The program as text: NumPy calls that write into buffers, one line for each value."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._backend import SMALL
from ._buffers import Plan, computed, is_view, owner
from ._ir import INDEX, REDUCTIONS, UFUNCS, Value
from ._lower import Program

#: arithmetic on what has no axes is written with Python's operators, which are faster there
OPERATORS = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "power": "**",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
    "equal": "==",
    "not_equal": "!=",
}
#: what a value is called after the operation that made it
SHORT = {"matmul": "z", "add": "a", "maximum": "h", "exp": "e", "sum": "s", "multiply": "m"}


class Text:
    """Writes a program: `source` is the text, `constants` the arrays that it expects by name."""

    def __init__(self, program: Program, plan: Plan, name: str) -> None:
        self.program, self.plan, self.name = program, plan, name
        self.names: dict[Value, str] = {}
        self.taken = {"np", name}
        self.constants: dict[str, Any] = {}
        self.header: list[str] = []
        self.body: list[str] = []
        self.ones: dict[tuple[int, str], str] = {}
        self.shared: dict[int, dict[Any, str]] = {}

    def write(self) -> str:
        """The whole text."""
        program = self.program
        parameters = [self.name_of(v) for v in (*program.arguments, *program.variables.values())]
        section = ""
        for value in self.plan.order:
            if not (computed(value) or is_view(value)):
                continue
            if value.section != section:
                section = value.section
                self.body.append(f"# {section}")
            if is_view(value):
                self.view(value)
            else:
                self.line(value)
            for condition, message in program.builder.checks:
                if condition is value:
                    self.body.append(f"if not {self.names[value]}:")
                    self.body.append(f"    raise ValueError({message!r})")
        self.body.append(f"return {self.results()}")
        lines = ["import numpy as np", "", *self.header, "", ""]
        lines.append(f"def {self.name}({', '.join(parameters)}):")
        lines += [f"    {line}" for line in self.body]
        return "\n".join(lines) + "\n"

    def results(self) -> str:
        """What the function returns: the results, then new values that were not written over."""
        parts = []
        for value in self.program.returned():
            name = self.operand(value)
            whole = value in self.plan.fresh
            parts.append(name if whole or not value.shape else f"{name}.copy()")
        for value in self.program.assigned.values():
            if value not in self.plan.over:
                name = self.operand(value)
                parts.append(f"{name}.copy()" if value.shape else name)
        return f"({', '.join(parts)},)" if parts else "()"

    # -- names -------------------------------------------------------------------------------------

    def name_of(self, value: Value) -> str:
        """The name of a value; made when it is first asked for."""
        if value not in self.names:
            stem = value.name if value.op in ("argument", "variable") else self.stem(value)
            name, k = stem, 1
            if value.op not in ("argument", "variable"):
                name = f"{stem}1"
            while name in self.taken:
                k += 1
                name = f"{stem}{k}"
            self.taken.add(name)
            self.names[value] = name
        return self.names[value]

    def stem(self, value: Value) -> str:
        """What a value is called, without its number."""
        return SHORT.get(value.op, value.op)

    def operand(self, x: Any) -> str:
        """An input as it stands in a line."""
        if not isinstance(x, Value):
            return repr(x)
        if x in self.plan.over:
            return self.operand(self.plan.over[x])
        if x.op == "constant" and x not in self.names:
            self.constant(x)
        return self.names.get(x) or self.name_of(x)

    def constant(self, value: Value) -> None:
        """A constant in the header: as an expression where it is short, else an array by name."""
        name = self.name_of(value)
        data, dtype = value.data, value.dtype
        if data.ndim == 1 and data.dtype == np.int64 and np.array_equal(data, np.arange(data.size)):
            self.header.append(f"{name} = np.arange({data.size})")
        elif data.size and (data == data.flat[0]).all() and data.ndim:
            self.header.append(
                f"{name} = np.full({data.shape}, {data.flat[0].item()!r}, np.{dtype})"
            )
        elif data.size <= 16 and np.isfinite(data).all():
            self.header.append(f"{name} = np.array({data.tolist()!r}, np.{dtype})")
        else:
            self.constants[name] = data
            self.header.append(f"# {name}: array {data.shape} {dtype}, given")

    def comment(self, value: Value) -> str:
        """Shape of a line's value."""
        return f"  # {value.shape}"

    # -- lines -------------------------------------------------------------------------------------

    def view(self, value: Value) -> None:
        """A view of another value: made once if that has a buffer, else at every call."""
        base = self.operand(value.inputs[0])
        op, attrs = value.op, value.attrs
        if op == "reshape":
            text = f"{base}.reshape({attrs['shape']})"
        elif op == "transpose":
            reverse = attrs["axes"] == tuple(range(value.ndim))[::-1]
            text = f"{base}.T" if reverse else f"{base}.transpose({attrs['axes']})"
        elif op == "broadcast":
            text = f"np.broadcast_to({base}, {attrs['shape']})"
        else:
            text = f"{base}[{index_text(attrs['index'], [])}]"
        root = owner(value)
        fixed = root in self.plan.buffer or root.op == "constant"
        line = f"{self.name_of(value)} = {text}"
        (self.header if fixed else self.body).append(line)

    def out(self, value: Value) -> str | None:
        """Where a value is written: a buffer, a Variable's array, or None for a new array."""
        if value in self.plan.over:
            old = self.plan.over[value]
            self.names[value] = self.operand(old)
            return self.names[value]
        if value in self.plan.fresh:
            self.name_of(value)
            return None
        number = self.plan.buffer[value]
        for x in value.operands:
            if (
                self.plan.buffer.get(x) == number
                and x.shape == value.shape
                and x.dtype == value.dtype
            ):
                self.names[value] = self.names[x]  # in place
                return self.names[x]
        name = self.name_of(value)
        like = self.shared.setdefault(number, {})
        kind = (value.shape, value.dtype)
        if kind in like:
            self.header.append(f"{name} = {like[kind]}")
        elif like:
            first = next(iter(like.values()))
            text = f"{first}.reshape(-1).view(np.{value.dtype}).reshape({value.shape})"
            self.header.append(f"{name} = {text}")
        else:
            self.header.append(f"{name} = np.empty({value.shape}, np.{value.dtype})")
        like.setdefault(kind, name)
        return name

    def line(self, value: Value) -> None:
        """The line (or two) that computes a value."""
        inputs = [self.operand(x) for x in value.inputs]
        out = self.out(value)
        name = self.names[value]
        op = value.op
        if not value.shape and op in OPERATORS:
            text = f"{name} = {inputs[0]} {OPERATORS[op]} {inputs[1]}"
        elif op in UFUNCS:
            text = self.call(f"np.{op}", inputs, name, out)
        elif op in REDUCTIONS:
            text = self.reduction(value, inputs[0], name, out)
        else:
            text = getattr(self, f"_{op}")(value, inputs, name, out)
        for k, part in enumerate(text.split("\n")):
            self.body.append(part + (self.comment(value) if k == 0 else ""))

    def call(self, function: str, inputs: list[str], name: str, out: str | None) -> str:
        """A call of a NumPy function that knows `out`."""
        if out is None:
            return f"{name} = {function}({', '.join(inputs)})"
        return f"{function}({', '.join(inputs)}, out={out})"

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
        first, second = value.inputs[1:]
        buffer = self.plan.buffer.get(value)
        if (
            isinstance(first, Value)
            and self.plan.buffer.get(first) == buffer
            and first is not second
        ):
            return f"np.copyto({out}, {y}, where=~{condition})"
        if isinstance(second, Value) and self.plan.buffer.get(second) == buffer:
            return f"np.copyto({out}, {x}, where={condition})"
        return f"np.copyto({out}, np.where({condition}, {x}, {y}))"

    def _cast(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        if out is None:
            if not value.shape:
                return f"{name} = np.{value.dtype}({inputs[0]})"
            return f"{name} = {inputs[0]}.astype(np.{value.dtype})"
        return f"np.copyto({out}, {inputs[0]}, casting='unsafe')"

    def _matmul(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        x, y = value.inputs
        dot = x.ndim <= 2 and y.ndim <= 2
        return self.call("np.dot" if dot else "np.matmul", inputs, name, out)

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

    def _take(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        text = f"{inputs[0]}[{index_text(value.attrs['index'], inputs[1:])}]"
        return f"{name} = {text}" if out is None else f"{out}[...] = {text}"

    def _reshape(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        if out is None:
            return f"{name} = {inputs[0]}.reshape({value.shape})"
        return f"np.copyto({out}.reshape({value.inputs[0].shape}), {inputs[0]})"

    def _scatter(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        make = (
            f"{name} = np.zeros({value.shape}, np.{value.dtype})"
            if out is None
            else f"{out}.fill(0)"
        )
        index = self.static_index(value.attrs["index"])
        return f"{make}\nnp.add.at({name}, ({index},), {inputs[0]})"

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
