"""Mini-batches: an epoch is one pass over the rows in a fresh random order."""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn._prefetch import checked, made_ahead
from nn._rows import FileRows

Rows = NDArray[np.intp]
Gather = Callable[[Rows, int], NDArray[Any]]


class batches:  # noqa: N801  reads as the function it is used as
    """Mini-batches of x (and y), one epoch per `for` loop, reshuffled every epoch.

    x, y: arrays whose first axis counts the N rows, or tuples and dicts of such arrays, nested as
        you like. Memory-mapped arrays and `FileRows` stay on disk: only the rows of a batch are
        read.
    batch_size: rows per batch, at least 1; the last batch of an epoch holds the remainder.
    shuffle: a new random order every epoch; without it the rows keep theirs.
    seed: int, NumPy Generator or None (unpredictable). One generator serves all epochs, so a seed
        fixes the whole sequence; it is at hand as `.generator`, and `nn.checkpoints.Checkpoint`
        saves it with the place within the epoch.
    drop_last: leave out a last batch that is not full.
    prefetch: so many batches are made ahead, in a thread, while one is in use: for arrays that are
        memory-mapped and read from a slow disk. Order and checkpoints are the same.

    `len()` is the number of steps per epoch, ceil(N / batch_size), or floor with `drop_last`.
    Every step yields a tuple with one entry per argument, `(x,)` or `(x, y)`, each with the
    nesting and dtypes it was given; its arrays are new, C-contiguous and the caller's own.

    Raises ValueError for no rows, no steps, unequal lengths, a batch size below 1 and `prefetch`
    below 0, TypeError for numbers that are not integers.

    >>> import numpy as np
    >>> x = np.arange(10)
    >>> [x.tolist() for (x,) in batches(x, batch_size=4, shuffle=False)]
    [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    >>> steps = batches({"image": x, "size": x}, x, batch_size=4, seed=0)
    >>> len(steps), sorted(int(label) for _, y in steps for label in y)
    (3, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])

    Every row is seen once per epoch: sampling without replacement, as Bottou compares it in
    "Curiously fast convergence of some stochastic gradient descent algorithms" (2009).
    """

    def __init__(
        self,
        x: object,
        y: object = None,
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | np.random.Generator | None = None,
        drop_last: bool = False,
        prefetch: int = 0,
    ) -> None:
        given = {"x": x} if y is None else {"x": x, "y": y}
        leaves = [leaf for name, value in given.items() for leaf in _leaves(name, value)]
        self._rows = common_length(leaves)
        self._size = operator.index(batch_size)
        if self._size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        self._stop = self._rows - self._rows % self._size if drop_last else self._rows
        if self._stop == 0:
            raise ValueError(
                f"drop_last leaves no batch: {self._rows} rows, batch_size {self._size}"
            )
        self._gathers = [_gather(array) for _, array in leaves]
        self._nesting = tuple(_nesting(value) for value in given.values())
        self._shuffle = shuffle
        self._ahead = checked(prefetch, least=0)
        self.generator = np.random.default_rng(seed)
        #: of the loop that began last: the generator's state before it, batches given so far
        self._began: Any = None
        self._given = 0
        #: whether the next loop goes on within the epoch that `_began` and `_given` tell of
        self._resumes = False

    def __len__(self) -> int:
        return -(-self._stop // self._size)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        # Drawn here, not at the first batch: two loops at once each keep the order they began with.
        began = self._began if self._resumes else None
        if began is None:
            self._began, self._given = self.generator.bit_generator.state, 0
        self._resumes = False
        order = drawn(self.generator, self._rows, began) if self._shuffle else np.arange(self._rows)
        return self._epoch(order, self._began, self._given)

    def _epoch(self, order: Rows, began: Any, given: int) -> Iterator[tuple[Any, ...]]:
        steps = self._made(order, given * self._size)
        if self._ahead:
            steps = made_ahead(steps, self._ahead)
        try:
            for batch in steps:
                if self._began is began:
                    self._given += 1
                yield batch
        finally:
            steps.close()
            if self._began is began:  # this epoch is over, also where the loop was left
                self._began, self._given, self._resumes = None, 0, False

    def _made(self, order: Rows, first: int) -> Generator[tuple[Any, ...], None, None]:
        gathers, nesting, size = self._gathers, self._nesting, self._size
        flat = all(part is None for part in nesting)
        for start in range(first, self._stop, size):
            rows = order[start : start + size]
            parts = [gather(rows, 0) for gather in gathers]
            yield tuple(parts) if flat else _nest(nesting, iter(parts))

    def state_dict(self) -> dict[str, Any]:
        """Where it stands, within an epoch too: for checkpoints.

        After `load_state_dict` the next loop gives the batches that were still to come.

        >>> steps = batches(np.arange(6), batch_size=2, seed=0)
        >>> for (x,) in steps:
        ...     state = steps.state_dict()
        ...     break
        >>> rest = batches(np.arange(6), batch_size=2)
        >>> rest.load_state_dict(state)
        >>> [len(list(rest)), len(list(rest))]
        [2, 3]
        """
        return {
            "generator": self.generator.bit_generator.state,
            "began": self._began,
            "given": self._given,
            "rows": self._rows,
            "batch_size": self._size,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Stand where `state_dict` said.

        Raises ValueError, and changes nothing, for another kind of generator, and within an epoch
        for another number of rows or batch size.
        """
        expected = self.state_dict()
        if set(state) != set(expected):
            raise ValueError(f"batches: given {sorted(state)}; expected {sorted(expected)}")
        given = {name: state[name] for name in ("rows", "batch_size")}
        own = {name: expected[name] for name in given}
        if state["began"] is not None and given != own:
            raise ValueError(f"batches: the epoch began with {given}; here there are {own}")
        kinds = [s["generator"]["bit_generator"] for s in (state, expected)]
        if kinds[0] != kinds[1]:
            raise ValueError(f"batches: the generator was {kinds[0]}; here it is {kinds[1]}")
        self.generator.bit_generator.state = state["generator"]
        self._began, self._given = state["began"], state["given"]
        self._resumes = self._began is not None


def _leaves(name: str, value: object) -> Iterator[tuple[str, Any]]:
    """Every array in a nest of tuples and dicts, with what to call it in an error."""
    if isinstance(value, tuple | dict):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(f"{name}[{key!r}]", part)
    else:
        # of a memory-mapped array a plain view: nothing is read
        yield name, value if isinstance(value, FileRows) else np.asarray(value)


def _nesting(value: object) -> Any:
    """The tuples and dicts of a nest, with None in the place of each array."""
    if isinstance(value, dict):
        return {key: _nesting(part) for key, part in value.items()}
    return tuple(map(_nesting, value)) if isinstance(value, tuple) else None


def _nest(nesting: Any, parts: Iterator[NDArray[Any]]) -> Any:
    """`parts` in the places that `_nesting` left."""
    if isinstance(nesting, dict):
        return {key: _nest(inner, parts) for key, inner in nesting.items()}
    return tuple(_nest(n, parts) for n in nesting) if nesting is not None else next(parts)


def drawn(rng: np.random.Generator, rows: int, began: Any = None) -> Rows:
    """A new random order of the rows; or once more the one that `rng` drew when its state was this.

    To draw again leaves `rng` as it is.
    """
    if began is not None:
        rng = copy.deepcopy(rng)
        rng.bit_generator.state = began
    return rng.permutation(rows)


def common_length(leaves: list[tuple[str, Any]]) -> int:
    shapes = ", ".join(f"{name} {array.shape}" for name, array in leaves) or "no arrays at all"
    if not leaves or any(array.ndim == 0 for _, array in leaves):
        raise ValueError(f"batches need arrays whose first axis counts the rows, got {shapes}")
    lengths = {len(array) for _, array in leaves}
    if len(lengths) > 1:
        raise ValueError(f"arrays differ in their number of rows: {shapes}")
    if lengths == {0}:
        raise ValueError(f"no rows to make batches of: {shapes}")
    return lengths.pop()


def _gather(array: Any) -> Gather:
    """The function (rows, axis 0) -> a new C-contiguous array of those rows."""
    if takes_rows(array):
        return array.take  # half the cost of indexing a row-major array
    return lambda rows, axis: np.ascontiguousarray(array[rows])  # where take would copy all of it


def takes_rows(array: Any) -> bool:
    """Whether `array.take` reads no more than the rows that it is asked for."""
    if isinstance(array, FileRows):
        return True
    return bool(array.flags.c_contiguous and array.flags.aligned)
