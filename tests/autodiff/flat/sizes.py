"""Small arrays treated as large ones: what is chosen by size is tried on few elements."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

#: sizes that decide how something is computed, and what they are here
THRESHOLDS = {"FEW": 1, "PIECE": 2, "SMALL": 3, "TILED": 2}


@lru_cache
def places() -> list[tuple[Any, str]]:
    """Every module that looks at one of them."""
    modules = [m for name, m in sorted(sys.modules.items()) if name.startswith("autodiff.")]
    return [(m, name) for m in modules for name in THRESHOLDS if name in vars(m)]


@contextmanager
def as_if_large() -> Iterator[None]:
    """Every array of more than a few elements is a large one."""
    before = [getattr(module, name) for module, name in places()]
    for module, name in places():
        setattr(module, name, THRESHOLDS[name])
    try:
        yield
    finally:
        for (module, name), value in zip(places(), before, strict=True):
            setattr(module, name, value)
