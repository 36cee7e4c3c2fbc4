"""The random generator behind whatever was given no seed of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

import autodiff as ad

Seed = int | np.random.Generator | None

_shared = np.random.default_rng()


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
    return _shared if seed is None else np.random.default_rng(seed)


def tensor_generator(seed: Any) -> ad.random.Generator:
    """A generator that draws Tensors: itself, or from an integer; from the shared one for None."""
    if seed is None:
        seed = int(_shared.integers(2**63))
    return ad.random.default_rng(seed)
