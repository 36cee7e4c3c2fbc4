"""Numbers and arrays in words: what stands on wires, in tooltips and on the page alike."""

from __future__ import annotations

import html
from typing import Any

import numpy as np

from ._model import Node, Spec, Wire
from ._stats import Summary, mark, summary

#: characters of a name that are drawn; the whole of it is in the tooltip
NAME = 24
#: what the marks of wires say
MARKS = {
    "nan": "NaN",
    "inf": "Inf",
    "dead": "dead: all zero",
    "vanishing": "vanishing",
}


def describe(wire: Wire) -> str:
    """Value and gradient in full, or shape and dtype; what a tooltip says.

    >>> describe(Wire("wire0", "leaf0", "gate1", 2.0, -0.25))
    'value 2.0, gradient -0.25'
    """
    if wire.shape != ():
        named = f"{wire.name} " if wire.name else ""
        return f"{named}{wire.shape} {wire.dtype}"
    value = f"value {wire.value}"
    return value if wire.gradient is None else f"{value}, gradient {wire.gradient}"


def details(wire: Wire, gradient: bool = True) -> str:
    """All that is known of a wire, a line each.

    >>> print(details(Wire("wire0", "leaf0", "gate1", np.array([1.0, 3.0]), np.zeros(2), "x")))
    x (2,) float64
    value: mean 2, std 1, from 1 to 3
      █▁▁▁▁▁▁█
    gradient: mean 0, std 0, from 0 to 0
    """
    if wire.shape == ():
        named = [wire.name] if wire.name else []
        value = [] if isinstance(wire.value, Spec) else [f"value {wire.value}"]
        known = gradient and wire.gradient is not None
        return "\n".join([*named, *value, *([f"gradient {wire.gradient}"] if known else [])])
    found = [describe(wire)]
    for what, array in (("value", wire.value), ("gradient", wire.gradient if gradient else None)):
        if told := summary(array):
            found.append(f"{what}: {_numbers(told)}")
            found += [f"  {told.bars}"] if told.bars else []
    return "\n".join(found)


def _numbers(told: Summary) -> str:
    finite = told.size - told.nan - told.inf
    parts = [f"{told.nan} NaN"] if told.nan else []
    parts += [f"{told.inf} Inf"] if told.inf else []
    if finite:
        spread = f"from {told.low:.4g} to {told.high:.4g}"
        parts.append(f"mean {told.mean:.4g}, std {told.std:.4g}, {spread}")
    return ", ".join(parts)


def troubles(wire: Wire) -> tuple[str, str]:
    """The marks of a wire's value and gradient, "" for nothing wrong."""
    return mark(wire.value), mark(wire.gradient, gradient=True)


def number(value: Any, decimals: int) -> str:
    """A number as on a slide, nothing for None; very large ones in scientific notation.

    >>> number(-0.196612, 2), number(-0.0001, 2), number(12345678.9, 2)
    ('-0.20', '0.00', '1.23e+07')
    """
    if value is None:
        return ""
    value = np.asarray(value).item()
    if isinstance(value, bool):
        return str(value)
    big = 1e6 <= abs(value) < np.inf
    text = f"{value:.{decimals}{'e' if big else 'f'}}"
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


def statistics(data: Any, gradient: bool = False) -> str:
    """Mean ± standard deviation and a histogram from the lowest to the highest; or what is wrong.

    >>> statistics(np.array([0.0, 1.0, 1.0, 2.0]))
    '1 ± 0.71 ▅▁▁▁█▁▁▅'
    >>> statistics(np.zeros(3), gradient=True), statistics(np.array([1.0, np.nan]))
    ('dead: all zero', 'NaN: 1 of 2')
    """
    found = summary(data)
    if found is None:
        return ""
    if found.nan or found.inf:
        return f"{'NaN' if found.nan else 'Inf'}: {found.nan or found.inf} of {found.size}"
    wrong = mark(data, gradient)
    if wrong == "dead":
        return MARKS[wrong]
    text = mean_std(found)
    return f"{text} {MARKS[wrong]}" if wrong else f"{text} {found.bars}".rstrip()


def mean_std(found: Summary) -> str:
    """Both to a few digits; a deviation of zero is left out."""
    return f"{found.mean:.3g}" + (f" ± {found.std:.2g}" if found.std else "")


def cost(node: Node) -> str:
    """Operations, and operations per byte moved.

    >>> cost(Node("gate0", "gate", flops=20_000, bytes=8_000))
    '20 kFLOP, 2.5/B'
    """
    if not node.bytes:
        return ""
    thousands = min((len(str(node.flops)) - 1) // 3, 5)
    count = f"{node.flops / 1000**thousands:.3g} {' kMGTP'[thousands].strip()}FLOP"
    return f"{count}, {node.flops / node.bytes:.2g}/B"


def about(node: Node) -> str:
    """What a node is, for its tooltip."""
    if node.kind in ("leaf", "constant", "output"):
        return node.label
    return f"{node.detail} ({node.role})" if node.role else node.detail


def short(text: str) -> str:
    """The beginning of a long name."""
    return text if len(text) <= NAME else f"{text[: NAME - 1]}…"


def printable(text: str) -> str:
    """Text on one line, without what XML and DOT cannot hold."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())


def markup(text: str) -> str:
    r"""Text inside an HTML-like label.

    Graphviz replaces \N and the like there too, and has no escape for it: an invisible character
    (the word joiner) keeps the two apart.

    >>> markup("a<b & c")
    'a&lt;b &amp; c'
    """
    return html.escape(printable(text), quote=False).replace("\\", "\\&#8288;")


def quote(text: str) -> str:
    r"""A DOT string that means just this text.

    >>> print(quote(r'a "\N" &amp; b'))
    "a \"\\N\" &amp;amp; b"
    """
    text = html.escape(printable(text), quote=False)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
