"""What the guard counts, and what it refuses meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, fields


class GuardError(TypeError):
    """Something was done that CuPy refuses, or that should not happen here."""


@dataclass
class Counts:
    """What happened between host and device."""

    launches: int = 0
    #: of these products of matrices, which CuPy hands to cuBLAS
    products: int = 0
    allocations: int = 0
    #: host arrays brought to the device
    uploads: int = 0
    #: of these from pinned memory, on a stream of their own
    beside: int = 0
    #: device arrays brought to the host
    downloads: int = 0
    #: times that the host waited for the device
    waits: int = 0

    def __sub__(self, other: Counts) -> Counts:
        pairs = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        return Counts(*(a - b for a, b in pairs))


class Counters(threading.local):
    """Of this thread."""

    def __init__(self) -> None:
        self.counts = Counts()
        #: what is refused, because of what
        self.refused: dict[str, str] = {}

    def note(self, **more: int) -> None:
        """Count something; GuardError where it is refused at the time."""
        for name, n in more.items():
            if n and name in self.refused:
                raise GuardError(f"{name[:-1]} {self.refused[name]}")
            setattr(self.counts, name, getattr(self.counts, name) + n)


counters = Counters()


@contextmanager
def counted() -> Iterator[Counts]:
    """What happens inside the `with` block, known at its end."""
    before = Counts(**vars(counters.counts))
    found = Counts()
    yield found
    vars(found).update(vars(counters.counts - before))


@contextmanager
def refusing(why: str, *names: str) -> Iterator[None]:
    """Refuse to do what is counted under these names."""
    before = counters.refused
    counters.refused = before | dict.fromkeys(names, why)
    try:
        yield
    finally:
        counters.refused = before


def resident() -> AbstractContextManager[None]:
    """Nothing may go between host and device, and nobody may wait."""
    return refusing("between host and device", "uploads", "downloads", "waits")


def capturing() -> AbstractContextManager[None]:
    """What CUDA and CuPy refuse while a stream is captured."""
    names = ("uploads", "downloads", "waits", "allocations", "products")
    return refusing("while a stream is captured", *names)
