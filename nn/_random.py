"""The random generator behind whatever was given no seed of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

import autodiff as ad

Seed = int | np.random.Generator | None

_shared = np.random.default_rng()
#: in its place for a while, in one thread
_instead: ContextVar[np.random.Generator | None] = ContextVar("generator", default=None)


def set_random_seed(seed: int) -> None:
    """Make everything random in nn that has no seed of its own repeat itself from here on.

    >>> from nn import initializers
    >>> set_random_seed(7)
    >>> a = initializers.GlorotUniform()((2, 2))
    >>> set_random_seed(7)
    >>> bool((a == initializers.GlorotUniform()((2, 2))).all())
    True
    """
    global _shared
    _shared = np.random.default_rng(seed)


def generator(seed: Seed) -> np.random.Generator:
    """The generator itself, a new one from an integer, the shared one for None."""
    if seed is None:
        return _instead.get() or _shared
    return np.random.default_rng(seed)


@contextmanager
def drawing_from(generator: np.random.Generator) -> Iterator[None]:
    """Inside, this thread takes this generator wherever no seed is given; the shared one rests.

    >>> def draw():
    ...     with drawing_from(np.random.default_rng(7)):
    ...         return int(generator(None).integers(100))
    >>> draw() == draw()
    True
    """
    before = _instead.set(generator)
    try:
        yield
    finally:
        _instead.reset(before)


def tensor_generator(seed: Any) -> ad.random.Generator:
    """A generator that draws Tensors: itself, or from an integer; from the shared one for None."""
    if seed is None:
        seed = int(generator(None).integers(2**63))
    return ad.random.default_rng(seed)
