"""The program as one reads it: every line with the shape of its value and the gate it belongs to.

It computes what the program computes, in the same order, but says it for readers: names from the
code, views where they are used, numbers without axes as expressions, long vectors in one piece.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..ir._value import Value
from ..lower._lower import Program
from ..lower._rules import ATOM
from ..plan._buffers import Plan, computed, owner
from . import _layout
from ._names import VIEWED, Names
from ._terms import Terms
from ._text import OPERATORS, in_place


@dataclass(frozen=True)
class Line:
    """A line of the body, or several that belong together."""

    text: str
    #: "forward", "backward", "update"; "" for the views of Variables
    section: str
    #: what it computes; the last is what is written
    values: tuple[Value, ...] = ()
    #: a value that is copied as it is
    copied: Value | None = None


class Readable(Terms):
    """Writes a program for readers; `lines` and `source` are what it wrote."""

    def __init__(self, program: Program, plan: Plan, name: str) -> None:
        self.program, self.plan, self.name = program, plan, name
        self.ones, self.given, self.constants = {}, {}, {}
        self.vocabulary = Names(program, plan, name)
        self.names, self.taken = self.vocabulary.names, self.vocabulary.taken
        #: what is made once: constants, and memory that is written at every call
        self.fixed: list[_layout.Entry] = []
        self.memory: list[_layout.Entry] = []
        #: title -> name of a parameter, or of a result -> what it is
        self.about: dict[str, dict[str, str]] = {}
        self.lines: list[Line] = []
        #: names of what has its memory
        self._declared: set[str] = set()
        self.inlined = dict(self.find_inlined())
        self._parameters()
        made = [v for v in plan.order if computed(v) and v not in plan.over]
        self.vocabulary.make([v for v in made if v not in self.inlined])
        self._views_of_homes()
        self._body()
        self._finish()

    @property
    def source(self) -> str:
        """The whole text."""
        return _layout.layout(self)

    def parameters(self) -> list[str]:
        """Names of the parameters, in order."""
        titles = (title for title in self.about if title != _layout.RESULTS)
        return [name for title in titles for name in self.about[title]]

    # -- the parts of the text ---------------------------------------------------------------------

    def _parameters(self) -> None:
        program = self.program
        groups = {value: group for group in program.groups for value in group.old.operands}
        variables = program.variables.values()
        self.vocabulary.give([*program.arguments, *variables, *(g.old for g in program.groups)])
        for value in program.arguments:
            self._tell(_layout.ARGUMENTS, self.names[value], value)
        assigned = {program.variables[v]: new for v, new in program.assigned.items()}
        for value in variables:
            if value not in groups:
                new = assigned.get(value)
                what = "" if new is None else "written" if in_place(new) else "new value returned"
                self._tell(_layout.VARIABLES, self.names[value], value, what)
        for group in program.groups:
            held = ", ".join(self.names[value] for value in group.old.operands)
            name = self.names[group.old]
            self._tell(_layout.VARIABLES, name, group.old, f"written; {held}, end to end")

    def _tell(self, title: str, name: str, value: Value, what: str = "") -> None:
        text = f"{value.dtype} {value.shape}  {what}".rstrip()
        self.about.setdefault(title, {})[name] = text

    def _views_of_homes(self) -> None:
        """The Variables of a vector that are read one by one."""
        read = {owner(x) for v in self.plan.order for x in v.operands if v.op != "flat"}
        read.update(map(owner, self.program.returned()))
        for group in self.program.groups:
            start, home = 0, self.names[group.old]
            for value in group.old.operands:
                stop = start + value.size
                if value in read:
                    text = f"{self.names[value]} = {_part(home, start, stop, value)}"
                    self.lines.append(Line(text, "", (value,)))
                start = stop

    def _body(self) -> None:
        for value in self.plan.order:
            if not computed(value) or self.plan.laid(value):
                continue
            if value not in self.inlined:
                self._line(value)
            for condition, message in self.program.builder.checks:
                if condition is value:
                    test = f"if not {self.term(value, ATOM)}:"
                    self._say(f"{test}\n    raise ValueError({message!r})", *self.covered(value))

    def _finish(self) -> None:
        """Results copied out of memory, Variables given their new values, and the return."""
        results, copies = [], []
        for value in self.program.returned():
            name = self.term(value, ATOM)
            if value not in self.plan.fresh:
                result = self.vocabulary.free("result")
                self._say(f"{result} = {name}.copy()", copied=value)
                name = result
            results.append(name)
            self._tell(_layout.RESULTS, name, value)
        pairs = [(self.program.variables[v], new) for v, new in self.program.assigned.items()]
        pairs += [(group.old, group.new) for group in self.program.groups]
        for old, new in pairs:
            if self.plan.over.get(new) is old:
                continue
            name = self.operand(new)
            if not in_place(new):
                if not computed(owner(new)):
                    fresh = self.vocabulary.free(f"new_{self.names[old]}")
                    self._say(f"{fresh} = {name}.copy()", copied=new)
                    name = fresh
                results.append(name)
                self._tell(_layout.RESULTS, name, new, f"the new {self.names[old]}")
                continue
            if owner(new).op in ("variable", "flat"):  # may be written over by the lines below
                fresh = self.vocabulary.free(f"new_{self.names[old]}")
                self._say(f"{fresh} = {name}.copy()", copied=new)
                name = fresh
            copies.append((f"{self.names[old]}[...] = {name}", new))
        for text, new in copies:
            if new in self.inlined:
                self._say(text, *self.covered(new))
            else:
                self._say(text, copied=new)
        end = "," if len(results) == 1 else ""
        self._say(f"return ({', '.join(results)}{end})")

    def _say(self, text: str, *values: Value, copied: Value | None = None) -> None:
        last = self.lines[-1].section if self.lines else ""
        section = values[-1].section if values else last or "forward"
        self.lines.append(Line(text, section, values, copied))

    # -- lines and memory --------------------------------------------------------------------------

    def _line(self, value: Value) -> None:
        """The line (or two) that computes a value."""
        if value.op == "flat":
            self._copies(value)
            return
        plain = complex not in map(type, value.inputs)  # times a float it is Python's
        if not value.shape and (value.op in OPERATORS or value.op == "negative") and plain:
            text = f"{self.names[value]} = {self.expression(value)[0]}"
        else:
            out = self._out(value)
            text = self.spell(value, out or self.names[value], out)
        self._say(text, *self.covered(value))

    def _out(self, value: Value) -> str | None:
        """Where a value is written: memory, a Variable's array, or None for a new array."""
        if value in self.plan.over:
            return self.names[self.plan.over[value]]
        if value in self.plan.fresh:
            return None
        name = self.names[value]
        if name in self._declared:
            return name
        self._declared.add(name)
        over = next((x for x in value.operands if self.vocabulary.shares(x, value)), None)
        if value in self.plan.part:
            vector, offset = self.plan.part[value]
            text = _part(self._vector(vector), offset, offset + value.size, value)
            self.memory.append(_layout.Entry(f"{name} = {text}", value.shape))
        elif over is not None:
            text, same = f"{name} = {self.operand(over)}", "the same memory"
            self.memory.append(_layout.Entry(text, value.shape, same))
        else:
            self._room(name, value)
        return name

    def _room(self, name: str, value: Value) -> None:
        text = f"{name} = np.empty({value.shape}, np.{value.dtype})"
        self.memory.append(_layout.Entry(text, value.shape, f"{value.nbytes:,} bytes"))

    def named_view(self, value: Value, text: str) -> str:
        """The name of a view: made once where its memory is, or before its first use."""
        base = self.operand(value.inputs[0])
        stem = base if base.isidentifier() else self.names[owner(value)]
        name = self.names[value] = self.free_name(f"{stem}_{VIEWED[value.op]}")
        if owner(value) in self.plan.slot or owner(value) in self.plan.part:
            self.memory.append(_layout.Entry(f"{name} = {text}", value.shape, "a view"))
        else:
            self.lines.append(Line(f"{name} = {text}", value.section, (value,)))
        return name

    def _vector(self, value: Value) -> str:
        """The name of a vector whose parts are computed in it."""
        if value in self.plan.over:
            return self.names[self.plan.over[value]]
        name = self.names[value]
        if name not in self._declared:
            self._declared.add(name)
            self._room(name, value)
        return name

    def _copies(self, vector: Value) -> None:
        """Copies of the parts that could not be computed in their place."""
        name = self._vector(vector)
        for x, start in self.plan.moved(vector):
            part = _part(name, start, start + x.size, x)
            text = f"{part}{'' if x.ndim == 1 else '[...]'} = {self.operand(x)}"
            self.lines.append(Line(text, vector.section, copied=x))

    # -- what is made once -------------------------------------------------------------------------

    def free_name(self, stem: str) -> str:
        """A name that nothing else has."""
        return self.vocabulary.free(stem)

    def ones_of(self, n: int, dtype: Any) -> str:
        """The name of a vector of ones."""
        key = (n, dtype.name)
        if key not in self.ones:
            short = f"ones{n}" not in self.taken
            name = self.ones[key] = self.free_name(f"ones{n}" if short else f"ones{n}_{dtype}")
            self.fixed.append(_layout.Entry(f"{name} = np.ones({n}, np.{dtype})", (n,)))
        return self.ones[key]

    def constant(self, value: Value) -> None:
        """A constant: as an expression where it is short, else a parameter."""
        stem, text = _layout.constant(value.data)
        name = self.names[value] = self.free_name(value.name or stem)
        if text is None:
            self.constants[name] = value.data
            self._tell(_layout.CONSTANTS, name, value)
        else:
            self.fixed.append(_layout.Entry(f"{name} = {text}", value.shape))

    def generator(self, value: Value) -> str:
        """The name of the generator of a draw; a parameter."""
        source = value.attrs["generator"]
        if id(source) not in self.given:
            name = self.given[id(source)] = self.free_name("rng")
            self.constants[name] = source
            self.about.setdefault(_layout.CONSTANTS, {})[name] = "np.random.Generator"
        return self.given[id(source)]


def _part(vector: str, start: int, stop: int, value: Value) -> str:
    shape = ", ".join(map(str, value.shape))
    return f"{vector}[{start or ''}:{stop}]" + ("" if value.ndim == 1 else f".reshape({shape})")
