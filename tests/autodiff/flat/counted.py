"""NumPy that counts: what a program's text really computes and moves, call by call.

The text of a program is run on arrays of a class of their own, whose ufuncs, products and functions
count operations on floats and bytes of the memory that they are handed, by NumPy's shapes and
strides alone. Nothing here knows of a program's values.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from autodiff.flat._run import Runner
from autodiff.flat._steps import timed


@dataclass
class Counts:
    """What was counted so far."""

    flops: int = 0
    bytes: int = 0


class Counted(np.ndarray):
    """An array whose operations are counted."""

    counts = Counts()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [_plain(x) for x in inputs]
        outs = [_plain(x) for x in options.pop("out", ())]
        if "where" in options:
            options["where"] = _plain(options["where"])
        found = getattr(ufunc, method)(*plain, **({"out": tuple(outs)} if outs else {}), **options)
        read = plain[:-1] if method == "at" else plain
        if any(_is_float(x) for x in plain):
            self.counts.flops += _operations(ufunc, method, plain, found)
        self.counts.bytes += _memory([*read, *(outs or [found])])
        return _counted(found)

    def __array_function__(self, f: Any, types: Any, args: Any, kwargs: Any) -> Any:
        found = f(*_deep(args), **{k: _deep(v) for k, v in kwargs.items()})
        arrays = [x for x in _flat(_deep([*args, *kwargs.values()])) if isinstance(x, np.ndarray)]
        selects = f is np.where or (f is np.copyto and "where" in kwargs)
        if any(_is_float(x) for x in arrays):
            if selects:
                self.counts.flops += max(x.size for x in arrays)
            elif f in (np.argmax, np.argmin):
                self.counts.flops += arrays[0].size
        made = isinstance(found, np.ndarray) and not any(
            np.may_share_memory(found, x) for x in arrays
        )
        if made or f is np.copyto:
            self.counts.bytes += _memory([*arrays, *([found] if made else [])])
        return _counted(found)

    def dot(self, other: Any, out: Any = None) -> Any:
        """A product, as NumPy makes it."""
        x, y = _plain(self), _plain(other)
        found = x.dot(y) if out is None else x.dot(y, _plain(out))
        self.counts.flops += 2 * np.size(found) * x.shape[-1]
        self.counts.bytes += _memory([x, y, found])
        return _counted(found)

    def __setitem__(self, index: Any, x: Any) -> None:
        place = self.view(np.ndarray)
        index = _deep(index) if isinstance(index, tuple) else _plain(index)
        place[index] = _plain(x)
        self.counts.bytes += _memory([_plain(x), np.asarray(place[index])])

    def fill(self, x: Any) -> None:
        """All elements are written."""
        self.view(np.ndarray).fill(x)
        self.counts.bytes += _memory([self.view(np.ndarray)])

    def take(self, indices: Any, *args: Any) -> Any:  # type: ignore[override]
        """Some rows, which are read of all, written to the third argument if there is one."""
        found = self.view(np.ndarray).take(_plain(indices), *map(_plain, args))
        self.counts.bytes += _memory([_plain(indices), found]) + found.nbytes
        return _counted(found)

    def astype(self, *args: Any, **options: Any) -> Any:
        """A copy."""
        found = self.view(np.ndarray).astype(*args, **options)
        self.counts.bytes += _memory([self.view(np.ndarray), found])
        return _counted(found)

    def copy(self, *args: Any) -> Any:
        """A copy."""
        self.counts.bytes += 2 * self.nbytes
        return _counted(self.view(np.ndarray).copy(*args))


class _Library:
    """NumPy, whose new arrays count."""

    ndarray = Counted

    def __getattr__(self, name: str) -> Any:
        found = getattr(np, name)
        if not callable(found) or isinstance(found, (type, np.ufunc)):
            return found
        return lambda *args, **options: _counted(found(*args, **options))


def counts_of(runner: Runner, arrays: list[Any]) -> list[Counts]:
    """For each step of a program: what it computed and moved when it was run on these arrays."""
    total = Counted.counts = Counts()
    seen: list[Counts] = []

    def look() -> int:
        seen.append(copy.copy(total))
        return 0

    other, _ = timed(runner, look)
    other.text = other.text.replace("import numpy as np\n", "", 1)
    other.constants = {k: _counted(x) for k, x in other.constants.items()} | {"np": _Library()}
    other.renew()
    run: Callable[..., Any] = other._run

    def counting(arrays: list[Any], given: list[Any]) -> Any:
        return run([_counted(x) for x in arrays], [_counted(x) for x in given])

    other._run = counting  # type: ignore[method-assign]
    other(arrays)
    return [
        Counts(after.flops - before.flops, after.bytes - before.bytes)
        for before, after in pairwise(seen)
    ]


def _operations(ufunc: Any, method: str, inputs: list[Any], found: Any) -> int:
    if ufunc is np.matmul:
        return int(2 * np.size(found) * inputs[0].shape[-1])
    if method in ("reduce", "at"):
        return int(np.size(inputs[-1] if method == "at" else inputs[0]))
    return int(np.size(found))


def _memory(arrays: list[Any]) -> int:
    """Bytes of different arrays that are read and of one, the last, that is written.

    Of what is repeated or overlaps, each element counts once.
    """
    *read, written = [x for x in arrays if isinstance(x, np.ndarray)]
    different = {(x.__array_interface__["data"][0], x.shape, x.strides): x for x in read}
    return sum(map(_extent, different.values())) + _extent(written)


def _extent(x: Any) -> int:
    """Bytes of the elements that lie at different places."""
    if x.flags.c_contiguous or x.flags.f_contiguous:
        return int(x.nbytes)
    places = np.zeros(1, np.int64)
    for n, stride in zip(x.shape, x.strides, strict=True):
        if stride and n != 1:
            places = (places[:, None] + stride * np.arange(n)).reshape(-1)
    dense = np.unique(places).size if x.size else 0
    return int(dense * x.itemsize)


def _is_float(x: Any) -> bool:
    return isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind in "fc"


def _plain(x: Any) -> Any:
    return x.view(np.ndarray) if isinstance(x, Counted) else x


def _counted(x: Any) -> Any:
    return x.view(Counted) if type(x) is np.ndarray else x


def _deep(x: Any) -> Any:
    if isinstance(x, (list, tuple)):
        return type(x)(map(_deep, x))
    return _plain(x)


def _flat(x: Any) -> list[Any]:
    return [z for y in x for z in _flat(y)] if isinstance(x, (list, tuple)) else [x]
