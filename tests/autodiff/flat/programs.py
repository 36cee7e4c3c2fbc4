"""What Hypothesis draws: programs of all steps or of some, shapes, dtypes."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from autodiff.engine._op import registry

from . import blocks as b
from . import steps as s
from .declared import reorders
from .run import Run, Step

__all__ = [
    "OPS",
    "ORDERED",
    "REORDER",
    "Run",
    "Step",
    "common",
    "everything",
    "forms",
    "jumbled",
    "mixed",
    "plain",
    "programs",
    "returns",
    "seeds",
    "shapes",
    "smooth",
    "transposing",
]

_numbers = st.integers(0, 40)


def lines(kinds: list[list[str]], low: int, high: int) -> Any:
    """Steps after each other, of each kind as many."""
    names = st.one_of(*map(st.sampled_from, kinds))
    one = st.tuples(names, _numbers, _numbers, _numbers, st.just(()))
    return st.lists(one, min_size=low, max_size=high).map(tuple)


def block(blocks: list[str], body: Any) -> Any:
    """A block around a body."""
    return st.tuples(st.sampled_from(blocks), _numbers, _numbers, _numbers, body)


def nested(kinds: list[list[str]], blocks: list[str]) -> Any:
    """Lines, a block, lines; in the block lines, and perhaps another block among them."""

    def around(inner: Any, low: int) -> Any:
        parts = st.tuples(lines(kinds, low, 5), inner, lines(kinds, 1, 5))
        return parts.map(lambda p: (*p[0], p[1], *p[2]))

    short = lines(kinds, 1, 4)
    body = st.one_of(short, short, around(block(blocks, short), 0))
    once = around(block(blocks, body), 1)
    return st.one_of(once, once, st.tuples(once, block(blocks, short)).map(lambda p: (*p[0], p[1])))


#: what gives another memory order, which eager NumPy keeps, and in which it adds
REORDER = ("take", "transpose")
ORDERED = [name for name in s.STEPS if name not in REORDER]
#: steps of declared ops
OPS = [f"op {name}" for name in registry]
CHANGES = ["assign", "assign made", "swap", "read", "assign made", "update", "descend"]
#: without what jumps where rounding differs
SMOOTH = ["view", "matmul", "last", "join", "put", *REORDER]

#: every step, every op of the registry, every block
everything = nested([[*ORDERED, "take"], OPS, CHANGES], list(b.BLOCKS))
#: with transposes, and without jumps: for arguments in any memory order
smooth = nested([SMOOTH, [*SMOOTH, "op permute_dims", "unary"], CHANGES], list(b.COMMON))
#: what any library can do: `library`, `oracle_torch`
common = nested([list(s.COMMON), OPS, CHANGES[:5]], list(b.COMMON))
#: small ones, which need nothing but arrays and Variables and have no long constants
SMALL = [name for name in s.COMMON if name not in (*REORDER, "assign made", "descend")]
programs = nested([SMALL], ["tape"])
#: small ones with transposes and without jumps
transposing = nested([[*SMOOTH, "read", "assign"]], ["tape"])


def jumbled(steps: tuple[Step, ...]) -> bool:
    """Whether values may lie eagerly in another memory order than row by row."""
    return any(
        name in REORDER
        or (name[:3] == "op " and reorders(name[3:]))
        or (name == "assign made" and s.OF_ITSELF[c % len(s.OF_ITSELF)] is s.transposed)
        or jumbled(body)
        for name, _, _, c, body in steps
    )


#: of three arrays: one shape, and what broadcasts with it
_full = st.lists(st.sampled_from((2, 3, 2, 3, 1, 0)), min_size=1, max_size=3).map(tuple)
_parts = st.sampled_from(
    [
        *(lambda full: full,) * 6,
        lambda full: full[1:],
        lambda full: (*full[:-1], 1),
        lambda full: (1, *full[1:]),
        lambda full: full[::-1],
        lambda full: (),
        lambda full: (3,),
    ]
)
forms = st.tuples(_full, _parts, _parts, _parts).map(lambda p: tuple(part(p[0]) for part in p[1:]))
sides = st.integers(0, 3) | st.sampled_from((1, 2, 3))
shapes = st.lists(sides, max_size=3).map(tuple)
seeds = st.integers(0, 999)
#: which values are returned: all, every n-th from the last, the last, none; -n: those as a sum
returns = st.sampled_from((1, 3, 50, 0, -1, -2, -3))
FLOATS = ("float32", "float64", "float16")
#: dtypes of arguments beside the floats
others = st.sampled_from(("int64", "bool", "uint8", "complex64"))
#: of three arguments of floats, and of the other
plain = st.sampled_from(FLOATS).flatmap(lambda d: st.tuples(*[st.just(d)] * 3, others))
mixed = st.tuples(*[st.sampled_from(FLOATS)] * 3, others)
