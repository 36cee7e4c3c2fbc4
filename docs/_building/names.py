"""The public names of the library, and where each is documented.

Modules are names, too, but not in here: each has a page.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Collection, Iterator
from functools import cache, cached_property
from types import FunctionType
from typing import Any

#: modules with public names; an object that several of them have is documented in the first
MODULES = (
    "autodiff",
    *("autodiff.linalg", "autodiff.fft", "autodiff.special", "autodiff.random"),
    "autodiff.diagram",
    *("autodiff.testing", "autodiff.testing.strategies", "autodiff.extend"),
    *("optim", "optim.schedules"),
    *("nn.models", "nn.layers", "nn.activations", "nn.initializers", "nn.regularizers"),
    *("nn.losses", "nn.metrics", "nn.callbacks", "nn.checkpoints", "nn.plots", "nn.utils"),
    *("nn.mixed_precision", "nn.sklearn"),
    "nn",
    *("data", "data.mnist", "data.fashion_mnist", "data.digits", "data.synthetic"),
)
#: objects that users hold but do not make by name
MORE = {"autodiff": ("flat.Function", "flat.Cost", "flat.LineCost")}
PACKAGES = ("autodiff", "nn", "optim", "data")


@cache
def public(module: str) -> tuple[str, ...]:
    """The public names of a module: what it exports, or what it defines without an underscore."""
    found = importlib.import_module(module)
    if (stated := getattr(found, "__all__", None)) is not None:
        names = [name for name in stated if not inspect.ismodule(getattr(found, name))]
    else:
        own = module == "autodiff"  # imports into the package are its exports
        names = [
            name
            for name, value in inspect.getmembers(found)
            if not name.startswith("_") and not inspect.ismodule(value)
            if own or _defined_in(value, module)
        ]
    return tuple(sorted(names, key=str.casefold))


def _defined_in(value: Any, module: str) -> bool:
    if inspect.isclass(value) or inspect.isroutine(value):
        return value.__module__ == module
    return isinstance(value, tuple)  # constants, such as the names of classes


def everything() -> Iterator[str]:
    """All that the reference has to say something of."""
    for module in MODULES:
        yield module
        yield from (f"{module}.{name}" for name in public(module))


def value_of(path: str) -> Any:
    """The object of a dotted path that begins with a module."""
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError:
        return getattr(value_of(module), name)


@cache
def canonical() -> dict[int, str]:
    """The id of each public function and class -> the path that it is documented under."""
    found: dict[int, str] = {}
    for module in MODULES:
        values = {
            name: value_of(f"{module}.{name}") for name in (*public(module), *MORE.get(module, ()))
        }
        # of two names for one thing that which it calls itself
        for name in sorted(values, key=lambda name: getattr(values[name], "__name__", "") != name):
            if callable(values[name]):
                found.setdefault(id(values[name]), f"{module}.{name}")
    return found


def home(path: str) -> str:
    """The path under which the object of this path is documented."""
    return canonical().get(id(value_of(path)), path)


def origin(path: str) -> str:
    """The module where an object of `autodiff` is written, "" if nothing says so."""
    return getattr(value_of(path), "__module__", "") or ""


def chosen(module: str, wanted: Collection[str]) -> Iterator[str]:
    """The names of a module; those that are written in one of the wanted places, if some are."""
    for name in (*public(module), *MORE.get(module, ())):
        if not wanted or (origin(f"{module}.{name}") or "-") in wanted:
            yield name


def arguments(path: str) -> frozenset[str]:
    """What a function, or a class, calls its arguments."""
    try:
        value = value_of(path)
        call = value.__init__ if inspect.isclass(value) else value
        return frozenset(inspect.signature(call).parameters)
    except (AttributeError, TypeError, ValueError):
        return frozenset()


def members(cls: type) -> Iterator[str]:
    """What the reference shows of a class: its own, without what a public base class says.

    Bases that are private pass on what they define, but for what they leave to their subclasses;
    ops that are methods too are left out. A class with a small letter is used as a function is.
    """
    if cls.__name__[0].islower():
        return
    stated: set[str] = set()
    bases = [base for base in cls.__mro__[1:] if base.__module__.split(".")[0] in PACKAGES]
    for base in (*bases, *(base for base in cls.__mro__[1:] if base not in bases)):
        if id(base) in canonical() or base not in bases:
            stated |= {*dir(base)}
    if any(id(base) in canonical() for base in bases):
        stated |= {name for name in vars(cls) for base in bases if name in vars(base)}
    for name in sorted({*dir(cls)} - stated):
        value = inspect.getattr_static(cls, name)
        if name.startswith("_") or not _documented(value) or hasattr(value, "op"):
            continue
        if not isinstance(value, property) and id(value) in canonical():
            continue  # a function that is a method, too
        yield name


def _documented(value: Any) -> bool:
    if isinstance(value, classmethod | staticmethod):
        value = value.__func__
    kinds = (FunctionType, property, cached_property)
    return isinstance(value, kinds) and bool(inspect.getdoc(value))
