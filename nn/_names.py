"""Names: of layers from their classes, and things known by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import TypeVar

T = TypeVar("T")


def snake_case(name: str) -> str:
    """A class's name as Keras writes it in lower case.

    >>> [snake_case(name) for name in ("MaxPooling2D", "KLDivergence", "ReLU", "AUC")]
    ['max_pooling2d', 'kl_divergence', 're_lu', 'auc']
    """
    return re.sub(r"(?<=.)(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])", "_", name).lower()


def lookup(kind: str, name: str, known: Mapping[str, T]) -> T:
    """`known[name]`; ValueError that names what is known where it is not there."""
    if name in known:
        return known[name]
    close = get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    raise ValueError(f"unknown {kind} {name!r}{hint} Known are {', '.join(sorted(known))}.")
