"""name_scope: what a part of a computation is called, for diagrams and flat programs.

A scope costs records nothing: a graph notes from which record on which scope holds, and
`scope_of` looks it up.
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_right
from collections.abc import Callable
from operator import itemgetter
from typing import ParamSpec, TypeVar

from ._graph import Graph, thread

P = ParamSpec("P")
X = TypeVar("X")
Y = TypeVar("Y")


class name_scope:  # noqa: N801 -- TensorFlow's name; used like a function
    """Name what is recorded inside: in a `with`, or as a decorator of a function.

    TensorFlow's `tf.name_scope`. Scopes nest: inside "block", the scope "dense" is "block/dense".
    Every thread has scopes of its own. They change no value, only what it is called.

    Args:
        name: letters, digits, "_", "-" and "."; "/" between the names of nested scopes.

    Raises:
        TypeError: no string.
        ValueError: an empty name, or one with other characters.

    >>> with name_scope("block"), name_scope("dense") as scope:
    ...     print(scope)
    block/dense
    >>> @name_scope("neuron")
    ... def neuron(w, x):
    ...     return w * x
    >>> neuron(2.0, 3.0)
    6.0
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise TypeError(f"name_scope: name is {type(name).__name__} {name!r:.60}; expected str")
        if not _is_name(name):
            raise ValueError(
                f"name_scope: name is {name!r:.60}; expected letters, digits, '_', '-' and '.', "
                "with '/' between the names of nested scopes"
            )
        self.name = name

    def __enter__(self) -> str:
        """Begin; gives the full name."""
        scopes = thread.scopes
        outer = scopes[-1]
        scope = f"{outer}/{self.name}" if outer else self.name
        scopes.append(scope)
        graph = thread.graph
        if graph is not None:
            graph.scopes.append((len(graph.records), scope))
        return scope

    def __exit__(self, *error: object) -> None:
        scopes = thread.scopes
        scopes.pop()
        graph = thread.graph
        if graph is not None:
            graph.scopes.append((len(graph.records), scopes[-1]))

    def __call__(self, f: Callable[P, Y]) -> Callable[P, Y]:
        """The function, in this scope whenever it is called."""

        @functools.wraps(f)
        def scoped(*args: P.args, **kwargs: P.kwargs) -> Y:
            with self:
                return f(*args, **kwargs)

        return scoped

    def __repr__(self) -> str:
        return f"name_scope({self.name!r})"


@functools.lru_cache(maxsize=1024)
def _is_name(name: str) -> bool:
    return re.fullmatch(r"[\w.-]+(/[\w.-]+)*", name) is not None


def inside(name: str, f: Callable[[X], Y], x: X) -> Y:
    """f(x), in the scope `name` if a graph records: `with name_scope` at a third of its price."""
    graph = thread.graph
    if graph is None:
        return f(x)
    scopes = thread.scopes
    outer = scopes[-1]
    scope = f"{outer}/{name}" if outer else name
    scopes.append(scope)
    graph.scopes.append((len(graph.records), scope))
    try:
        return f(x)
    finally:
        scopes.pop()
        graph.scopes.append((len(graph.records), outer))


def scope_of(graph: Graph, node: int) -> str:
    """Full name of the innermost scope in which a record was made; "" outside of all.

    Whatever no scope may be called, as a layer may, is an underscore in it.
    """
    scope = graph.scopes[bisect_right(graph.scopes, node, key=itemgetter(0)) - 1][1]
    return re.sub(r"[^\w./-]", "_", scope)
