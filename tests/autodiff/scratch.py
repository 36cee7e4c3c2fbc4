"""Ops declared for one test, and rules changed for one test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from autodiff.engine import _op
from autodiff.engine._op import Op
from autodiff.engine._pulls import make_pull


@contextmanager
def scratch_registry() -> Iterator[None]:
    """Ops declared inside are forgotten afterwards."""
    places: tuple[Any, ...] = _op.registry, _op.numpy_functions, _op.operators
    kept = [place.copy() for place in places]
    try:
        yield
    finally:
        for place, entries in zip(places, kept, strict=True):
            place.clear()
            place.update(entries)


@contextmanager
def other_rule(op: Op, name: str, rule: Callable[..., Any]) -> Iterator[None]:
    """Inside, the derivative rule by input `name` is another one that asks for the same."""
    kept = dict(op.rules)
    try:
        _set_rules(op, {**kept, name: rule})
        yield
    finally:
        _set_rules(op, kept)


def _set_rules(op: Op, rules: dict[str, Callable[..., Any]]) -> None:
    op.rules = rules
    op.extras, op.edges, op.keeps = _op._needs(op)
    op.pull = make_pull(op)
