"""Where the batches of an epoch come from: arrays, or something that gives batches.

A feed hands out pairs: the structure of a batch, with PLACE where its arrays go, and the arrays in
order. The same structure is the same object, so that a program can be kept for it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodiff import Tensor, _nest
from autodiff.arrays._device import on_device
from nn._batches import common_length, drawn
from nn._random import generator
from nn._rows import FileRows
from nn.models._gather import Gatherer, Order, Rows

PLACE = object()
Batch = tuple[Any, list[NDArray[Any]]]
Sizes = list[int]


def pack(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """What a step is given: x, (x, y) or (x, y, sample_weight), as in Keras."""
    if sample_weight is not None:
        return x, y, sample_weight
    if y is not None:
        return x, y
    return (x,) if isinstance(x, list | tuple) else x


def unpack(data: Any) -> tuple[Any, Any, Any]:
    """(x, y, sample_weight) of what a step is given, with None for what is not there.

    >>> unpack(("x", "y"))
    ('x', 'y', None)
    """
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(
            f"a batch is x, (x, y) or (x, y, sample_weight); given {len(data)} of them"
        )
    return (*data, None, None)[:3]


def split(data: Any) -> Batch:
    """The structure of a batch, and its arrays."""
    arrays: list[NDArray[Any]] = []

    def one(leaf: Any) -> Any:
        if leaf is None:
            return None
        arrays.append(leaf)
        return PLACE

    return _nest.replace(data, one), arrays


def join(structure: Any, arrays: Iterable[Any]) -> Any:
    """The batch of a structure with these in place of its arrays."""
    rest = iter(arrays)
    return _nest.replace(structure, lambda leaf: next(rest) if leaf is PLACE else leaf)


def arrays_in(name: str, value: Any) -> Any:
    """Data as given by a user with NumPy arrays in it: lists and dictionaries of arrays stay.

    Raises TypeError for what is no array of numbers.
    """
    if value is None:
        return None
    if isinstance(value, dict):
        return {key: arrays_in(f"{name}[{key!r}]", part) for key, part in value.items()}
    if isinstance(value, list | tuple) and any(_is_part(part) for part in value):
        parts = [arrays_in(f"{name}[{k}]", part) for k, part in enumerate(value)]
        return parts if isinstance(value, list) else tuple(parts)
    if isinstance(value, FileRows):
        return value
    if on_device(getattr(value, "_data", value)):  # stays there, and rows are gathered there
        return value._data if isinstance(value, Tensor) else value
    # of a Tensor or a memory-mapped array a view: nothing is read
    array = np.asarray(value, copy=False if isinstance(value, Tensor) else None)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} is {type(value).__name__} of {array.dtype}; expected numbers")
    return array


def _named_arrays(name: str, value: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    """Every array of a nest, with what to call it in an error."""
    if isinstance(value, dict | list | tuple):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _named_arrays(f"{name}[{key!r}]", part)
    elif value is not None:
        yield name, value


def _is_part(value: Any) -> bool:
    return value is None or isinstance(value, dict) or hasattr(value, "shape")


class ArrayFeed:
    """Batches of arrays' rows, in a new order every epoch or as they lie.

    data: what `pack` gives, with arrays. Memory-mapped arrays stay on disk: only the rows of a
    batch are read. The arrays of a batch are good until the next one is asked for.
    steps: batches per epoch; if given, an epoch goes on where the last one ended.

    Raises ValueError for arrays of different lengths or none, and a batch size below 1.
    """

    def __init__(
        self, data: Any, batch_size: int | None, shuffle: bool, steps: int | None = None
    ) -> None:
        self._size = 32 if batch_size is None else whole("batch_size", batch_size)
        self._structure, arrays = split(data)
        self._gathered = Gatherer(arrays)
        named = dict(zip(("x", "y", "sample_weight"), unpack(data), strict=True))
        self.rows = common_length(
            [leaf for name, part in named.items() for leaf in _named_arrays(name, part)]
        )
        self._shuffle = shuffle
        self._asked = None if steps is None else whole("steps", steps)
        self._under_way: Iterator[Rows] = iter(())
        #: of the pass under way: its random generator's state before it, the row that comes next
        self._began: Any = None
        self._row = 0
        #: batches per epoch
        self.steps: int | None = self._asked or -(-self.rows // self._size)

    def first(self) -> Batch:
        """The structure, and the first rows."""
        return self._structure, self._gathered((None, 0, min(self._size, self.rows)))

    def epoch(self, done: int = 0) -> Iterator[Batch]:
        """The batches of one epoch, of which so many were given before."""
        structure, gathered = self._structure, self._gathered
        for rows in self._selected(done):
            yield structure, gathered(rows)

    def groups(self, most: int, done: int = 0) -> Iterator[tuple[Any, list[NDArray[Any]], Sizes]]:
        """The same, up to so many batches at once: their rows in one, and how long each is.

        After `most` batches, in one group or several, a group begins anew.
        """
        left, first, sizes = most, 0, list[int]()
        for order, start, stop in self._selected(done):
            first = first if sizes else start
            sizes.append(stop - start)
            if len(sizes) == left or stop == self.rows:
                left = left - len(sizes) or most
                yield self._structure, self._gathered((order, first, stop)), sizes
                sizes = []
        if sizes:  # the epoch is over, the pass is not
            yield self._structure, self._gathered((order, first, stop)), sizes

    def _selected(self, done: int) -> Iterator[Rows]:
        """The rows of each batch of an epoch."""
        return self._once() if self._asked is None else self._so_many(self._asked - done)

    def _so_many(self, count: int) -> Iterator[Rows]:
        """The rows of so many batches, from where the last pass ended."""
        for _ in range(count):
            rows = next(self._under_way, None)
            if rows is None:
                self._under_way = self._once()
                rows = next(self._under_way)
            yield rows

    def _once(self) -> Iterator[Rows]:
        """Every row once, or what is left of them."""
        order = Order(self._order()) if self._shuffle else None
        rows, size = self.rows, self._size
        for start in range(self._row, rows, size):
            stop = start + size
            self._row = stop = stop if stop < rows else rows
            yield order, start, stop
        self._row = 0

    def _order(self) -> NDArray[Any]:
        """A new order, or within a pass its order once more."""
        rng = generator(None)
        if self._row:
            return drawn(rng, self.rows, self._began)
        self._began = rng.bit_generator.state
        return drawn(rng, self.rows)

    def state_dict(self) -> dict[str, Any]:
        """Where it stands, also within a pass over the rows."""
        pass_of = {"rows": self.rows, "batch_size": self._size, "shuffle": self._shuffle}
        began = self._began if self._row and self._shuffle else None
        return {"pass": pass_of, "began": began, "row": self._row}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Stand there; ValueError where the pass under way was over other rows."""
        expected = self.state_dict()["pass"]
        if state["row"] and state["pass"] != expected:
            raise ValueError(f"x was gone through as {state['pass']}; here it is {expected}")
        self._began, self._row = state["began"], state["row"]
        self._under_way = self._once() if self._row else iter(())


class IterableFeed:
    """Batches as something gives them: x, (x, y) or (x, y, sample_weight) each.

    source: an iterable, gone through anew every epoch; an iterator, which goes on from epoch to
        epoch; or something with `len()` and an item for every number, as Keras' PyDataset.
    steps: batches per epoch; if not given, as many as `source` gives.
    prepare: what is done to each batch.
    """

    def __init__(
        self, source: Any, prepare: Callable[[Any], Any], steps: int | None = None
    ) -> None:
        if not hasattr(source, "__iter__"):
            items = source
            source = _Items(items)
        self._source, self._prepare = source, prepare
        self._asked = None if steps is None else whole("steps", steps)
        self._structure: Any = None
        self._peeked: list[Batch] = []
        self._under_way: Iterator[Any] | None = None
        #: batches taken of what is under way
        self._taken = 0
        try:
            length = len(source)
        except TypeError:
            length = None
        #: batches per epoch, where that is known
        self.steps: int | None = self._asked or length

    def first(self) -> Batch:
        """The first batch, which the first epoch begins with all the same."""
        if not self._peeked:
            batch = self._next()
            if batch is None:
                raise ValueError("x gives no batch at all")
            self._peeked = [batch]
        return self._peeked[0]

    def epoch(self, done: int = 0) -> Iterator[Batch]:
        """The batches of one epoch, of which so many were given before."""
        while self._asked is None or done < self._asked:
            batch = self._peeked.pop() if self._peeked else self._next()
            if batch is None:
                self._under_way, self._taken = None, 0
                break
            done += 1
            yield batch

    def _next(self) -> Batch | None:
        if self._under_way is None:
            self._under_way = iter(self._source)
        for data in self._under_way:
            self._taken += 1
            structure, arrays = split(self._prepare(data))
            if structure != self._structure:
                self._structure = structure
            return self._structure, arrays
        return None

    def state_dict(self) -> dict[str, Any]:
        """Where it stands: batches taken, and the source's own state if it has one."""
        own = self._source.state_dict() if hasattr(self._source, "load_state_dict") else None
        return {"taken": self._taken - len(self._peeked), "source": own}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Stand there; a source without a state is gone through, and has to give the same again."""
        if hasattr(self._source, "load_state_dict"):
            self._source.load_state_dict(state["source"])
            self._peeked, self._under_way, self._taken = [], None, state["taken"]
            return
        while self._taken < state["taken"]:
            if self._next() is None:
                raise ValueError(
                    f"x gives {self._taken} batches; {state['taken']} were taken before"
                )
        if state["taken"]:
            self._peeked = []


class _Items:
    """Something with a length and numbered items, gone through in order."""

    def __init__(self, items: Any) -> None:
        if not (hasattr(items, "__len__") and hasattr(items, "__getitem__")):
            raise TypeError(
                f"x is {type(items).__name__}; expected arrays, or an iterable of batches"
            )
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Any]:
        return (self._items[k] for k in range(len(self._items)))


Feed = ArrayFeed | IterableFeed


def make_feed(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    batch_size: int | None = None,
    shuffle: bool = False,
    class_weight: Any = None,
    steps: int | None = None,
) -> Feed:
    """The feed of what `fit`, `evaluate` and `predict` are given."""
    if class_weight is not None and sample_weight is not None:
        raise ValueError("class_weight and sample_weight are two ways to say the same: give one")

    def weighted(data: Any) -> Any:
        x, y, weights = unpack(data)
        x, y, weights = arrays_in("x", x), arrays_in("y", y), arrays_in("sample_weight", weights)
        if class_weight is not None:
            weights = weights_of_classes(y, class_weight)
        return pack(x, y, weights)

    if _gives_batches(x):
        if y is not None or sample_weight is not None:
            raise ValueError("where x gives batches, y and sample_weight come in these batches")
        return IterableFeed(x, weighted, steps)
    return ArrayFeed(weighted((x, y, sample_weight)), batch_size, shuffle, steps)


def _gives_batches(x: Any) -> bool:
    arrays = isinstance(x, dict | list | tuple) or hasattr(x, "shape") or hasattr(x, "__array__")
    return not arrays


def weights_of_classes(y: Any, class_weight: dict[int, float]) -> NDArray[np.float32]:
    """A weight for every sample by its class, 1 for classes that are not named.

    y: (N,) or (N, 1) labels, or (N, K) one-hot.

    >>> weights_of_classes(np.array([0, 1, 2]), {1: 5.0}).tolist()
    [1.0, 5.0, 1.0]
    """
    if not isinstance(y, np.ndarray):
        raise ValueError("class_weight needs one y; with several outputs give sample_weight")
    labels = y.argmax(axis=-1) if y.ndim > 1 and y.shape[-1] > 1 else y.reshape(len(y))
    classes, places = np.unique(np.rint(labels).astype(np.int64), return_inverse=True)
    known = {operator.index(key): float(value) for key, value in class_weight.items()}
    return np.array([known.get(int(k), 1.0) for k in classes], np.float32)[places]


def whole(name: str, value: Any, least: int = 1) -> int:
    """The whole number that an argument is; TypeError or ValueError where it is none."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, got {value!r:.60}") from None
    if number < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
    return number
