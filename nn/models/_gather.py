"""Rows of arrays, gathered where the arrays lie."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodiff.arrays._device import Device, beside, device_of, on_device
from nn._batches import takes_rows


class Order:
    """The numbers of all rows in the order of a pass over them, brought to each device once."""

    def __init__(self, numbers: NDArray[Any]) -> None:
        self.numbers = numbers
        self._there: dict[Device, Any] = {}

    def beside(self, array: Any) -> Any:
        """The numbers where an array lies on a device."""
        where = device_of(array)
        if where not in self._there:
            self._there[where] = beside(self.numbers, array)
        return self._there[where]


#: the rows from one number to before another, in an order, or None: as they lie
Rows = tuple[Order | None, int, int]


class Gatherer:
    """Gives rows of all arrays; of arrays on the host in the same memory every time."""

    def __init__(self, arrays: list[Any]) -> None:
        self._arrays = arrays
        self._there = [on_device(array) for array in arrays]
        self._any_there = any(self._there)
        #: number of rows -> what picks as many
        self._pickers: dict[int, Callable[[Any], list[Any]]] = {}

    def __call__(self, rows: Rows) -> list[Any]:
        order, start, stop = rows
        if order is None:
            return [part(array, slice(start, stop)) for array in self._arrays]
        if self._any_there:
            return [
                array.take(order.beside(array)[start:stop], 0)
                if there
                else array[order.numbers[start:stop]]
                for array, there in zip(self._arrays, self._there, strict=True)
            ]
        pick = self._pickers.get(stop - start)
        if pick is None:
            pick = self._pickers[stop - start] = _picker(self._arrays, stop - start)
        return pick(order.numbers[start:stop])


def part(array: Any, rows: slice) -> Any:
    """Neighbouring rows: of an array on a device there, else on the host, read from a file too."""
    return array[rows] if on_device(array) else np.asarray(array[rows])


def _picker(arrays: list[NDArray[Any]], size: int) -> Callable[[Any], list[NDArray[Any]]]:
    """The function from `size` row numbers to these rows of every array, in the same memory."""
    if all(takes_rows(array) for array in arrays):
        pairs = [(array.take, np.empty((size, *array.shape[1:]), array.dtype)) for array in arrays]
        # "clip" spares a copy; the numbers are all in range
        return lambda rows: [take(rows, 0, out, "clip") for take, out in pairs]
    return lambda rows: [np.ascontiguousarray(array[rows]) for array in arrays]
