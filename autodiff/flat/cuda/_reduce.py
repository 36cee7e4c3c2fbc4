"""Kernels of single reductions: over any axes, of views too; products of matrices that are small.

A group of lanes makes one element of the result: one lane where the results are many, 32 or a whole
block where what is reduced is long.
"""

from __future__ import annotations

from math import prod

import numpy as np

from ..ir._value import REDUCTIONS, Value
from . import _c as c
from ._elements import Elements
from ._kernel import MANY_BLOCKS, THREADS, Kernel, head, index_type, up

#: elements that 32 lanes go through rather than one, and a block rather than 32
LONG, LONGER = 48, 8192
#: results that fill the device with one thread each
FULL = 65536


class Reductions(Elements):
    """Writes the kernel of one reduction; None where there is none for it."""

    def write(self) -> Kernel | None:
        """The kernel."""
        value = self.value
        if not c.known(value, *value.inputs):
            return None
        if value.op == "matmul":
            return self._product()
        if value.op in REDUCTIONS:
            (x,) = value.inputs
            axes = [x.ndim + k for k in value.attrs["axis"]]
            return self._over(axes)
        if value.op in ("argmax", "argmin"):
            return self._position()
        return None

    def lanes(self, n: int) -> int:
        """How many threads make one element."""
        if n < LONG or self.value.size >= FULL or self.value.op in ("argmax", "argmin"):
            return 1
        return THREADS if n >= LONGER and self.value.size <= 1024 else 32

    def looped(
        self, n: int, kind: str, step: str, start: str, inside: list[str], op: str
    ) -> Kernel:
        """The kernel that takes n steps in each element; `total` is what was found."""
        value, lanes = self.value, self.lanes(n)
        size = max(1, value.size)
        threads = min(THREADS, up(size * lanes, 32)) if lanes < THREADS else THREADS
        groups = threads // lanes
        blocks = min(-(-size // groups), MANY_BLOCKS)
        index = index_type(size, blocks * groups)
        body = ["if (*seen) return;"] if self.guarded else []
        body += [
            f"const int lane = threadIdx.x % {lanes}, group = threadIdx.x / {lanes};",
            f"for ({index} first = ({index})blockIdx.x * {groups}; first < {size}; "
            f"first += {blocks * groups}) {{",
            f"    const bool live = first + group < {size};",
            f"    const {index} e = live ? first + group : {size - 1};",
        ]
        body += [f"    {line}" for line in self.decode("e", value.shape, "c")]
        body += [f"    {line}" for line in self.lines]
        body += [
            f"    {kind} total = {start};",
            f"    for ({index_type(n, lanes)} r = lane; r < {n}; r += {lanes}) {{",
        ]
        body += [f"        {line}" for line in inside]
        body += [f"        {step}", "    }"]
        if lanes > 1:
            over = f"over_lanes<{lanes}" if lanes <= 32 else f"over_block<{threads}"
            body.append(f"    total = {over}, {op}>(total);")
        if value.dtype.char == "e":
            body.append("    total = rounded(total);")
        put = c.store(value.dtype, "out[e]", "total")
        body += [f"    if (live && lane == 0) {put}", "}"]
        parameters = [*self.parameters, f"{c.stored(value.dtype)}* out"]
        top = head(parameters, threads, self.guarded)
        text = "\n".join([top, *(f"    {line}" for line in body), "}\n"])
        return Kernel(text, blocks, threads, (*self.arguments, value), self.guarded)

    def _over(self, axes: list[int]) -> Kernel:
        value = self.value
        (x,) = value.inputs
        shape = [x.shape[k] for k in axes]
        rest = iter(self.coordinates(value.ndim))
        order = sorted(axes)
        places = [f"r{order.index(k)}" if k in axes else next(rest) for k in range(x.ndim)]
        inside = self.decode("r", [x.shape[k] for k in order], "r")
        of = np.dtype(bool) if value.op in ("any", "all") else value.dtype
        kind, op = c.accumulated(value.dtype), c.STEPS[value.op][0]
        text = c.converted(self.at(x, places), x.dtype, of)
        step = f"total = {op}::of(total, ({kind})({text}));"
        return self.looped(prod(shape), kind, step, c.lowest(value.op, value.dtype), inside, op)

    def _position(self) -> Kernel:
        value = self.value
        (x,) = value.inputs
        axis, keep = value.attrs["axis"], value.attrs["keepdims"]
        reduced = list(range(x.ndim)) if axis is None else [axis % x.ndim]
        names = iter(self.coordinates(value.ndim))
        places = []
        for k in range(x.ndim):
            if k in reduced:
                places.append(f"r{reduced.index(k)}")
                if keep:
                    next(names)
            else:
                places.append(next(names))
        kind, sign = c.computed(x.dtype), ">" if value.op == "argmax" else "<"
        shape = [x.shape[k] for k in reduced]
        inside = [*self.decode("r", shape, "r"), f"const {kind} x = {self.at(x, places)};"]
        self.lines.append(f"{kind} best = 0;")
        step = (
            f"if (r == 0 || x {sign} best || (x != x && best == best)) {{ best = x; total = r; }}"
        )
        whole = prod(shape)
        return self.looped(whole, "long long", step, "0", inside, "Max")

    def _product(self) -> Kernel:
        """A product of matrices, or of vectors with them, of any dtype."""
        value = self.value
        x, y = value.inputs
        n = x.shape[-1]
        names = self.coordinates(value.ndim)
        row = [names.pop(-1 if y.ndim == 1 else -2)] if x.ndim > 1 else []
        column = [names.pop(-1)] if y.ndim > 1 else []
        left = self.at(x, [*self._batch(x, names), *row, "r"])
        right = self.at(y, [*self._batch(y, names), "r", *column])
        kind, dtype = c.accumulated(value.dtype), value.dtype
        a = c.converted(left, x.dtype, dtype)
        b = c.converted(right, y.dtype, dtype)
        if dtype.kind == "f":
            step = f"total = fma{'' if dtype.char == 'd' else 'f'}({a}, {b}, total);"
        else:
            both = f"total || ({a} && {b})" if dtype.kind == "b" else f"total + {a} * {b}"
            step = f"total = ({kind})({both});"
        return self.looped(n, kind, step, f"({kind})0", [], "Any" if dtype.kind == "b" else "Sum")

    def _batch(self, x: Value, names: list[str]) -> list[str]:
        """Coordinates of the matrices in a stack."""
        n = max(0, x.ndim - 2)
        return names[len(names) - n :]


def within(value: Value, code: int) -> Kernel:
    """The kernel of a check: the failure of this code where an integer lies outside."""
    made = Elements(value)
    (x,) = value.inputs
    n = x.size
    threads = min(THREADS, up(n, 32))
    blocks = min(-(-n // threads), MANY_BLOCKS)
    index = index_type(n, blocks * threads)
    lines = [
        f"for ({index} e = ({index})blockIdx.x * {threads} + threadIdx.x; e < {n}; "
        f"e += {blocks * threads}) {{",
        *(f"    {line}" for line in made.decode("e", x.shape, "d")),
        f"    const {c.computed(x.dtype)} x = {made.at(x, [f'd{k}' for k in range(x.ndim)])};",
        f"    if (!({value.attrs['low']} <= x && x < {value.attrs['high']})) "
        f"fail(seen, told, {code});",
        "}",
    ]
    top = head(made.parameters, threads, fails=True)
    text = "\n".join([top, *(f"    {line}" for line in lines), "}\n"])
    return Kernel(text, blocks, threads, tuple(made.arguments), fails=True)
