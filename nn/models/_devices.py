"""Models on devices: where one lies, and batches that are brought to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autodiff import Tensor, Variable
from autodiff.arrays._device import CPU, Device, backend, current, device_of, on, on_device, resolve
from autodiff.engine._results import constant
from nn.layers import _holds
from nn.models._feed import ArrayFeed, Batch, Sizes
from nn.models._feed import Feed as HostFeed
from optim import Optimizer

if TYPE_CHECKING:
    from nn.models._trainer import Trainer


def variables_of(model: Trainer) -> list[Variable]:
    """Everything that has to lie where the model computes: weights, metrics, optimizers."""
    optimizers = [optimizer for _, optimizer in _holds.parts(model, Optimizer)]
    held = [*model.variables]
    held += [v for metric in model.metrics for v in metric.variables]
    held += [v for optimizer in optimizers for v in optimizer.variables]
    return list(dict.fromkeys(held))


@contextmanager
def computing(model: Trainer, device: Any = None) -> Iterator[Device]:
    """Where the model's Variables lie, or after they were brought to `device`, which is current.

    Raises RuntimeError where there is no such device.
    """
    held = variables_of(model)
    if device is not None:
        where = resolve(device)
    else:
        weights = model.variables
        where = device_of(weights[0]) if weights else current()
    for v in held:
        v._move(where)
    with on(where):
        yield where


class _Sent(NamedTuple):
    """Batches on their way."""

    structure: Any
    #: waits, and gives them
    arrived: Callable[[], list[Any]]
    sizes: Sizes
    #: where the feed stood when it gave them
    stood: dict[str, Any]


class Group(NamedTuple):
    """Several batches on a device, their rows in one Tensor each."""

    arrays: list[Tensor]
    #: how many rows each batch has
    sizes: Sizes

    def run(self, program: Callable[..., Any]) -> list[Any]:
        """What the program gives for each batch: of equally long ones in one go, if it can."""
        sizes, start, results = self.sizes, 0, list[Any]()
        alike = next((k for k, size in enumerate(sizes) if size != sizes[0]), len(sizes))
        several = getattr(program, "several", None)
        if several is not None and alike > 1:
            rows = alike * sizes[0]
            found = several([_rows(x, 0, rows) for x in self.arrays], alike)
            if found is not None:
                results, start = found, rows
        for size in sizes[len(results) :]:
            results.append(program(*(_rows(x, start, start + size) for x in self.arrays)))
            start += size
        return results


def _rows(x: Tensor, start: int, stop: int) -> Tensor:
    """Some rows, where they lie."""
    return constant(x._data[start:stop])


class Brought:
    """A feed whose batches lie on a device.

    While a step is computed the next batch is on its way, from arrays that is; what gives batches
    one by one is not asked before its time.
    """

    def __init__(self, feed: HostFeed, where: Device) -> None:
        self._feed = feed
        self._uploader = backend(where.kind).uploader(where.index)
        #: where the feed stood when it gave the batch that is in use
        self._stood: dict[str, Any] | None = None

    @property
    def steps(self) -> int | None:
        """Batches per epoch, where that is known."""
        return self._feed.steps

    @steps.setter
    def steps(self, value: int | None) -> None:
        self._feed.steps = value

    def first(self) -> Batch:
        """The first batch, on the host; the device takes it along where it is used."""
        structure, arrays = self._feed.first()
        first: list[Any] = [constant(a) if on_device(a) else a for a in arrays]
        return structure, first

    def epoch(self, done: int = 0) -> Iterator[Batch]:
        """The batches of one epoch, of which so many were given before."""
        if not isinstance(self._feed, ArrayFeed):
            for structure, arrays in self._feed.epoch(done):
                yield structure, self._send(arrays)()
            return
        for structure, tensors, _ in self._ahead((*b, []) for b in self._feed.epoch(done)):
            yield structure, tensors

    def groups(self, most: int, done: int = 0) -> Iterator[tuple[Any, Any]]:
        """The same, in Groups of up to so many batches where the rows of arrays make them."""
        if not isinstance(self._feed, ArrayFeed):
            yield from self.epoch(done)
            return
        for structure, tensors, sizes in self._ahead(self._feed.groups(most, done)):
            yield structure, Group(tensors, sizes)

    def _ahead(
        self, batches: Iterator[tuple[Any, list[Any], Sizes]]
    ) -> Iterator[tuple[Any, list[Any], Sizes]]:
        """Batches there, the next one on its way."""
        under_way: _Sent | None = None
        try:
            for structure, arrays, sizes in batches:
                before = under_way
                state = self._feed.state_dict()
                under_way = _Sent(structure, self._send(arrays), sizes, state)
                if before is not None:
                    yield self._taken(before)
            if under_way is not None:
                last, under_way = under_way, None
                yield self._taken(last)
            self._stood = None
        finally:
            if under_way is not None:  # its memory must not be used for something else meanwhile
                under_way.arrived()

    def _taken(self, sent: _Sent) -> tuple[Any, list[Any], Sizes]:
        self._stood = sent.stood
        return sent.structure, sent.arrived(), sent.sizes

    def _send(self, arrays: list[Any]) -> Callable[[], list[Any]]:
        """Begin to bring arrays over; gives the function that gives them as Tensors."""
        there = [on_device(array) for array in arrays]
        hosts = [a for a, is_there in zip(arrays, there, strict=True) if not is_there]
        arrived = self._uploader.send([np.asarray(a) for a in hosts])

        def tensors() -> list[Any]:
            new = iter(arrived())
            return [
                constant(a if is_there else next(new))
                for a, is_there in zip(arrays, there, strict=True)
            ]

        return tensors

    def state_dict(self) -> dict[str, Any]:
        """Where it stands: after the batch in use, whatever is on its way."""
        return self._feed.state_dict() if self._stood is None else self._stood

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Stand there."""
        self._stood = None
        self._feed.load_state_dict(state)


Feed = HostFeed | Brought


def brought(feed: HostFeed, where: Device) -> Feed:
    """The feed, with batches on a device if it is not the CPU."""
    return feed if where == CPU else Brought(feed, where)
