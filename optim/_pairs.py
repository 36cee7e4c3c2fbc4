"""Gradients and the Variables that they belong to."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import autodiff as ad
from autodiff import Tensor, Variable


def split(pairs: Iterable[tuple[Any, Variable]]) -> tuple[list[Tensor], tuple[Variable, ...]]:
    """Gradients and their Variables, of the pairs that have a gradient."""
    gradients: list[Tensor] = []
    variables: list[Variable] = []
    missing: list[Variable] = []
    for pair in pairs:
        try:
            g, w = pair
        except (TypeError, ValueError):
            raise TypeError(f"expected (gradient, Variable) pairs, got {pair!r:.80}") from None
        if not isinstance(w, Variable):
            raise TypeError(f"expected (gradient, Variable) pairs, got {w!r:.80} as the Variable")
        if g is None:
            missing.append(w)
        else:
            gradients.append(g if isinstance(g, Tensor) else ad.asarray(g))
            variables.append(w)
    if missing:
        names = ", ".join(map(title, missing))
        if not gradients:
            raise ValueError(
                f"no gradient for any Variable: {names}; does the loss depend on them?"
            )
        warnings.warn(f"no gradient for {names}: not updated", stacklevel=3)
    elif not gradients:
        raise ValueError("apply_gradients was given no (gradient, Variable) pairs")
    return gradients, tuple(variables)


def check(gradients: Sequence[Tensor], variables: Sequence[Variable]) -> None:
    """Raise what is wrong with a pair.

    Raises ValueError for a gradient of another shape and for a Variable that comes twice,
    TypeError for a Variable or gradient that is not real.
    """
    seen: set[Variable] = set()
    for g, w in zip(gradients, variables, strict=True):
        if g.shape != w.shape:
            raise ValueError(
                f"the gradient of {title(w)} has shape {g.shape}; expected {w.shape}, as it has"
            )
        if w.dtype.kind != "f" or g.dtype.kind == "c":
            raise TypeError(f"{title(w)} is {w.dtype}, its gradient {g.dtype}; expected floats")
        if w in seen:
            raise ValueError(f"{title(w)} comes twice among the (gradient, Variable) pairs")
        seen.add(w)


def title(w: Variable) -> str:
    """What to call a Variable in a message."""
    return repr(w.name) if w.name else f"a Variable of shape {w.shape}"


@dataclass(frozen=True)
class Choice:
    """Some Variables: themselves, or by patterns that occur in their names."""

    variables: tuple[Variable, ...]
    patterns: tuple[str, ...]

    def has(self, w: Variable) -> bool:
        """Whether a Variable is chosen."""
        return any(w is v for v in self.variables) or any(
            re.search(pattern, w.name or "") for pattern in self.patterns
        )

    def by_names(self) -> list[str]:
        """Patterns that choose the same; TypeError for a Variable without a name."""
        for w in self.variables:
            if not w.name:
                raise TypeError(f"{title(w)} was chosen in person and has no name to write down")
        return [*self.patterns, *(f"^{re.escape(w.name)}$" for w in self.variables if w.name)]


def choose(var_list: Iterable[Variable] | None, var_names: Iterable[str] | None) -> Choice:
    """The Variables meant by Keras' pair of arguments."""
    if isinstance(var_names, str):
        raise TypeError(f"var_names must be a list of patterns, got {var_names!r}")
    variables, patterns = tuple(var_list or ()), tuple(var_names or ())
    if not variables and not patterns:
        raise ValueError("no Variables are chosen; expected var_list, var_names or both")
    for v in variables:
        if not isinstance(v, Variable):
            raise TypeError(f"var_list must hold Variables, got {v!r:.80}")
    for pattern in patterns:
        if not isinstance(pattern, str):
            raise TypeError(f"var_names must hold strings, got {pattern!r:.80}")
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"var_names: {pattern!r} is no regular expression: {error}") from None
    return Choice(variables, patterns)
