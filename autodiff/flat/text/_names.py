"""What the values of a program are called in its text.

A gradient is d_ and the name of what it is the gradient of; other values have the names that the
code gave them, or are called after the op that made them: z, h, e, losses. Where a name is needed
more than once it is numbered, z1, z2, ... A value without a name of its own that another is
written over, as a product before its bias is added, shares the name of that one.
"""

from __future__ import annotations

import builtins
import keyword
from collections import Counter
from collections.abc import Iterable, Sequence
from operator import is_

from ..ir._library import stem as call_stem
from ..ir._strides import is_view, laid
from ..ir._value import Value
from ..lower._lower import Program, identifier
from ..plan._buffers import Plan, owner

#: op of a function -> what its result is called
RESULTS = {
    "matmul": "z",
    "conv2d": "z",
    "max_pool2d": "pooled",
    "avg_pool2d": "pooled",
    "relu": "h",
    "sigmoid": "h",
    "tanh": "h",
    "softmax": "p",
    "mean": "mean",
    "log_softmax": "log_p",
    "softmax_cross_entropy": "losses",
    "one_hot": "truth",
    "square": "squares",
}
#: operation of a program -> what its result is called
STEMS = {
    "matmul": "z",
    "add": "a",
    "subtract": "difference",
    "multiply": "m",
    "divide": "ratio",
    "exp": "e",
    "sum": "total",
    "max": "top",
    "min": "bottom",
    "sqrt": "root",
    "take": "picked",
    "absolute": "size",
    "maximum": "larger",
    "minimum": "smaller",
    "where": "chosen",
    "concat": "joined",
    "stack": "joined",
    "scatter": "spread",
    "put": "changed",
    "reshape": "copied",
    "contiguous": "copied",
    "framed": "padded",
    "routed": "spread",
    "overlap_add": "sums",
    "draw": "noise",
    "constant": "constant",
    "flat": "vector",
    **dict.fromkeys(("argmax", "argmin"), "place"),
    **dict.fromkeys(("equal", "not_equal", "less", "less_equal", "greater"), "mask"),
    **dict.fromkeys(("greater_equal", "logical_and", "logical_or", "logical_not"), "mask"),
    **dict.fromkeys(("isfinite", "isnan", "any", "all"), "mask"),
    "within": "known",
    "rows": "rows",
}
#: operation of a view -> what follows its base's name
VIEWED = {
    "transpose": "T",
    "reshape": "reshaped",
    "slice": "part",
    "broadcast": "wide",
    "windows": "windows",
}
RESERVED = frozenset((*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "np", "scipy"))


class Names:
    """The names of a program's values, and free ones for what else its text needs."""

    def __init__(self, program: Program, plan: Plan, name: str) -> None:
        self.program, self.plan = program, plan
        self.taken = {*RESERVED, name}
        self.names: dict[Value, str] = {}
        #: value -> the one that is written over it
        self.over: dict[Value, Value] = {}
        self.scopes = shortest({value.gate.scope for value in plan.order})
        #: value -> what it is the gradient of, as it is or in another shape
        self.gradients = dict(program.gradients)
        for value, of in program.gradients.items():
            if value.size == owner(value).size:
                self.gradients.setdefault(owner(value), of)

    def free(self, stem: str) -> str:
        """A name that nothing else has."""
        name, k = stem, 1
        while name in self.taken:
            k += 1
            name = numbered(stem, k)
        self.taken.add(name)
        return name

    def give(self, values: Sequence[Value]) -> None:
        """Names for what has them from outside: arguments, Variables."""
        for value in values:
            self.names[value] = self.free(value.name or value.op)

    def make(self, values: Sequence[Value]) -> None:
        """Names for values that the program computes, in their order."""
        known = set(values)
        for value in values:
            for x in value.operands:
                if x in known and self.shares(x, value):
                    self.over[x] = value
        heads = [v for v in values if not self.lends(v)]
        stems = {v: self.stem(v) for v in heads if self.source(v) is None}
        counts = Counter(stems.values())
        numbers: Counter[str] = Counter()
        for value, stem in stems.items():
            name = stem
            if counts[stem] > 1 or stem in self.taken:
                name = self.number(stem, numbers)
            self.taken.add(name)
            self.names[value] = name
        for value in heads:
            if value not in self.names:
                self.names[value] = self.free(self.gradient(value))
        for value in reversed(values):
            if value not in self.names:
                self.names[value] = self.names[self.over[value]]

    def number(self, stem: str, numbers: Counter[str]) -> str:
        """The next numbered name of a stem."""
        while True:
            numbers[stem] += 1
            name = numbered(stem, numbers[stem])
            if name not in self.taken:
                return name

    def shares(self, x: Value, value: Value) -> bool:
        """Whether a value is written over x."""
        slot = self.plan.slot.get(laid(x))
        return slot is not None and slot is self.plan.slot.get(value)

    def lends(self, value: Value) -> bool:
        """Whether a value goes by the name of the one that is written over it.

        So do the steps of a gate on the way to its result, and a product before its bias is added.
        """
        heir = self.over.get(value)
        if heir is None or value.op == "flat" or self.source(value) is not None:
            return False
        if value.name:
            return value.name == heir.name and value.gate.scope == heir.gate.scope
        if value.section == heir.section == "update" and not heir.name:
            return True
        return value.gate is heir.gate or (value.op == "matmul" and heir.op == "add")

    def source(self, value: Value) -> Value | None:
        """What a value is the gradient of."""
        of = self.gradients.get(value)
        return of if of is not None and (of in self.names or value.section != "forward") else None

    def gradient(self, value: Value) -> str:
        """d_ and the name of what a value is the gradient of."""
        of = self.gradients[value]
        name = self.names.get(owner(of))
        while name is None and of in self.over:
            of = self.over[of]
            name = self.names.get(of)
        if name is None:
            return f"d_{of.name or STEMS.get(of.op, of.op)}"
        return f"d_{name}_{VIEWED[of.op]}" if is_view(of) else f"d_{name}"

    def stem(self, value: Value) -> str:
        """What a value is called, without its number."""
        given = self.program.given.get(value)
        scope = self.scopes.get(value.gate.scope, "")
        prefix = f"{identifier(scope)}_" if scope and given else ""
        if value.name:
            return prefix + value.name
        for variable, new in self.program.assigned.items():
            if new is value:
                return f"new_{identifier(variable.name or 'variable')}"
        if value.op == "flat":
            return self.laid(value)
        if value.op == "cast":
            (x,) = value.operands
            return f"{self.names.get(x) or self.stem(x)}_{value.dtype}"
        if value.op in ("add", "subtract") and any(x.op == "matmul" for x in value.operands):
            return prefix + STEMS["matmul"]
        if given in RESULTS:
            return prefix + RESULTS[given]
        if value.op in ("call", "part"):
            return prefix + call_stem(value)
        return prefix + STEMS.get(value.op, value.op)

    def laid(self, vector: Value) -> str:
        """What values end to end are called."""
        parts = [self.program.gradients.get(x) for x in vector.operands]
        for group in self.program.groups:
            olds = group.old.operands
            if len(olds) == len(parts) and all(map(is_, olds, parts)):
                return f"d_{self.names[group.old]}"
        return "vector" if any(part is None for part in parts) else "gradients"


def shortest(scopes: Iterable[str]) -> dict[str, str]:
    """The last parts of each scope's name that tell it apart.

    >>> shortest(["net/dense", "net/dense_1", "a/b", "c/b"])
    {'net/dense': 'dense', 'net/dense_1': 'dense_1', 'a/b': 'a/b', 'c/b': 'c/b'}
    """
    found = {}
    for scope in scopes:
        parts = scope.split("/")
        for k in range(1, len(parts) + 1):
            found[scope] = "/".join(parts[-k:])
            alike = [s for s in scopes if f"/{s}".endswith(f"/{found[scope]}")]
            if alike == [scope]:
                break
    return found


def numbered(stem: str, k: int) -> str:
    """z1; x0_1 where the stem ends in a number or says what it is a gradient of."""
    return f"{stem}_{k}" if stem[-1].isdigit() or stem.startswith("d_") else f"{stem}{k}"
