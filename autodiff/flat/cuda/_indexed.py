"""Kernels of elements at an index: taken, put, added up, where tables or other arrays say.

Places that are known when the program is made are looked up in a table; others are in range, or
the kernel says that they are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ..ir._library import INDEX as MARK
from ..ir._strides import row_major
from ..ir._value import Value
from . import _c as c
from ._elements import Elements
from ._kernel import Table, index_type, wide
from ._memory import view_of

#: comparisons of places by which elements are brought to where an array says
MOST_COMPARED = 1 << 32


class Indexed(Elements):
    """Writes the kernel of one operation, also of those at an index."""

    def _rows(self) -> str:
        table, labels = self.value.inputs
        at = self.at(labels, self.coordinates(self.value.ndim)[: labels.ndim])
        self.lines.append(f"const long long row = {at};")
        n = table.shape[0]  # a check elsewhere has found or will find that it is in
        rest = self.coordinates(table.ndim - 1)
        return self.at(table, [f"(row >= 0 && row < {n} ? row : 0)", *rest])

    def _take(self) -> str | None:
        value = self.value
        x, *arrays = value.inputs
        index = value.attrs["index"]
        if all(a.op == "constant" for a in arrays):
            if wide(max(x.size, value.size)):
                return None
            positions = np.arange(x.size, dtype=np.int64).reshape(x.shape)
            rest = iter(arrays)
            whole = tuple(next(rest).data if isinstance(e, str) else e for e in index)
            return self.looked_up(x, positions[whole])
        first = _first(index, arrays)
        if first is None:
            return None
        shape = np.broadcast_shapes(*(a.shape for a in arrays))
        inner = [f"c{first + k}" for k in range(len(shape))]
        return self.picked(x, arrays, first, inner)

    def picked(self, x: Value, arrays: list[Value], first: int, inner: list[str]) -> str:
        """Elements at places that arrays name, side by side from the axis `first` on."""
        value = self.value
        places = [f"c{k}" for k in range(first)]
        places += self.found_at(arrays, inner, x.shape[first:])
        places += [f"c{k}" for k in range(first + len(inner), value.ndim)]
        if self.fault is not None:
            code = self.fault(f"{value.gate.op}: an index is out of range")
            self.tells = True
            tests = [f"r{k} < 0 || r{k} >= {x.shape[first + k]}" for k in range(len(arrays))]
            self.lines.append(f"if ({' || '.join(tests)}) fail(seen, told, {code});")
        return self.at(x, places)

    def _call(self) -> str | None:
        """A function of the array library; some are elements at an index."""
        attrs = self.value.attrs
        given, more = attrs["form"]
        if attrs["path"] != "take" or given != (MARK, MARK) or {*more} != {"axis"}:
            return None
        x, index = self.value.inputs
        if index.dtype.kind not in "iu" or more["axis"] is None:
            return None
        axis = more["axis"] % x.ndim
        return self.picked(x, [index], axis, [f"c{axis + k}" for k in range(index.ndim)])

    def found_at(self, arrays: list[Value], inner: list[str], lengths: Sequence[int]) -> list[str]:
        """Places that arrays name; outside of the array the nearest element is taken."""
        places = []
        for k, a in enumerate(arrays):
            name, n = f"t{k}", lengths[k]
            self.lines += [
                f"long long r{k} = {self.at(a, inner[len(inner) - a.ndim :])};",
                f"if (r{k} < 0) r{k} += {n};",
                f"const long long {name} = r{k} < 0 ? 0 : r{k} >= {n} ? {n - 1} : r{k};",
            ]
            places.append(name)
        return places

    def looked_up(self, x: Value, places: Any, empty: str | None = None) -> str:
        """Elements of x at places that are known; where these are negative, something else."""
        table = Table(np.ascontiguousarray(places.reshape(-1).astype(np.int32)))
        name = self.parameter(table, "int")
        view = view_of(x)
        self.lines.append(f"const int place = {name}[e];")
        if view.strides != row_major(x.shape) or view.offset:
            self.lines += self.decode("place", x.shape, "d")
            text = self.at(x, [f"d{k}" for k in range(x.ndim)])
        else:
            root = self.parameter(view.root, c.stored(x.dtype))
            text = c.load(x.dtype, f"{root}[place]")
        return text if empty is None else f"place < 0 ? {empty} : {text}"

    def _put(self) -> str | None:
        value = self.value
        x, part = value.inputs
        if wide(value.size):
            return None
        if not part.size:
            return self.broadcast(x, value.dtype)
        places = np.full(value.shape, -1, np.int64)
        index = value.attrs["index"]
        n = np.arange(part.size, dtype=np.int64).reshape(part.shape)
        places[index] = n
        old = self.broadcast(x, value.dtype)
        text = self.looked_up(part, places, old)
        return text

    def _scatter_at(self, x: Value, arrays: list[Value]) -> str | None:
        """What several elements bring to one place is added up in their order."""
        value = self.value
        first = _first(value.attrs["index"], arrays)
        if first is None:
            return None
        shape = np.broadcast_shapes(*(a.shape for a in arrays))
        n = prod(shape)
        if value.size * n > MOST_COMPARED:
            return None
        inner = [f"i{k}" for k in range(len(shape))]
        before, self.lines = self.lines, []
        places = self.found_at(arrays, inner, value.shape[first:])
        found, self.lines = self.lines, before
        rest = [f"c{k}" for k in range(first + len(arrays), value.ndim)]
        test = " && ".join(f"{t} == c{first + k}" for k, t in enumerate(places))
        more = self.at(x, [*(f"c{k}" for k in range(first)), *inner, *rest])
        self.lines += [
            f"{c.computed(value.dtype)} total = 0;",
            f"for ({index_type(n)} k = 0; k < {n}; k++) {{",
            *(f"    {line}" for line in self.decode("k", shape, "i")),
            *(f"    {line}" for line in found),
            f"    if ({test}) total = total + {more};",
            "}",
        ]
        return "total"

    def _scatter(self) -> str | None:
        value = self.value
        x, *arrays = value.inputs
        if arrays:
            return self._scatter_at(x, arrays)
        index, size = value.attrs["index"], value.size
        if not x.size:
            return "0"
        if wide(max(x.size, size)):
            return None
        places = np.arange(size, dtype=np.int64).reshape(value.shape)[index].reshape(-1)
        if not any(isinstance(e, (np.ndarray, list)) for e in index):
            back = np.full(size, -1, np.int64)
            back[places] = np.arange(x.size)
            return self.looked_up(x, back, "0")
        # several may come to one place: they are added in order
        order = np.argsort(places, kind="stable")
        starts = np.searchsorted(places[order], np.arange(size + 1))
        first = self.parameter(Table(starts.astype(np.int32)), "int")
        source = self.parameter(Table(order.astype(np.int32)), "int")
        kind = c.computed(value.dtype)
        decode = " ".join(self.decode("place", x.shape, "d"))
        more = self.at(x, [f"d{k}" for k in range(x.ndim)])
        self.lines += [
            f"{kind} total = 0;",
            f"for (int k = {first}[e]; k < {first}[e + 1]; k++) {{",
            f"    const int place = {source}[k];",
            f"    {decode}",
            f"    total = total + {more};",
            "}",
        ]
        return "total"


def may_fail(value: Value) -> bool:
    """Whether a kernel looks at whether places are in range, as it needs them."""
    if value.op == "call":
        return bool(value.attrs["path"] == "take")
    return value.op == "take" and any(x.op != "constant" for x in value.inputs[1:])


def _first(index: tuple[Any, ...], arrays: Sequence[Value]) -> int | None:
    """The axis at which arrays of integers stand side by side, and whole axes around them."""
    marks = [k for k, e in enumerate(index) if isinstance(e, str)]
    whole = all(isinstance(e, str) or (type(e) is slice and e == slice(None)) for e in index)
    if not whole or any(a.dtype.kind not in "iu" for a in arrays):
        return None
    return marks[0] if marks == list(range(marks[0], marks[0] + len(marks))) else None
