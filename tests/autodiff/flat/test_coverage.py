"""No op, step or block is left out: each runs in programs of its own, among other steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autodiff.engine._op import registry
from autodiff.flat import _run
from autodiff.flat.plan import _buffers
from autodiff.flat.text._text import Text
from autodiff.flat.trace import _trace
from autodiff.testing import sample_call

from .blocks import BLOCKS
from .declared import sample
from .programs import OPS, ORDERED, Run, Step
from .steps import STEPS
from .test_programs import assert_runs_alike

NAMES = [*STEPS, *OPS]


def around(name: str, k: int) -> tuple[Step, ...]:
    """A program with the step in a tape in a tape, and on its way into a Variable."""
    more = ORDERED[k % len(ORDERED)]
    steps: tuple[Step, ...] = (("unary", 0, k, k, ()), (name, k, k, k, ()), (more, 3, k, k, ()))
    return (
        *steps,
        ("twice", k, k, k, ((name, 1, k + 1, k + 2, ()), ("binary", 8, 9, k, ()))),
        (name, k + 1, k + 3, k + 3, ()),
        ("assign", k, 40, k, ()),
        ("assign made", k + 1, 1, 5 * k, ()),
        ("tape", 0, k, k + 1, steps),
    )


def assert_step_runs_alike(name: str, k: int) -> None:
    dtype = ("float32", "float64", "float16")[k % 3]
    dtypes = (dtype, dtype, dtype, ("int64", "complex64", "bool", "uint8")[k % 4])
    assert_runs_alike(around(name, k), ((2, 2), (2,), (1, 3)), dtypes, k, (-1, 1, 3, 0)[k % 4])


@pytest.mark.parametrize("name", NAMES)
def test_every_step_in_programs(name: str) -> None:
    for k in range(2):
        assert_step_runs_alike(name, k)


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_every_step_in_many_programs(name: str) -> None:
    for k in range(2, 42):
        assert_step_runs_alike(name, k)


@pytest.mark.parametrize("name", BLOCKS)
def test_every_block_in_programs(name: str) -> None:
    for k in range(6):
        body: tuple[Step, ...] = (("binary", k, 2, k, ()), ("unary", 9, k, k, ()))
        inner: tuple[Step, ...] = (*body, (name, k, k, k, body))
        steps: tuple[Step, ...] = ((name, k, k, k, body), ("tape", k, k, k, inner))
        dtypes = ("float64", "float64", "float64", "int64")
        assert_runs_alike(steps, ((2,), (2, 2), ()), dtypes, k)


@pytest.mark.parametrize("op", registry)
def test_every_op_is_recorded(op: str) -> None:
    """The step of an op's name calls this op on values that the program is given."""
    assert registry[op].sample is not None, f"op {op}: give it a sample, to be drawn in programs"
    for k in range(8):
        assert sample(op, k).statics.keys() == sample_call(registry[op], k).statics.keys()
        data = np.arange(4, dtype=np.float32)

        def f(x: Any, k: int = k) -> Any:
            run = Run([x], [])
            run.steps(((f"op {op}", 0, k, k, ()),))
            return [*run.pool, *run.others]

        with np.errstate(all="ignore"):  # of an inverse sine, say
            trace, _ = _trace.run(f, lambda tensors: (tuple(tensors), {}), [data])
        if any(record[0].name == op for record in trace.graph.records):
            return
    raise AssertionError(f"no random program records {op}")


def without_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results are views of what the program goes on with."""
    write = Text.write
    monkeypatch.setattr(Text, "write", lambda self: write(self).replace(".copy()", ""))


def short_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read through a view is given away too early."""
    monkeypatch.setattr(_buffers, "owner", lambda value: value)


def all_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every operation writes over its inputs."""
    more = {"concat", "stack", "put", "scatter", "take", "matmul", "reshape"}
    monkeypatch.setattr(_buffers, "IN_PLACE", _buffers.IN_PLACE | more)


def unheld(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables are written over whoever else holds their arrays."""
    monkeypatch.setattr(_run, "own", lambda v: v._data)


BROKEN: dict[Any, tuple[Step, ...]] = {
    without_copies: (("view", 0, 0, 0, ()),),
    short_lives: around("last", 1),
    all_in_place: (("assign made", 0, 1, 0, ()),),
    unheld: (("assign", 0, 0, 1, ()),),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_broken_compilers_are_noticed(broken: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    program: Any = {"form": ((2, 2), (2, 2), (2, 2)), "dtypes": ("float32",) * 3 + ("int64",)}
    assert_runs_alike(BROKEN[broken], **program, seed=1)
    broken(monkeypatch)
    with pytest.raises(AssertionError):
        assert_runs_alike(BROKEN[broken], **program, seed=1)
