"""Derivative rules as text: a rule runs on words instead of arrays, and so says what it does.

Where a rule looks at values, or at the shape of what it made itself, it has no text.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine._broadcast import Undo

if TYPE_CHECKING:
    from ...engine._op import Op

#: how tightly parts of an expression hold together, from comparisons to what needs no parentheses
COMPARISON, BITS, SUM, PRODUCT, SIGN, POWER, ATOM = range(7)
#: characters of a rule that says more than its gate's name
LONG = 100

BINDS = {
    "+": SUM,
    "-": SUM,
    "*": PRODUCT,
    "/": PRODUCT,
    "@": PRODUCT,
    "**": POWER,
    "&": BITS,
    "|": BITS,
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), COMPARISON),
}
#: Python's names of operators
SIGNS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "truediv": "/",
    "matmul": "@",
    "pow": "**",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "eq": "==",
    "ne": "!=",
    "and": "&",
    "or": "|",
}


@dataclass(frozen=True)
class Form:
    """Shape and dtype of an array."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


@dataclass(frozen=True, eq=False)
class Rule:
    """The derivative rule of one input of an op, for arrays of given forms."""

    op: Op
    #: which input
    place: int
    #: forms of the inputs; numbers as they are
    inputs: Sequence[Any]
    out: Form
    statics: dict[str, Any]
    #: how broadcasting of the input is undone
    undo: Undo | None

    def text(self) -> str:
        """`dx = g * y`, in the names of the op's declaration; or what the gate does, or nothing.

        Long formulas say less than their gate's name, and are left out.
        """
        name = self.op.inputs[self.place if not self.op.variadic else 0]
        try:
            if self.op.variadic or self.op.outputs:
                return self.op.role
            result = self._run(self.op.rules[name])
        except Exception:  # the rule needs more than words: it is a comment, and left out
            return self.op.role
        text = f"d{name} = {self._summed(_text(result))}"
        return text if len(text) <= LONG else self.op.role

    def _run(self, rule: Callable[..., Any]) -> Any:
        known: dict[str, Any] = {"xp": Words(), "g": Word("g", form=self.out), **self.statics}
        known["out"] = Word("out", form=self.out)
        for name, data in zip(self.op.inputs, self.inputs, strict=True):
            known[name] = Word(name, form=data) if isinstance(data, Form) else data
            known[f"{name}_shape"] = getattr(data, "shape", ())
        return rule(*(known[name] for name in inspect.signature(rule).parameters))

    def _summed(self, text: str) -> str:
        """The rule's text with the sum that undoes broadcasting around it."""
        if self.undo is None or not self.undo.axes:
            return text
        axes = tuple(k + self.undo.ndim for k in self.undo.axes)
        if len(axes) == self.undo.ndim:
            return f"sum({text})"
        return f"sum({text}, axis={axes[0] if len(axes) == 1 else axes})"


class Words:
    """`xp` that writes its functions down."""

    def __getattr__(self, name: str) -> Any:
        if hasattr(np, name) and isinstance(getattr(np, name), type):
            return np.dtype(name)
        if name in ("linalg", "fft", "special"):
            return self
        if name == "matmul":
            return lambda x, y: x @ y
        if name == "astype":  # says nothing about the rule
            return lambda x, dtype: x
        return lambda *args, **kwargs: Word(f"{name}({_arguments(args, kwargs)})")


class Word:
    """A part of an expression, as text."""

    __array_ufunc__ = None
    __hash__ = object.__hash__

    def __init__(self, text: str, level: int = ATOM, form: Form | None = None) -> None:
        self._text, self._level, self._form = text, level, form

    def __getattr__(self, name: str) -> Any:
        if self._form is None:
            raise AttributeError(f"nothing is known of {self._text}")
        if name == "ndim":
            return len(self._form.shape)
        if name == "size":
            return int(np.prod(self._form.shape))
        return getattr(self._form, name)  # shape, dtype

    @property
    def mT(self) -> Word:  # noqa: N802
        """Transposed."""
        short = self._form is not None and len(self._form.shape) == 2
        return Word(f"{self.within(ATOM)}.{'T' if short else 'mT'}")

    def reshape(self, *shape: Any) -> Word:
        """The same elements in another shape."""
        return Word(f"{self.within(ATOM)}.reshape({_arguments(shape, {})})")

    def within(self, level: int) -> str:
        """The text inside of an expression of a level."""
        return self._text if self._level >= level else f"({self._text})"

    def __getitem__(self, index: Any) -> Word:
        parts = index if isinstance(index, tuple) else (index,)
        shown = (_colons(x) if isinstance(x, slice) else _text(x) for x in parts)
        return Word(f"{self.within(ATOM)}[{', '.join(shown)}]")

    def __neg__(self) -> Word:
        return Word(f"-{self.within(SIGN)}", SIGN)

    def __bool__(self) -> bool:
        raise TypeError("a rule that looks at values has no text")


def _operator(sign: str, reflected: bool) -> Callable[[Word, Any], Word]:
    level = BINDS[sign]

    def combine(self: Word, other: Any) -> Word:
        word = other if isinstance(other, Word) else Word(_text(other))
        x, y = (word, self) if reflected else (self, word)
        left, right = x.within(level + (sign == "**")), y.within(level + (sign != "**"))
        form = None if isinstance(other, Word) else self._form  # a number changes no shape
        return Word(f"{left} {sign} {right}", level, form)

    return combine


for _name, _sign in SIGNS.items():
    setattr(Word, f"__{_name}__", _operator(_sign, False))
    if BINDS[_sign] > COMPARISON:
        setattr(Word, f"__r{_name}__", _operator(_sign, True))


def _arguments(args: Sequence[Any], kwargs: dict[str, Any]) -> str:
    shown = [_text(x) for x in args if not isinstance(x, np.dtype)]
    shown += [f"{name}={_text(x)}" for name, x in kwargs.items()]
    return ", ".join(shown)


def _colons(x: slice) -> str:
    ends = ["" if v is None else str(v) for v in (x.start, x.stop)]
    return ":".join(ends) + ("" if x.step is None else f":{x.step}")


def _text(x: Any) -> str:
    if isinstance(x, Word):
        return x.within(COMPARISON)
    if x is Ellipsis:
        return "..."
    if isinstance(x, tuple):
        return f"({', '.join(map(_text, x))}{',' if len(x) == 1 else ''})"
    if x is None or isinstance(x, (bool, int, float, str, slice)):
        return repr(x)
    raise TypeError(f"no text for {type(x).__name__}")
