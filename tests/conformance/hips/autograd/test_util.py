"""Checks of gradients by differences, along random directions."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from ._tape import leaves, make_jvp, make_vjp, mapped, unary_to_nary

STEP, TOLERANCE = 1e-6, 1e-6


def scalar_close(a: Any, b: Any) -> bool:
    """Near, absolutely or relatively."""
    return bool(abs(a - b) < TOLERANCE or abs(a - b) / abs(a + b) < TOLERANCE)


def like(x: Any) -> Any:
    """Random numbers of either sign in the place of each."""

    def draw(leaf: Any) -> Any:
        shape = np.shape(leaf)
        found = np.random.randn(*shape)
        return found + 1j * np.random.randn(*shape) if np.iscomplexobj(leaf) else found

    return mapped(draw, x)


def moved(x: Any, v: Any, t: float) -> Any:
    """x + t·v"""
    return mapped(lambda a, b: a + t * b, x, v)


def inner(x: Any, y: Any) -> float:
    """Re Σ x·y, without a conjugate."""
    return float(
        sum(np.sum(np.real(np.asarray(a) * b)) for a, b in zip(leaves(x), leaves(y), strict=True))
    )


def same_form(x: Any, y: Any) -> bool:
    """The same nesting, shapes, and kinds of numbers."""
    a, b = leaves(x), leaves(y)
    return len(a) == len(b) and all(
        np.shape(p) == np.shape(q) and np.iscomplexobj(p) == np.iscomplexobj(q)
        for p, q in zip(a, b, strict=True)
    )


def check_equivalent(x: Any, y: Any) -> None:
    """Two values are the same, to rounding."""
    assert same_form(x, y), f"{x} has not the form of {y}"
    v = like(x)
    assert scalar_close(inner(x, v), inner(y, v)), f"{x} is not {y}"


def slope(f: Any, x: Any, v: Any) -> Any:
    """The derivative along v by a central difference."""
    high, low = f(moved(x, v, STEP / 2)), f(moved(x, v, -STEP / 2))
    return mapped(lambda a, b: (a - b) / STEP, high, low)


def _check_grads(f: Any, x: Any, modes: Any = ("fwd", "rev"), order: int = 2) -> None:
    name = getattr(f, "__name__", "f")
    vjp, y = make_vjp(f, x)
    v, g = like(x), like(y)
    numeric = slope(f, x, v)
    if "fwd" in modes:
        check_equivalent(make_jvp(f, x)(v)[1], numeric)
    pulled = vjp(g)
    assert same_form(pulled, x), f"the gradient of {name} has not the form of {x}: {pulled}"
    right, found = inner(g, numeric), inner(pulled, v)
    assert scalar_close(right, found), (
        f"Derivative (VJP) check of {name} failed at {x}: {found}, differences give {right}"
    )
    if order > 1:

        def again(pair: Any) -> Any:
            return make_vjp(f, pair[0])[0](pair[1])

        again.__name__ = f"vjp_{name}"
        _check_grads(again, (x, like(y)), ("rev",), order - 1)


_check_grads.__name__ = "check_grads"
check_grads = unary_to_nary(_check_grads)


def combo_check(fun: Any, *args: Any, **kwargs: Any) -> Any:
    """Check all combinations of arguments."""

    def check(*lists: Any, **named: Any) -> None:
        pairs = [[(key, value) for value in values] for key, values in named.items()]
        for given in product(*lists):
            for more in product(*pairs):
                check_grads(fun, *args, **kwargs)(*given, **dict(more))

    return check
