"""Kernels of single operations: each element of the result from elements of the inputs, anywhere.

What no cluster takes in, because it moves elements or lies out of order, has a kernel of its own:
one thread for each element of the result, at coordinates c0, c1, …
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..ir._value import Value
from . import _c as c
from ._kernel import MANY_BLOCKS, MOST_PARAMETERS, THREADS, Kernel, head, index_type, up
from ._memory import ELEMENTWISE, View, view_of


class Elements:
    """Writes the kernel of one operation; None where there is none for it."""

    def __init__(
        self, value: Value, guarded: bool = False, fault: Callable[[str], int] | None = None
    ) -> None:
        self.value, self.guarded, self.fault = value, guarded, fault
        #: whether the kernel says what is wrong
        self.tells = False
        self.lines: list[str] = []
        self.arguments: list[Any] = []
        self.parameters: list[str] = []
        self.names: dict[Any, str] = {}

    def write(self) -> Kernel | None:
        """The kernel."""
        value = self.value
        if not c.known(value, *value.inputs):
            return None
        if value.op in ELEMENTWISE:
            text = self.elementwise() if c.computes(value) else None
        else:
            make: Callable[[], str | None] | None = getattr(self, f"_{value.op}", None)
            text = make() if make is not None else None
        if text is None or len(self.parameters) > MOST_PARAMETERS:
            return None
        return self.finished(text)

    def copy(self) -> Kernel:
        """The kernel that copies the value's elements in row-major order."""
        value = self.value
        return self.finished(self.at(value, self.coordinates(value.ndim)))

    def finished(self, text: str) -> Kernel:
        """The kernel that writes this to every element."""
        value = self.value
        n = max(1, value.size)
        kind = c.computed(value.dtype)
        threads = min(THREADS, up(n, 32))
        blocks = -(-n // threads)
        if blocks > MANY_BLOCKS:
            blocks = MANY_BLOCKS
        index = index_type(n, blocks * threads)
        body = ["if (*seen) return;"] if self.guarded else []
        body.append(
            f"for ({index} e = ({index})blockIdx.x * {threads} + threadIdx.x; e < {n}; "
            f"e += {blocks * threads}) {{"
        )
        body += [f"    {line}" for line in self.decode("e", value.shape, "c")]
        body += [f"    {line}" for line in self.lines]
        body.append(f"    const {kind} y = {text};")
        body.append(f"    {c.store(value.dtype, 'out[e]', 'y')}")
        body.append("}")
        parameters = [*self.parameters, f"{c.stored(value.dtype)}* out"]
        fails = self.guarded or self.tells
        top = head(parameters, threads, fails)
        whole = "\n".join([top, *(f"    {line}" for line in body), "}\n"])
        return Kernel(whole, blocks, threads, (*self.arguments, value), fails)

    # -- elements ----------------------------------------------------------------------------------

    def parameter(self, key: Any, kind: str) -> str:
        """The name of memory that is read."""
        if key not in self.names:
            self.names[key] = f"a{len(self.names)}"
            self.arguments.append(key)
            self.parameters.append(f"const {kind}* {self.names[key]}")
        return self.names[key]

    def decode(self, index: str, shape: Sequence[int], name: str) -> list[str]:
        """Coordinates of the element that stands at an index in row-major order."""
        lines, step = [], 1
        for k in reversed(range(len(shape))):
            part = f"{index} / {step}" if step > 1 else index
            if k:
                part = f"{part} % {max(1, shape[k])}"
            if shape[k] == 1:
                part = "0"
            lines.append(f"const {index_type(shape[k])} {name}{k} = {part};")
            step *= max(1, shape[k])
        return lines[::-1]

    def coordinates(self, n: int) -> list[str]:
        """The names of the result's last n coordinates."""
        return [f"c{k}" for k in range(self.value.ndim - n, self.value.ndim)]

    def at(self, x: Any, places: Sequence[str]) -> str:
        """An element of an input, at coordinates."""
        view: View = view_of(x)
        name = self.parameter(view.root, c.stored(x.dtype))
        parts = [str(view.offset)] if view.offset or not places else []
        for place, step, n in zip(places, view.strides, x.shape, strict=True):
            if n > 1 and step:
                parts.append(place if step == 1 else f"(long long)({place}) * {step}")
        return c.load(x.dtype, f"{name}[{' + '.join(parts) or '0'}]")

    def broadcast(self, x: Any, dtype: np.dtype[Any]) -> str:
        """The element of an input that meets the result's."""
        if not isinstance(x, Value):
            return c.literal(x, dtype)
        name = f"x{len(self.lines)}"
        self.lines.append(
            f"const {c.computed(x.dtype)} {name} = {self.at(x, self.coordinates(x.ndim))};"
        )
        return c.converted(name, x.dtype, dtype)

    def elementwise(self) -> str:
        """An operation on elements."""
        value = self.value
        dtypes = c.operand_dtypes(value)
        atoms = [self.broadcast(x, d) for x, d in zip(value.inputs, dtypes, strict=True)]
        return c.formula(value, atoms)

    # -- elements that move ------------------------------------------------------------------------

    def _contiguous(self) -> str:
        (x,) = self.value.inputs
        return self.at(x, self.coordinates(x.ndim))

    def _reshape(self) -> str:
        (x,) = self.value.inputs
        self.lines += self.decode("e", x.shape, "d")
        return self.at(x, [f"d{k}" for k in range(x.ndim)])

    def _concat(self) -> str:
        value = self.value
        axis = value.attrs["axis"] % value.ndim
        places, start = self.coordinates(value.ndim), 0
        text, first = "", True
        kind = c.computed(value.dtype)
        self.lines.append(f"{kind} found = 0;")
        for x in value.operands:
            if not x.size:
                continue
            moved = [*places]
            moved[axis] = f"(c{axis} - {start})" if start else f"c{axis}"
            start += x.shape[axis]
            text = c.converted(self.at(x, moved), x.dtype, value.dtype)
            test = f"{'' if first else 'else '}if (c{axis} < {start}) found = {text};"
            self.lines.append(test)
            first = False
        return "found"

    def _stack(self) -> str:
        value = self.value
        axis = value.attrs["axis"] % value.ndim
        places = [p for k, p in enumerate(self.coordinates(value.ndim)) if k != axis]
        self.lines.append(f"{c.computed(value.dtype)} found = 0;")
        for k, x in enumerate(value.operands):
            text = c.converted(self.at(x, places), x.dtype, value.dtype)
            self.lines.append(f"{'else ' if k else ''}if (c{axis} == {k}) found = {text};")
        return "found"

    def _framed(self) -> str:
        value = self.value
        (x,) = value.inputs
        tests, places = [], []
        for k, (part, n) in enumerate(zip(value.attrs["index"], value.shape, strict=True)):
            start, stop, _ = part.indices(n)
            places.append(f"(c{k} - {start})" if start else f"c{k}")
            if (start, stop) != (0, n):
                tests.append(f"c{k} >= {start} && c{k} < {stop}")
        fill = c.literal(value.attrs["fill"], value.dtype)
        if not x.size:
            return fill
        return f"{' && '.join(tests) or 'true'} ? {self.at(x, places)} : {fill}"

    def _overlap_add(self) -> str:
        value = self.value
        attrs = value.attrs
        axis = value.ndim + attrs["axis"]
        stride, dilation = attrs["stride"], attrs["dilation"]
        kind = c.computed(value.dtype)
        self.lines.append(f"{kind} total = 0;")
        for k, x in enumerate(value.operands):
            places = self.coordinates(value.ndim)
            at = f"(c{axis} - {k * dilation})" if k else f"c{axis}"
            test = f"{at} >= 0 && {at} < {(x.shape[axis] - 1) * stride + 1}"
            if stride > 1:
                test += f" && {at} % {stride} == 0"
                at = f"{at} / {stride}"
            places[axis] = at
            more = f"total = total + {self.at(x, places)};"
            if value.dtype.char == "e":
                more += " total = rounded(total);"
            self.lines.append(f"if ({test}) {{ {more} }}")
        return "total"

    def _routed(self) -> str:
        value = self.value
        g, *later = value.inputs
        along = value.attrs["along"]
        axis = value.ndim + value.attrs["axis"]
        places = self.coordinates(value.ndim)
        kind = c.computed(value.dtype)
        self.lines.append(f"const auto w = c{axis} / {along.stride}, r = c{axis} % {along.stride};")
        places[axis] = "w"
        inside = f"w < {along.count} && r % {along.dilation} == 0 && r < {along.extent}"
        self.lines.append(f"{kind} found = 0;")
        self.lines.append(f"if ({inside}) {{")
        self.lines.append(f"    const int k = (int)(r / {along.dilation});")
        self.lines.append(f"    {kind} rest = {self.at(g, places)};")
        for k in range(along.size - 1, 0, -1):
            x = later[k - 1]
            near = places[value.ndim - x.ndim :]
            there = c.converted(self.at(x, near), x.dtype, value.dtype)
            self.lines.append(f"    {kind} m{k} = rest * {there};")
            self.lines.append(f"    if (k == {k}) found = m{k};")
            self.lines.append(f"    rest = rest - m{k};")
        self.lines.append("    if (k == 0) found = rest;")
        self.lines.append("}")
        return "found"
