"""How a program's values stand in the lines of its readable text: by name, as views, as numbers.

Views are written where they are used. Numbers without a name that are needed once are written where
they are needed: `e = np.exp(-np.abs(z))`. Both are computed there from what they would have been
computed from before.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..ir._strides import is_view
from ..ir._value import REDUCTIONS, UFUNCS, Value
from ..ir._windows import windows_text
from ..lower._rules import ATOM, BINDS, COMPARISON, SIGN
from ..plan._buffers import computed, owner
from ._lines import Lines, by_product, index_text, number
from ._names import Names
from ._text import OPERATORS, in_place

#: characters of a view that has a line of its own
LONG = 40
#: binds less than any operator: a test in several parts
TEST = -1
#: operations that an expression of numbers may hold
IN_LINE = UFUNCS | frozenset((*REDUCTIONS, "where", "cast", "matmul", "argmax", "argmin", "within"))


class Terms(Lines):
    """Spells values in terms of others."""

    vocabulary: Names
    #: number -> the line that it is written in
    inlined: dict[Value, Value]

    # -- numbers as expressions --------------------------------------------------------------------

    def find_inlined(self) -> Iterator[tuple[Value, Value]]:
        """Numbers without a name that are needed once, each with the value that needs it."""
        program = self.program
        lines = [v for v in self.plan.order if computed(v)]
        uses = Counter(x for v in self.plan.order for x in v.operands)
        checks = {condition for condition, _ in program.builder.checks}
        leaving = {owner(x) for x in (*program.returned(), *program.assigned.values())}
        needs = {x: v for v in lines for x in v.operands}
        follows = dict(itertools.pairwise(lines))
        for value in lines:
            named = value.name or value in self.vocabulary.gradients
            if value.shape or named or value.op not in IN_LINE:
                continue
            if not uses[value] and (value in checks or self.counts(value)):
                yield value, value
            elif uses[value] == 1 and value not in leaving and value in needs:
                reader = needs[value]
                near = all(not owner(x).shape for x in value.operands)
                near = near or follows.get(value) is reader
                inside = value.gate is reader.gate or value.section == reader.section == "update"
                if near and inside and (not reader.shape or value.op == "cast"):
                    yield value, reader

    def counts(self, value: Value) -> bool:
        """Whether a value is a counter's next, which is written where it was read."""
        return any(
            new is value and in_place(new) and all(x is self.program.variables[v] for x in operands)
            for v, new in self.program.assigned.items()
            if (operands := new.operands)
        )

    def covered(self, value: Value) -> tuple[Value, ...]:
        """A value and the numbers that its line computes on the way."""
        inner = [x for x in value.operands if self.inlined.get(x) is value]
        return (*(y for x in inner for y in self.covered(x)), value)

    def term(self, x: Any, level: int, dtype: Any = None) -> str:
        """A value as it stands in an expression of a level."""
        if not isinstance(x, Value):
            text = literal(x, dtype)
            return f"({text})" if text.startswith("-") and level > SIGN else text
        if x in self.inlined:
            text, own = self.expression(x)
            return text if own >= level else f"({text})"
        return self.operand(x)

    def operand(self, x: Any) -> str:
        """A value as it stands between commas."""
        if not isinstance(x, Value):
            return number(x)
        if x in self.inlined:
            return self.expression(x)[0]
        if x in self.plan.over:
            return self.names[self.plan.over[x]]
        if is_view(x):
            return self.view(x)
        if x.op == "constant" and x not in self.names:
            self.constant(x)
        return self.names[x]

    def constant(self, value: Value) -> None:
        """Name a constant, and say where it comes from."""
        raise NotImplementedError

    def expression(self, value: Value) -> tuple[str, int]:
        """A number that is computed where it is needed, and how tightly it binds."""
        op, inputs = value.op, value.inputs
        dtype = dtype_beside(value)
        if op in OPERATORS:
            sign = OPERATORS[op]
            level = BINDS[sign]
            right_first = op == "power"
            x = self.term(inputs[0], level + (right_first or level == COMPARISON), dtype)
            y = self.term(inputs[1], level + (not right_first), dtype)
            return f"{x} {sign} {y}", level
        if op == "negative":
            return f"-{self.term(inputs[0], SIGN)}", SIGN
        text = self.spell(value, "_", None).split(" = ", 1)[1]
        return text, TEST if op == "within" else ATOM

    def view(self, value: Value) -> str:
        """A view of another value, where it is used; a long one has a name."""
        if value in self.names:
            return self.names[value]
        text = self.view_text(value)
        root = owner(value)
        if value.shape and len(text) - len(self.term(root, ATOM)) > LONG:
            return self.named_view(value, text)
        return text

    def named_view(self, value: Value, text: str) -> str:
        """The name of a view that stands on a line of its own."""
        raise NotImplementedError

    def view_text(self, value: Value) -> str:
        """A view in terms of what it is a view of."""
        base = value.inputs[0]
        text, op, attrs, shape = self.term(base, ATOM), value.op, value.attrs, value.shape
        if base.ndim == 1 and shape == (base.size, 1):
            return f"{text}[:, None]"
        if op == "reshape":
            return f"{text}.reshape({', '.join(map(str, shape)) or '()'})"
        if op == "transpose":
            reverse = attrs["axes"] == tuple(range(value.ndim))[::-1]
            return f"{text}.T" if reverse else f"{text}.transpose{attrs['axes']}"
        if op == "broadcast":
            return f"np.broadcast_to({text}, {shape})"
        if op == "windows":
            return windows_text(value, self.operand(base))
        return f"{text}[{index_text(attrs['index'], [])}]"

    # -- calls -------------------------------------------------------------------------------------

    def spell(self, value: Value, name: str, out: str | None) -> str:
        """The statement that gives a value its name, or writes it into `out`."""
        op, dtype = value.op, dtype_beside(value)
        inputs = [
            self.operand(x) if isinstance(x, Value) else literal(x, dtype) for x in value.inputs
        ]
        if op in UFUNCS:
            return self.call(f"np.{'abs' if op == 'absolute' else op}", inputs, name, out)
        if op in REDUCTIONS:
            return self.reduction(value, inputs[0], name, out)
        text: str = getattr(self, f"_{op}")(value, inputs, name, out)
        return text

    def call(self, function: str, inputs: list[str], name: str, out: str | None) -> str:
        """A call of a NumPy function that knows `out`."""
        given = ", ".join(inputs)
        return f"{name} = {function}({given})" if out is None else f"{function}({given}, out={out})"

    def reduction(self, value: Value, x: str, name: str, out: str | None) -> str:
        """np.sum and the like; rows and columns of small matrices by a product with ones."""
        (source,), axes = value.inputs, value.attrs["axis"]
        if by_product(source, value.op, axes) or (value.op == "sum" and source.dtype.char == "e"):
            return super().reduction(value, x, name, out)
        over = tuple(k % source.ndim for k in axes)
        along = [f"axis={over[0] if len(over) == 1 else over}"] if len(axes) < source.ndim else []
        return self.call(f"np.{value.op}", [x, *along], name, out)

    def _cast(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        if out is None:
            return super()._cast(value, inputs, name, out)
        return f"{out}[...] = {inputs[0]}"

    def _within(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        (x,), low, high = inputs, value.attrs["low"], value.attrs["high"]
        return f"{name} = {low} <= {x}.min() and {x}.max() < {high}"

    def _rows(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        table, rows = inputs
        text = f"{table}[{rows}]"
        return f"{name} = {text}" if out is None else f"{out}[...] = {text}"

    def _take(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        text = f"{inputs[0]}[{index_text(value.attrs['index'], inputs[1:])}]"
        return f"{name} = {text}" if out is None else f"{out}[...] = {text}"

    def _draw(self, value: Value, inputs: list[str], name: str, out: str | None) -> str:
        return draw(self.generator(value), name, value.attrs["method"], **value.attrs["arguments"])

    def generator(self, value: Value) -> str:
        """The name of the generator of a draw."""
        raise NotImplementedError


def dtype_beside(value: Value) -> Any:
    """The dtype of the first operand, which the numbers beside it take."""
    return next((x.dtype for x in value.inputs if isinstance(x, Value)), None)


def literal(x: Any, dtype: Any) -> str:
    """A number as short as it can be written beside an array of a dtype.

    >>> literal(0.10000000149011612, np.dtype("float32")), literal(2, None)
    ('0.1', '2')
    """
    if isinstance(x, float) and dtype is not None and dtype.char in "fe":
        with np.errstate(over="ignore"):
            brief = float(str(dtype.type(x)))
            same = dtype.type(brief) == dtype.type(x)
        if same and len(number(brief)) < len(number(x)):
            x = brief
    return number(x)


def draw(rng: str, name: str, method: str, **arguments: Any) -> str:
    """The lines of a draw from a `np.random.Generator`; as `autodiff._draws` says them.

    >>> draw("rng", "x", "normal", loc=1.0, scale=1.0, size=(2,), dtype=np.dtype("float32"))
    'x = rng.standard_normal((2,), np.float32)\\nx = x + 1.0'
    """
    given = dict(arguments)
    size, dtype = given.pop("size", None), given.pop("dtype", None)
    kind = f"np.{dtype}"
    if method == "normal":
        lines = [f"{rng}.standard_normal({size}, {kind})"]
        lines += [f"{name} * {given['scale']}"] * (given["scale"] != 1.0)
        lines += [f"{name} + {given['loc']}"] * (given["loc"] != 0.0)
    elif method == "uniform":
        low, high = given["low"], given["high"]
        lines = [f"{rng}.random({size}, {kind})"]
        if (low, high) != (0.0, 1.0):
            lines += [f"{name} * {high - low}", f"{name} + {low}"]
            lines += [f"np.minimum({name}, np.nextafter({kind}({high}), {kind}({low})))"]
    elif method == "bernoulli":
        lines = [f"{rng}.random({size}) < {given['p']}"]
    elif method == "integers":
        lines = [f"{rng}.integers({given['low']}, {given['high']}, {size}, {kind})"]
    elif method == "permutation":
        lines = [f"{rng}.permutation({given['n']})"]
    else:
        p = None if given["p"] is None else f"np.array({given['p'].tolist()})"
        rest = f"{given['replace']}, {p}, shuffle={given['shuffle']}"
        lines = [f"{rng}.choice({given['n']}, {size}, {rest})"]
    return "\n".join(f"{name} = {line}" for line in lines)
