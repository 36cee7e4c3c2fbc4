"""The routines that `bench blas` times: what they compute and move, their inputs, their answers.

A routine is checked by what it does to vectors, which costs little however large the matrices are:
C = A·B if C·v = A·(B·v) for a random v (R. Freivalds, 1977).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench._case import Case

Array = NDArray[Any]
Arrays = dict[str, Array]

ALPHA, BETA = 0.001, 0.5
#: matrices in a stack
STACK = 64
#: dtype -> how far an answer may be off, relative to the largest element
TOLERANCES = {"float64": 1e-11, "float32": 1e-3, "tf32": 1e-2, "float16": 5e-2, "bfloat16": 5e-2}
#: dtypes, and ways to multiply float32
KNOWN = tuple(TOLERANCES)
#: how float32 is rounded before it is multiplied, on devices
ROUNDED = ("tf32", "bfloat16")


@dataclass(frozen=True)
class Routine:
    """`flops` and `elements`, read and written at least, are functions of N."""

    name: str
    level: int
    formula: str
    flops: Callable[[int], int]
    elements: Callable[[int], int]
    shapes: Mapping[str, str]  # of the inputs: "n", "nn", "bnn"; "ll" is lower triangular
    sizes: tuple[int, ...]
    result: str  # its shape
    results: int = 1


ROUTINES = {
    routine.name: routine
    for routine in (
        Routine(
            *("axpy", 1, "y ← αx + y", lambda n: 2 * n, lambda n: 3 * n),
            {"x": "n", "y": "n"},
            (1_000, 100_000, 10_000_000),
            "n",
        ),
        Routine(
            *("dot", 1, "xᵀy", lambda n: 2 * n, lambda n: 2 * n),
            {"x": "n", "y": "n"},
            (1_000, 100_000, 10_000_000),
            "",
        ),
        Routine(
            *("gemv", 2, "y ← Ax + y", lambda n: 2 * n * n, lambda n: n * n + 3 * n),
            {"A": "nn", "x": "n", "y": "n"},
            (500, 2000, 4000),
            "n",
        ),
        Routine(
            *("ger", 2, "A ← αxyᵀ + A", lambda n: 2 * n * n, lambda n: 2 * n * n + 2 * n),
            {"A": "nn", "x": "n", "y": "n"},
            (500, 2000, 4000),
            "nn",
        ),
        Routine(
            *("trsv", 2, "x ← L⁻¹b", lambda n: n * n, lambda n: n * n // 2 + 2 * n),
            {"L": "ll", "b": "n"},
            (1000, 2000),
            "n",
        ),
        Routine(
            *("gemm", 3, "C ← AB + C", lambda n: 2 * n**3, lambda n: 4 * n * n),
            {"A": "nn", "B": "nn", "C": "nn"},
            (250, 500, 1000, 2000, 4000, 5000, 6000),
            "nn",
        ),
        Routine(
            *("matmul", 3, "C ← AB", lambda n: 2 * n**3, lambda n: 3 * n * n),
            {"A": "nn", "B": "nn"},
            (1000, 2000),
            "nn",
        ),
        Routine(
            *("gemm-αβ", 3, "C ← αAB + βC", lambda n: 2 * n**3, lambda n: 4 * n * n),
            {"A": "nn", "B": "nn", "C": "nn"},
            (2000,),
            "nn",
        ),
        Routine(
            *("trsm", 3, "X ← L⁻¹B", lambda n: n**3, lambda n: n * n // 2 + 2 * n * n),
            {"L": "ll", "B": "nn"},
            (1000, 2000),
            "nn",
        ),
        Routine(
            *("gemm-stack", 3, f"C ← AB, {STACK} at once"),
            *(lambda n: STACK * 2 * n**3, lambda n: STACK * 3 * n * n),
            {"A": "bnn", "B": "bnn"},
            (64, 256),
            "bnn",
        ),
        Routine(
            *("gemm-backward", 3, "AB, its gradients GBᵀ and AᵀG"),
            *(lambda n: 6 * n**3, lambda n: 9 * n * n),
            {"A": "nn", "B": "nn", "G": "nn"},
            (1000, 2000),
            "nn",
            3,
        ),
    )
}
#: N of a smoke test
SMALL = {1: 1_000, 2: 64, 3: 64}


@dataclass(frozen=True)
class Problem:
    """A routine for one N and dtype."""

    routine: Routine
    n: int
    dtype: str

    @property
    def name(self) -> str:
        """What the case is called."""
        return f"{self.routine.name} {self.n} {self.dtype}"

    @property
    def stored(self) -> np.dtype[Any]:
        """The dtype of the arrays."""
        return np.dtype("float32" if self.dtype in ROUNDED else self.dtype)

    @property
    def flops(self) -> int:
        """Operations."""
        return self.routine.flops(self.n)

    @property
    def bytes(self) -> int:
        """Bytes that are read and written at least."""
        return self.routine.elements(self.n) * self.stored.itemsize

    def shape(self, kind: str) -> tuple[int, ...]:
        """What a routine's "nn" stands for."""
        sizes = {"n": self.n, "l": self.n, "b": STACK}
        return tuple(sizes[letter] for letter in kind)

    def inputs(self) -> Arrays:
        """The arrays, the same every time; the caller's to change."""
        rng = np.random.default_rng(0)
        found = {}
        for name, shape in self.routine.shapes.items():
            x = rng.random(self.shape(shape), np.float32) - np.float32(0.5)
            if shape != "n":  # products of any order then have elements around 1
                x *= np.float32(3.0 / np.sqrt(self.n))
            if shape == "ll":
                x = np.tril(x)
                np.fill_diagonal(x, 2.0)
            found[name] = x.astype(self.stored)
        return found

    def error(self, outputs: Sequence[Any]) -> float:
        """How far off the outputs of one run are, relative to the largest element."""
        got = [np.asarray(x, np.float64) for x in outputs]
        expected = [self.shape(self.routine.result)] * self.routine.results
        if [x.shape for x in got] != expected:
            found = ", ".join(str(x.shape) for x in got)
            raise ValueError(f"{self.name} gave {found}; expected {expected[0]} × {len(expected)}")
        right, given = self._compared(got)
        worst = np.max(
            [np.abs(r - g).max() / np.abs(r).max() for r, g in zip(right, given, strict=True)]
        )
        return float(worst) if np.isfinite(worst) else float("inf")

    def _compared(self, got: list[Array]) -> tuple[list[Array], list[Array]]:
        """What should be, and what is; of matrices, their products with a vector."""
        given = {k: x.astype(np.float64) for k, x in self.inputs().items()}
        v = np.random.default_rng(1).random(self.n)
        name = self.routine.name
        if name == "axpy":
            return [ALPHA * given["x"] + given["y"]], got
        if name == "dot":  # relative to what it would be without signs
            size = np.abs(given["x"]) @ np.abs(given["y"])
            return [size], [got[0] - given["x"] @ given["y"] + size]
        if name == "gemv":
            return [given["A"] @ given["x"] + given["y"]], got
        if name == "ger":
            y = given["y"]
            return [ALPHA * given["x"] * (y @ v) + given["A"] @ v], [got[0] @ v]
        if name in ("trsv", "trsm"):
            (b,) = (given[k] @ v if k == "B" else given[k] for k in ("b", "B") if k in given)
            return [b], [given["L"] @ (got[0] @ v if got[0].ndim == 2 else got[0])]
        a, b = given["A"], given.get("B", v)
        if name == "gemm":
            return [a @ (b @ v) + given["C"] @ v], [got[0] @ v]
        if name == "gemm-αβ":
            return [ALPHA * (a @ (b @ v)) + BETA * (given["C"] @ v)], [got[0] @ v]
        if name == "matmul":
            return [a @ (b @ v)], [got[0] @ v]
        if name == "gemm-stack":
            right = np.matmul(a, (b @ v)[..., None])[..., 0]
            return [right], [got[0] @ v]
        g = given["G"]
        return [a @ (b @ v), g @ (b.T @ v), a.T @ (g @ v)], [x @ v for x in got]


def problems(dtypes: Sequence[str], quick: bool = False) -> list[Problem]:
    """All of them, or one of each routine."""
    found = []
    for routine in ROUTINES.values():
        for dtype in dtypes:
            if dtype in ROUNDED and routine.level < 3:
                continue
            if routine.name in ("trsv", "trsm") and dtype not in ("float32", "float64"):
                continue  # no library solves in half precision
            sizes = (SMALL[routine.level],) if quick else routine.sizes
            found += [Problem(routine, n, dtype) for n in sizes]
    return found


def problem(name: str) -> Problem:
    """The problem that a case's name stands for."""
    routine, n, dtype = name.split()
    return Problem(ROUTINES[routine], int(n), dtype)


@dataclass(frozen=True)
class Made:
    """What a competitor makes of a problem: `read` gives the outputs, given what `run` gave."""

    run: Callable[[], Any]
    read: Callable[[Any], Sequence[Any]]
    #: what is known of it then, beside its times
    about: Callable[[], Mapping[str, float]] = dict


#: arrays -> what is timed
Maker = Callable[[Problem, Arrays], Made]


def make_cases(
    makers: Mapping[str, Maker], names: Sequence[str], most: int | None = None
) -> dict[str, Callable[[], Case]]:
    """A competitor's cases, of those that it has makers for; products of order `most` at most."""
    found: dict[str, Callable[[], Case]] = {}
    for name in names:
        its = problem(name)
        if its.routine.name in makers and (its.routine.level < 3 or its.n <= (most or its.n)):
            found[name] = partial(_case, makers[its.routine.name], its)
    return found


def _case(maker: Maker, its: Problem) -> Case:
    made = maker(its, its.inputs())

    def check() -> float:
        return its.error(made.read(made.run()))

    long = its.flops > 2e9
    return Case(
        made.run, check, TOLERANCES[its.dtype], about=made.about, repeat=1 if long else None
    )
