"""Einstein's sums."""

from __future__ import annotations

import string
from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from ..arrays._device import kept
from ..engine import _axes
from ..engine._broadcast import cast_undo
from ..engine._op import op
from ..engine._samples import Arrays, Draw
from ..engine._tensor import Tensor, operand

__all__ = [
    "contract",
    "einsum",
]

LETTERS = string.ascii_letters


def _sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    subscripts = draw.choice(
        (
            *("ij,jk->ik", "i,i->", "ij->ji", "bij,bjk->bik", "ii->i", "ii->", "ij->", "i,j->ij"),
            *("ij,jk,kl->il", "ij,ij->i", "iij,j->i", "ij,k->i", ",i->i", "bi,ij,bj->b"),
        )
    )
    terms, _ = subscripts.split("->")
    size = {letter: draw.integer(1, 3) for letter in "bijkl"}
    arrays = [draw.array(tuple(size[c] for c in term)) for term in terms.split(",")]
    return (arrays,), {"subscripts": subscripts}


@lru_cache(maxsize=1024)
def _path(subscripts: str, shapes: tuple[_axes.Shape, ...]) -> Any:
    """The order in which NumPy multiplies; it costs far more to find than a small product."""
    if len(shapes) < 2:
        return False
    hollow = [np.broadcast_to(np.zeros(()), shape) for shape in shapes]
    return np.einsum_path(subscripts, *hollow, optimize="optimal" if len(shapes) < 5 else True)[0]


def _flops(out: _axes.Shape, *shapes: _axes.Shape) -> int:
    """Of one product of all: the size of the result times what is summed away, for each array."""
    return len(shapes) * max(prod(out), *map(prod, shapes))


def _sizes(terms: Sequence[str], shapes: Sequence[_axes.Shape]) -> dict[str, int]:
    """The length of each letter's axes; those of length 1 broadcast."""
    size: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        for letter, n in zip(term, shape, strict=True):
            size[letter] = n if size.get(letter, 1) == 1 else size[letter]
    return size


def _rule(xp: Any, g: Any, arrays: Sequence[Any], arrays_shape: Any, subscripts: str) -> list[Any]:
    left, out = subscripts.split("->")
    terms = left.split(",")
    size = _sizes(terms, arrays_shape)
    free = [c for c in LETTERS if c not in subscripts]
    lead = "".join(free[: g.ndim - len(out)])
    result = []
    pairs = list(enumerate(zip(terms, arrays_shape, strict=True)))
    for k, (term, shape) in pairs:
        others = [(t, a) for i, (t, a) in enumerate(zip(terms, arrays, strict=True)) if i != k]
        given = [(lead + out, g), *others]
        full = (zip(t, shape, strict=True) for i, (t, shape) in pairs if i != k)
        known = set(out).union(c for pair in full for c, n in pair if n == size[c])
        spare = iter(free[len(lead) :])
        wanted, seen = "", set[str]()
        for letter, n in zip(term, shape, strict=True):
            if letter in seen:  # a diagonal: zeros elsewhere
                twin = next(spare)
                given.append((letter + twin, kept(g, np.eye, n, None, 0, g.dtype)))
                letter = twin
            elif n == 1 != size[letter]:
                continue  # broadcast: summed
            elif letter not in known:
                given.append((letter, kept(g, np.ones, n, g.dtype)))
            seen.add(letter)
            wanted += letter
        text = f"{','.join(t for t, _ in given)}->{lead}{wanted}"
        found = xp.contract([a for _, a in given], subscripts=text)
        result.append(xp.reshape(found, tuple(g.shape[: len(lead)]) + tuple(shape)))
    return result


@op(
    arrays=_rule,
    variadic=True,
    broadcast=cast_undo,
    label="Σ",
    flops=_flops,
    sample=_sample,
)
def contract(xp: Any, arrays: Any, /, subscripts: str) -> Any:
    """`einsum` of a list of arrays, with every subscript a letter and the result's named.

    >>> contract([[[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0]], "ij,j->i")
    Tensor([3., 7.], dtype=float32)
    """
    shapes = tuple(tuple(a.shape) for a in arrays)
    if arrays[0].dtype.char == "e":  # summed in float32
        wide = [xp.astype(a, np.float32) if a.dtype.char == "e" else a for a in arrays]
        return xp.astype(
            xp.contract(wide, subscripts=subscripts), np.result_type(*(a.dtype for a in arrays))
        )
    return xp.einsum(subscripts, *arrays, optimize=_path(subscripts, shapes))


def einsum(*operands: Any) -> Tensor:
    """Sum of products of the operands' elements, as letters say, by NumPy's optimised path.

    Args:
        operands: a string such as "ij,jk->ik" (without "->" what is named once stays, in the
            alphabet's order; "..." stands for axes that broadcast), and an array for each term.
            Or arrays and lists of integers in turn, and a list for the result.

    Raises:
        ValueError: terms that do not fit the arrays.

    >>> einsum("ij,jk->ik", [[1.0, 2.0]], [[3.0], [4.0]])
    Tensor([[11.]], dtype=float32)
    >>> einsum("...i->...", [[1.0, 2.0], [3.0, 4.0]])
    Tensor([3., 7.], dtype=float32)

    Source of the notation: A. Einstein, Die Grundlage der allgemeinen Relativitätstheorie, 1916.
    """
    if not operands:
        raise ValueError("einsum needs subscripts and arrays")
    given: Sequence[Any]
    if isinstance(operands[0], str):
        subscripts, given = operands[0], operands[1:]
    else:
        subscripts, given = _from_lists(operands)
    arrays = [x if isinstance(x, Tensor) else Tensor(x) for x in map(operand, given)]
    return contract(arrays, subscripts=_canonical(subscripts, [x.shape for x in arrays]))


def _from_lists(operands: Sequence[Any]) -> tuple[str, list[Any]]:
    """Arrays and lists of integers in turn as a string and arrays."""

    def term(entries: Any) -> str:
        return "".join("..." if e is Ellipsis else LETTERS[e] for e in entries)

    pairs = len(operands) // 2
    text = ",".join(term(operands[2 * k + 1]) for k in range(pairs))
    if len(operands) % 2:
        text += "->" + term(operands[-1])
    return text, [operands[2 * k] for k in range(pairs)]


@lru_cache(maxsize=1024)
def _known(subscripts: str, ndims: tuple[int, ...]) -> str:
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(ndims):
        raise ValueError(f"einsum: {subscripts!r} has {len(terms)} terms for {len(ndims)} arrays")
    spare = [c for c in LETTERS if c not in text]
    longest = 0
    for k, (term, ndim) in enumerate(zip(terms, ndims, strict=True)):
        named = len(term.replace("...", ""))
        count = ndim - named
        if count < 0 or (count and "..." not in term):
            raise ValueError(f"einsum: term {term!r} does not fit an array with {ndim} axes")
        longest = max(longest, count)
        terms[k] = term.replace("...", "".join(spare[:count][::-1]))
    dots = "".join(spare[:longest][::-1])
    joined = "".join(terms)
    if arrow:
        right = right.replace("...", dots)
    else:
        right = dots + "".join(sorted(c for c in set(joined) - set(dots) if joined.count(c) == 1))
    if wrong := [c for c in right if c not in joined or right.count(c) > 1]:
        raise ValueError(f"einsum: {wrong[0]!r} of the result in {subscripts!r} is not one axis")
    if wrong := [c for c in joined if c not in LETTERS]:
        raise ValueError(f"einsum: {wrong[0]!r} in {subscripts!r} is no letter")
    return f"{','.join(terms)}->{right}"


def _canonical(subscripts: str, shapes: Sequence[_axes.Shape]) -> str:
    """Subscripts with the result's named and letters in place of dots."""
    return _known(subscripts, tuple(len(shape) for shape in shapes))
