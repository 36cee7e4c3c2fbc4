"""Batches made ahead, in a thread of their own, while the one before is worked on."""

from __future__ import annotations

import operator
import sys
import threading
from collections.abc import Generator, Iterable, Iterator
from queue import Empty, Queue
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class prefetch(Generic[T]):  # noqa: N801  reads as the function it is used as
    """What an iterable gives, up to `ahead` items of it made beforehand in a thread.

    Worth it where items take time to make outside Python: to read from disk, to decompress. Use it
    where `fit` or a loop of your own takes batches; for `batches` itself say `prefetch=` there,
    which keeps its place for checkpoints.

    source: gone through in the thread, anew for each `for` loop.
    ahead: at least 1; so many items are held besides the one in use.

    Items come in their order. An error in `source` is raised by the loop, where its item would have
    come. The thread lives as long as the loop: it ends with it, also where it is left early, after
    the item that it is at.

    >>> list(prefetch(x * x for x in range(4)))
    [0, 1, 4, 9]
    """

    def __init__(self, source: Iterable[T], ahead: int = 2) -> None:
        self._source, self._ahead = source, checked(ahead)

    def __len__(self) -> int:
        return len(self._source)  # type: ignore[arg-type]  # a TypeError says that there is none

    def __iter__(self) -> Iterator[T]:
        return made_ahead(iter(self._source), self._ahead)


def checked(ahead: int, least: int = 1) -> int:
    """An integer from `least` up, else an error."""
    if operator.index(ahead) < least:
        raise ValueError(f"the number of items made ahead must be {least} or more, got {ahead}")
    return operator.index(ahead)


def made_ahead(source: Iterator[T], ahead: int) -> Generator[T, None, None]:
    """The items of `source`, up to `ahead` of them made in a thread while one is in use."""
    made: Queue[tuple[str, Any]] = Queue(ahead)
    leave = threading.Event()
    thread = threading.Thread(
        target=_make, args=(source, made, leave), name="batches made ahead", daemon=True
    )
    thread.start()
    try:
        while True:
            kind, item = made.get()
            if kind == "end":
                return
            if kind == "error":
                raise item
            yield item
            del item  # not held while the next one is waited for
    finally:
        item = None  # an error would hold this frame, which holds the error
        leave.set()  # before room is made: what is put after this is the last
        while True:
            try:
                made.get_nowait()
            except Empty:
                break
        if not sys.is_finalizing():  # then it has been stopped, and never says so
            thread.join()


def _make(source: Iterator[Any], made: Queue[tuple[str, Any]], leave: threading.Event) -> None:
    last: tuple[str, Any] = ("end", None)
    try:
        for item in source:
            if leave.is_set():
                break
            made.put(("item", item))
            del item
    except BaseException as error:  # raised where the items are taken
        last = ("error", error)
    try:
        if hasattr(source, "close"):
            source.close()
    except BaseException as error:
        if leave.is_set():
            raise  # nobody takes it any more: threading.excepthook tells of it
        last = ("error", error)
    if not leave.is_set():
        made.put(last)
