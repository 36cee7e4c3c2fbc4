"""Random numbers that a flat program would not draw again, noticed while its function is traced.

Drawing changes the state of a generator. So the states of NumPy's and Python's own generators, and
of those that the function can name, are compared before the trace and after it. A generator that is
made inside the function is not seen: with a seed it gives the same numbers at every call anyway.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import zip_longest
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ._locals import ENGINE

#: so many objects are looked at in search of generators
MOST = 500
#: longer lists and dictionaries hold data
LONG = 100

Named = tuple[str, Any]


class Chance:
    """Tells whether random numbers were drawn that no program would draw again."""

    def __init__(self, f: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        code = f.__code__ if isinstance(f, FunctionType) else None
        names = code.co_varnames[: code.co_argcount] if code else ()
        given = zip_longest(names[: len(args)], args, fillvalue="an argument")
        found = _reached([("", f), *given, *kwargs.items()])
        generators = [("np.random", None), ("the random module", random), *found]
        self._before = [(whose, generator, _state(generator)) for whose, generator in generators]

    def drawn(self) -> str:
        """Whose numbers were drawn since, if any."""
        changed = (whose for whose, generator, state in self._before if _state(generator) != state)
        return next(changed, "")


def _state(generator: Any) -> Any:
    """Where a generator stands, as what can be compared; NumPy's global one is None."""
    if generator is None:
        return _plain(np.random.get_state(legacy=False))
    if isinstance(generator, np.random.Generator):
        return _plain(generator.bit_generator.state)
    if isinstance(generator, np.random.RandomState):
        return _plain(generator.get_state(legacy=False))
    return generator.getstate()


def _plain(x: Any) -> Any:
    if isinstance(x, dict):
        return tuple((key, _plain(part)) for key, part in x.items())
    return x.tobytes() if isinstance(x, np.ndarray) else x


def _reached(start: Iterable[Named]) -> Iterator[Named]:
    """Generators that a function can name: its variables, and those of what it calls and uses."""
    todo = deque(start)
    seen: set[int] = set()
    while todo and len(seen) < MOST:
        name, x = todo.popleft()
        if id(x) in seen:
            continue
        seen.add(id(x))
        if isinstance(x, (np.random.Generator, np.random.RandomState)):
            yield f"{name!r}, a generator of NumPy's,", x
        elif isinstance(x, random.Random) and not isinstance(x, random.SystemRandom):
            yield f"{name!r}, a generator of Python's,", x
        else:
            todo.extend(_inside(name, x))


def _inside(name: str, x: Any) -> Iterable[Named]:
    """What an object holds, with names."""
    if isinstance(x, MethodType):
        return [("self", x.__self__), (name, x.__func__)]
    if isinstance(x, FunctionType):
        return _variables(x)
    if isinstance(x, partial):
        return [("", x.func), *(("an argument", part) for part in x.args), *x.keywords.items()]
    if isinstance(x, (list, tuple, dict)):
        parts = x.values() if isinstance(x, dict) else x
        return [(name, part) for part in parts] if len(x) <= LONG else []
    if isinstance(x, (type, ModuleType, np.ndarray)) or not hasattr(x, "__dict__"):
        return []
    return [(f"{name}.{part}" if name else part, value) for part, value in vars(x).items()]


def _variables(f: FunctionType) -> Iterator[Named]:
    """What the code of a function can name beside its local variables."""
    if f.__code__.co_filename.startswith(ENGINE):
        return
    for variable, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
        with suppress(ValueError):  # not assigned yet
            yield variable, cell.cell_contents
    for x in (*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values()):
        yield "a default", x
    names = dict.fromkeys(_names(f.__code__))
    for name in names:
        x = f.__globals__.get(name)
        if isinstance(x, ModuleType) and x is not np:
            yield from ((f"{name}.{part}", vars(x)[part]) for part in names if part in vars(x))
        elif x is not None:
            yield name, x


def _names(code: CodeType) -> Iterator[str]:
    """Global names and attributes in a function's code, and in the functions that it makes."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
