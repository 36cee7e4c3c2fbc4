"""Jacobians: all rows in one walk, or in a few, as extra leading axes of the upstream gradient.

The upstream gradients of all elements of a target together are a unit matrix. Rules count axes from
the right, so one walk carries it through the graph; nothing is done row by row in Python.
"""

from __future__ import annotations

import operator
from math import prod
from typing import Any

import numpy as np

from ..arrays._device import beside, device_of, made
from ..engine._calls import constant
from ..engine._tensor import Tensor
from ..engine._walk import Walk
from ..ops.shaping import concat, permute_dims, reshape

#: bytes that the largest gradient of a walk may take with all the rows that it carries: what stays
#: in a cache is several times as fast as what does not
ROOM = 2 << 20


def jacobian(walk: Walk, target: Tensor, chunk_size: int | None, more: bool = False) -> list[Any]:
    """For each source a Tensor of shape target.shape + source.shape, or None.

    more: the walk is needed again, for another target.
    """
    blocks = _rows(walk, target, target.size, None, chunk_size, more)
    return [None if j is None else reshape(j, target.shape + j.shape[1:]) for j in blocks]


def batch_jacobian(walk: Walk, target: Tensor, chunk_size: int | None) -> list[Any]:
    """For each source a Tensor of shape (batch, *target.shape[1:], *source.shape[1:]), or None."""
    batch, *inner = target.shape
    blocks = _rows(walk, target, prod(inner), batch, chunk_size)
    turned = [None if j is None else permute_dims(j, (1, 0, *range(2, j.ndim))) for j in blocks]
    return [None if j is None else reshape(j, (batch, *inner, *j.shape[2:])) for j in turned]


def _rows(
    walk: Walk,
    target: Tensor,
    n: int,
    batch: int | None,
    chunk_size: int | None,
    more: bool = False,
) -> list[Any]:
    """The gradients by all sources for n unit upstream gradients, along a new first axis.

    With a `batch`, each of them is the same for all entries of the target's first axis.
    """
    size = _at_once(walk, target, n, chunk_size)
    if size >= n:
        return walk.gradients([target], [_units(target, n, batch, 0, n)], (n,), more)
    whole: list[Any] = [None] * len(walk.sources)
    for start in range(0, n, size):
        stop = min(start + size, n)
        upstream = _units(target, n, batch, start, stop)
        for k, part in enumerate(walk.pull([target], [upstream], more or stop < n)):
            if isinstance(part, Tensor):
                whole[k] = [*(whole[k] or ()), part]
            elif part is not None:
                if whole[k] is None:
                    shape = (n, *walk.sources[k].shape)
                    whole[k] = made(device_of(part), "empty", shape, part.dtype)
                whole[k][start:stop] = part
    return [
        walk.missing(k, (n,))
        if rows is None
        else constant(rows)
        if not isinstance(rows, list)
        else concat(rows)
        for k, rows in enumerate(whole)
    ]


def _units(target: Tensor, n: int, batch: int | None, start: int, stop: int) -> Tensor:
    """Rows from `start` to `stop` of the n upstream gradients that are 1 in one element each."""
    rows = np.eye(stop - start, n, start, target.dtype)
    if batch is None:
        return constant(beside(rows.reshape((stop - start, *target.shape)), target._data))
    rows = rows.reshape((stop - start, 1, *target.shape[1:]))
    return constant(beside(np.repeat(rows, batch, axis=1), target._data))


def _at_once(walk: Walk, target: Tensor, n: int, chunk_size: int | None) -> int:
    """How many rows one walk carries."""
    if chunk_size is not None:
        try:
            size = operator.index(chunk_size)
        except TypeError:
            size = 0
        if size < 1 or isinstance(chunk_size, bool):
            raise ValueError(f"chunk_size is {chunk_size!r}; expected None, or an integer from 1")
        return size
    if n < 2 or walk.graph.trace is not None:  # a flat program has one memory for all its steps
        return max(n, 1)
    return max(1, ROOM // (walk.largest(target) * target.dtype.itemsize or 1))
