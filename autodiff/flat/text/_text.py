"""The program as text that is run: NumPy calls that write into buffers, each spelled cheaply."""

from __future__ import annotations

import builtins
from typing import Any

from ...engine._variable import Variable
from ..fuse._kernel_text import Code
from ..fuse._kernels import write_call
from ..ir import _library
from ..ir._strides import is_view, laid
from ..ir._value import REDUCTIONS, UFUNCS, Value
from ..ir._windows import windows_text
from ..lower._lower import Program
from ..plan._buffers import PIECE, Plan, Slot, computed, owner, tiles
from ._layout import constant
from ._lines import index_text, number
from ._parts import Parts
from ._step import Step

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
SHORT = {
    "rows": "truth",
    "matmul": "z",
    "add": "a",
    "maximum": "h",
    "exp": "e",
    "sum": "s",
    "multiply": "m",
}


class Text(Parts):
    """Writes a program with the cheapest spelling of every call.

    `constants` are the arrays that the text expects by name.
    """

    def __init__(self, program: Program, plan: Plan, name: str) -> None:
        self.program, self.plan, self.name = program, plan, name
        #: what the cheap spelling calls by a short name
        self.aliases: dict[str, str] = {}
        self.names: dict[Value, str] = {}
        self.taken = {"np", "scipy", name, "arena", *dir(builtins)}
        self.constants: dict[str, Any] = {}
        #: functions to be compiled, and the names by which it expects them
        self.kernels: dict[Code, str] = {}
        self.header: list[str] = []
        self.body: list[str] = []
        #: which lines of the body compute what
        self.steps: list[Step] = []
        self.ones: dict[tuple[int, str], str] = {}
        self.scalars: dict[tuple[str, str], str] = {}
        #: names of generators and their arguments
        self.given: dict[int, str] = {}
        #: vector of Variables -> views of their arrays, made when these are laid into it
        self.derived: dict[Value, list[Value]] = {}
        at_home = {v for group in program.groups for v in group.variables}
        #: Variables that are not in a vector: read, or written in place
        self.written = tuple(v for v, new in program.assigned.items() if in_place(new))
        self.read = tuple(v for v in program.variables if v not in {*at_home, *self.written})
        #: Variables whose arrays must lie in order
        self.in_order: list[Variable] = []
        #: vector -> its piece, inside of a loop over pieces
        self.cut: dict[str, str] | None = None

    def write(self) -> str:
        """The whole text."""
        program = self.program
        for v in (*program.arguments, *program.variables.values()):
            self.name_of(v)
        for group in program.groups:
            self.derived[group.old] = []
            self.name_of(group.old)
        section = ""
        written: set[Value] = set()
        for value in self.plan.order:
            if not (computed(value) or is_view(value)) or value in written:
                continue
            if value.section != section:
                section = value.section
                self.body.append(f"# {section}")
            start, run = len(self.body), [value]
            copied: tuple[Value, ...] = ()
            if is_view(value):
                self.view(value)
            elif value in self.plan.pieces:
                run = self.plan.pieces[value]
                self.loop(run)
            elif value.op == "fused":
                run = self.plan.together(value)
                write_call(self, run)
            elif value.op == "flat":
                run, copied = [], tuple(x for x, _ in self.plan.moved(value))
                self._flat(value)
            else:
                self.line(value)
            written.update(run)
            self.checks(value)
            if not is_view(value) and len(self.body) > start:
                self.steps.append(Step(start, len(self.body), tuple(run), copied))
        self.finish()
        lines = [*_library.imports(self.plan.order), "", *self.header, "", ""]
        lines.append(f"def {self.name}({', '.join(map(self.name_of, self.parameters()))}):")
        lines += [f"    {line}" for line in self.body]
        return "\n".join(lines) + "\n"

    def checks(self, value: Value) -> None:
        """The lines that raise where a value, or one made with it, says so."""
        position = self.plan.position
        for condition, message in self.program.builder.checks:
            if position.get(condition) == position[value]:
                self.body.append(f"if not {self.names[condition]}:")
                self.body.append(f"    raise ValueError({message!r})")

    def parameters(self) -> list[Value]:
        """What the function is given: arguments, Variables alone, and those in vectors."""
        program = self.program
        given = [*program.arguments, *(program.variables[v] for v in (*self.read, *self.written))]
        for group in program.groups:
            given += (group.old, *group.old.operands, *self.derived[group.old])
        return given

    def finish(self) -> None:
        """Results copied out of buffers, Variables given their new values, and the return."""
        results, copies = [], []
        for value in self.program.returned():
            name = self.operand(value)
            if value not in self.plan.fresh:
                results.append(self.free_name("result"))
                self.copy(f"{results[-1]} = {name}.copy()", value)
            else:
                results.append(name)
        pairs = [(self.program.variables[v], new) for v, new in self.program.assigned.items()]
        pairs += [(group.old, group.new) for group in self.program.groups]
        for old, new in pairs:
            if self.plan.over.get(new) is old:
                continue
            if not in_place(new):
                name = self.operand(new)
                results.append(name if new in self.plan.fresh else f"{name}.copy()")
                continue
            name = self.operand(new)
            if owner(new).op in ("variable", "flat") or owner(new) in self.plan.over:
                # lies in a Variable that may be written over by the lines below
                fresh = self.free_name("new")
                self.copy(f"{fresh} = {name}.copy()", new)
                name = fresh
            to = self.operand(old)
            text = f"np.copyto({to}, {name})" if new.shape else f"{to}[()] = {name}"
            copies.append((text, new))
        for text, new in copies:
            self.copy(text, new)
        self.body.append(f"return ({', '.join(results)},)" if results else "return ()")

    def copy(self, line: str, value: Value) -> None:
        """A line that copies a value as it is."""
        self.body.append(line)
        self.steps.append(Step(len(self.body) - 1, len(self.body), copied=(value,)))

    # -- names -------------------------------------------------------------------------------------

    def name_of(self, value: Value) -> str:
        """The name of a value; made when it is first asked for."""
        if value not in self.names:
            given = value.op in ("argument", "variable") or value.attrs.get("home")
            self.names[value] = self.free_name(value.name if given else self.stem(value))
        return self.names[value]

    def stem(self, value: Value) -> str:
        """What a value is called, without its number."""
        if value.op == "flat":
            return "gradients"
        of = self.program.gradients.get(value)
        if of is not None and of in self.names:
            return f"d_{self.names[of]}"
        op, attrs = value.op, value.attrs
        if op in ("call", "part"):
            return _library.stem(value)
        if op == "fused":
            op = attrs["cluster"].outputs[attrs["output"]].op
        return SHORT.get(op, op)

    def operand(self, x: Any) -> str:
        """An input as it stands in a line."""
        if not isinstance(x, Value):
            return number(x)
        if x in self.plan.over:
            return self.operand(self.plan.over[x])
        if x.op == "constant" and x not in self.names:
            self.constant(x)
        return self.names.get(x) or self.name_of(x)

    def constant(self, value: Value) -> None:
        """A constant in the header: as an expression where it is short, else an array by name."""
        name = self.name_of(value)
        _, text = constant(value.data)
        if text is None:
            self.constants[name] = value.data
        else:
            self.header.append(f"{name} = {text}")

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
        elif op == "windows":
            text = windows_text(value, base)
        else:
            text = f"{base}[{index_text(attrs['index'], [])}]"
        root = owner(value)
        # what has no axes is a number of now, not a view
        fixed = root in self.plan.slot or root in self.plan.part or root.op == "constant"
        step = value
        while step.shape and step is not root:
            step = step.inputs[0]
        fixed = fixed and step is root
        if step is root and root.op == "variable":
            for home, views in self.derived.items():
                if root in set(home.operands):
                    self.name_of(value)
                    views.append(value)
                    return
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
        if value in self.plan.part:
            vector, offset = self.plan.part[value]
            name = self.name_of(value)
            text = f"{self.vector(vector)}[{offset}:{offset + value.size}]"
            flat = "" if value.ndim == 1 else f".reshape({value.shape})"
            self.header.append(f"{name} = {text}{flat}")
            return name
        slot = self.plan.slot[value]
        for x in value.operands:
            if self.plan.slot.get(laid(x)) is slot:
                self.names[value] = self.names[x]  # in place
                return self.names[x]
        self.buffer(value, slot)
        return self.names[value]

    def buffer(self, value: Value, slot: Slot) -> None:
        """The line that makes a value's memory: an array, or its place in the arena."""
        name = self.name_of(value)
        shape = (PIECE,) if slot.short else value.shape
        place = f"np.{value.dtype}, arena, {slot.offset}"
        self.header.append(f"{name} = np.ndarray({shape}, {place})")

    def vector(self, value: Value) -> str:
        """The name of a vector whose parts are computed in it."""
        if value not in self.names:
            self.buffer(value, self.plan.slot[value])
        return self.names[value]

    def _flat(self, value: Value) -> None:
        """Copies of the parts that could not be computed in their place."""
        name = self.vector(value)
        for x, start in self.plan.moved(value):
            part = f"{name}[{start}:{start + x.size}].reshape({x.shape})"
            self.body.append(f"np.copyto({part}, {self.operand(x)})")

    def loop(self, run: list[Value]) -> None:
        """Operations on long vectors, piece by piece."""
        before, self.body, self.cut = self.body, [], {}
        size, i = run[0].size, self.free_name("i")
        for value in run:
            self.line(value)
        lines, self.body = self.body, before
        self.body.append(f"for {i} in range(0, {size}, {PIECE}):")
        short = {self.names[v] for v in run if v in self.plan.slot and self.plan.slot[v].short}
        for name, piece in self.cut.items():
            part = f"[:{size} - {i}]" if name in short else f"[{i} : {i} + {PIECE}]"
            self.body.append(f"    {piece} = {name}{part}")
        self.body += [f"    {line}" for line in lines]
        self.cut = None

    def piece(self, name: str) -> str:
        """The name of the piece of a vector that a loop is at; outside of loops the vector's."""
        if self.cut is None:
            return name
        if name not in self.cut:
            self.cut[name] = self.free_name(f"{name}_i")
        return self.cut[name]

    def tile(self, value: Value, slot: Slot) -> str:
        """An array of a value's shape for the length of one line: all lie in the same place."""
        name = self.free_name("tile")
        place = f"np.{value.dtype}, arena, {slot.offset}"
        self.header.append(f"{name} = np.ndarray({value.shape}, {place})")
        return name

    def counts(self, value: Value) -> bool:
        """Whether a value is a counter's next, and nothing else: Python's integers are faster."""
        if value.shape or value.op != "add" or value.dtype.kind != "i":
            return False
        x, more = value.inputs
        read = {y for v in self.plan.order for y in v.operands} | {*self.program.returned()}
        counter = isinstance(x, Value) and x.op == "variable" and type(more) is int
        return counter and value not in read

    def leaving(self) -> set[Value]:
        """What leaves the program: results and Variables' new values."""
        return {*self.program.returned(), *self.program.assigned.values()}

    def scales(self, value: Value) -> bool:
        """Whether a number is cast for ufuncs on arrays: they take arrays without axes faster."""
        if value.op != "cast" or value.shape or value in self.leaving():
            return False
        users = [v for v in self.plan.order if any(x is value for x in v.operands)]
        return all(v.op in UFUNCS and v.shape for v in users)

    def line(self, value: Value) -> None:
        """The line (or two) that computes a value."""
        inputs = [self.operand(x) for x in value.inputs]
        out = self.out(value)
        if self.cut is not None:
            inputs = [
                self.piece(i) if isinstance(x, Value) and x.shape else i
                for x, i in zip(value.inputs, inputs, strict=True)
            ]
            out = self.piece(out or "")
        name = self.names[value]
        op = value.op
        if self.counts(value):
            text = f"{name} = {inputs[0]}.item() {OPERATORS[op]} {inputs[1]}"
        elif self.scales(value):
            self.header.append(f"{name} = np.empty((), np.{value.dtype})")
            text = f"{name}[()] = {inputs[0]}"
        elif not value.shape and op in OPERATORS and complex not in map(type, value.inputs):
            if op == "power" and inputs[0].startswith("-"):  # binds tighter than a sign
                inputs[0] = f"({inputs[0]})"
            text = f"{name} = {inputs[0]} {OPERATORS[op]} {inputs[1]}"
        elif op in UFUNCS:
            tile = ""
            if out is not None:
                for k, x in enumerate(value.inputs):
                    inputs[k] = self.scalar(x, inputs[k], value)
                    if self.plan.tile and tiles(value, k):
                        name_of_tile = self.tile(value, self.plan.tile)
                        tile = f"{name_of_tile}[...] = {inputs[k]}\n"
                        inputs[k] = name_of_tile
            text = tile + self.call(f"np.{op}", inputs, name, out)
        elif op in REDUCTIONS:
            text = self.reduction(value, inputs[0], name, out)
        else:
            text = getattr(self, f"_{op}")(value, inputs, name, out)
        self.body += text.split("\n")


def in_place(value: Value) -> bool:
    """Whether a Variable's new value is written into its array; floats without axes are numbers."""
    return bool(value.shape) or value.dtype.kind not in "fc"
