"""detect_anomaly: where the first NaN or infinity appeared, forward or backward.

While it is on, graphs keep their records in a list that looks at every result as it comes in, and
walks backward look at every gradient. While it is off there is no such list.
"""

from __future__ import annotations

import linecache
import os
import sys
from collections.abc import Mapping, Sequence
from types import FrameType, TracebackType
from typing import Any, NamedTuple

import numpy as np

from ..arrays._device import host
from ..engine._complaints import describe
from ..engine._graph import INPUT, NODES, OUT, PICK, Graph, Record, parents, thread
from ..engine._tensor import Tensor

#: files of the engine, which are no place to look for a mistake
ENGINE = os.path.dirname(os.path.dirname(__file__)) + os.sep


class _Note(NamedTuple):
    """Where a record was made, and of what."""

    name: str
    operands: str = ""
    place: tuple[str, int] | None = None
    scope: str = ""

    def text(self) -> str:
        """In words, with the line of code."""
        given = f" of {self.operands}" if self.operands else ""
        given += f", in the scope {self.scope!r}" if self.scope else ""
        if self.place is None:
            return f"{self.name}{given}"
        file, line = self.place
        code = linecache.getline(file, line).strip()
        return f"{self.name}{given}, recorded in line {line} of {file}" + (
            f":\n    {code}" if code else ""
        )


class _Records(list[Record]):
    """The records of a graph; looks at what comes in, while `detect_anomaly` is on."""

    def __init__(self, records: list[Record]) -> None:
        super().__init__(records)
        self.notes: dict[int, _Note] = {}

    def append(self, record: Record) -> None:
        node = len(self)
        super().append(record)
        anomaly = thread.anomaly
        if anomaly is None:
            return
        if anomaly.pulling is not None:  # the whole pull is looked at
            self.notes[node] = anomaly.pulling
            return
        frame = sys._getframe(1)
        op = record[0]
        if op is PICK:
            note = self.notes.get(record[NODES], _Note("an op"))
            data = record[OUT]
        else:
            note = _Note(_title(record), _operands(record, frame), _place(frame), thread.scopes[-1])
            made = frame.f_locals.get("result")  # as all calls of ops name what they return
            data = record[OUT] if op is INPUT else made._data if type(made) is Tensor else None
        self.notes[node] = note
        what = anomaly.seen(data)
        if what and op is INPUT:
            raise FloatingPointError(f"detect_anomaly: {note.text()}\nholds {what} before any op")
        if what:
            raise FloatingPointError(
                f"detect_anomaly: forward, {what} in the result of\n{note.text()}"
            )


class detect_anomaly:  # noqa: N801 -- PyTorch's name; used like a function
    """Say where the first NaN or infinity appeared: a context manager, for the thread it is in.

    As `torch.autograd.detect_anomaly`, and forward too: the first recorded op whose result is not
    finite, or the first whose gradients are not, raises. The error names the op, its operands'
    shapes, the `name_scope`, the line of code that recorded it, and which elements. Forward and
    backward pass both belong inside. Nothing is looked at that no tape records; functions made by
    `ad.function` run op by op inside, and `recompute_grad` keeps what it otherwise computes again.
    Every result is read, so this is for finding a mistake; outside nothing is slower.

    Args:
        infinities: whether infinities count too, or NaN alone: masks of −∞ are right in a softmax.

    Raises:
        FloatingPointError: inside, at the op.

    >>> from autodiff import GradientTape, Variable, log
    >>> x = Variable([0.0, 1.0])
    >>> try:
    ...     with detect_anomaly(), np.errstate(divide="ignore"), GradientTape() as tape:
    ...         y = log(x)
    ... except FloatingPointError as error:
    ...     print(str(error).splitlines()[0])
    detect_anomaly: forward, -inf at (0,), 1 of 2 elements, in the result of
    """

    def __init__(self, infinities: bool = True) -> None:
        self._infinities = infinities
        self._outer: list[detect_anomaly | None] = []
        #: what is being pulled backward
        self.pulling: _Note | None = None

    def __enter__(self) -> None:
        self._outer.append(thread.anomaly)
        thread.anomaly = self
        if thread.graph is not None:
            self.follow(thread.graph)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        thread.anomaly = self._outer.pop()
        self.pulling = None

    def follow(self, graph: Graph) -> None:
        """Look at what this graph records from now on."""
        if graph.trace is None and not isinstance(graph.records, _Records):
            graph.records = _Records(graph.records)

    def started(self, seeds: Sequence[tuple[int, Any]]) -> None:
        """A walk begins with these upstream gradients."""
        for _, g in seeds:
            what = self.seen(g)
            if what:
                raise FloatingPointError(f"detect_anomaly: output_gradients hold {what}")

    def pull(
        self, graph: Graph, node: int, record: Record, g: Any, grads: Any, sums: set[int]
    ) -> None:
        """Pull a gradient through a record, and look at what comes of it."""
        notes: Mapping[int, _Note] = getattr(graph.records, "notes", {})
        note = notes.get(node) or _Note(_title(graph.records[node]))
        self.pulling = note._replace(name=f"the gradient of {note.name}")
        try:
            record[0].pull(record, g, grads, sums)
        finally:
            self.pulling = None
        for k, i in enumerate(parents(record)):
            found = grads[i] if i is not None else None
            for part in found.values() if isinstance(found, dict) else (found,):
                what = self.seen(part)
                if what:
                    names = record[0].inputs
                    name = names[k] if len(names) == len(parents(record)) else f"input {k}"
                    raise FloatingPointError(
                        f"detect_anomaly: backward, {what} in the gradient by {name} of\n"
                        f"{note.text()}"
                    )

    def seen(self, data: Any) -> str:
        """What there is in a Tensor or raw data that is not finite, in words."""
        raw = getattr(data, "_data", data)
        if raw is None or raw.dtype.kind not in "fc":
            return ""
        x = np.asarray(host(raw))
        bad = np.isnan(x) if not self._infinities else ~np.isfinite(x)
        n = int(bad.sum())
        if not n:
            return ""
        at = tuple(map(int, np.argwhere(bad)[0]))
        return f"{x[at]} at {at}, {n} of {x.size} element{'s' * (x.size > 1)},"


def _title(record: Record) -> str:
    """The op of a record, or the leaf that it is."""
    if record[0] is not INPUT:
        return str(record[0].name)
    name = getattr(record[3], "name", None)
    return f"Variable {name!r}" if name else f"a {type(record[3]).__name__}"


def _operands(record: Record, frame: FrameType) -> str:
    """Shapes and dtypes of what an op was given, as the call that records it has them."""
    op = record[0]
    if op is INPUT:
        return describe(record[OUT])
    n = op.arity(record)
    if not hasattr(op, "forward"):  # a function with its own gradient keeps these alone
        kept = record[NODES + n : NODES + 2 * n]
        return ", ".join(f"{dtype}{list(shape)}" for shape, dtype in kept)
    local = frame.f_locals
    if "outs" in local and frame.f_back is not None:  # one of several results
        local = frame.f_back.f_locals
    arrays = local.get("arrays") or [local[x] for x in "ab" if x in local]
    names = op.inputs if len(op.inputs) == len(arrays) else [""] * len(arrays)
    return ", ".join(f"{n} {describe(a)}".strip() for n, a in zip(names, arrays, strict=True))


def _place(frame: FrameType | None) -> tuple[str, int] | None:
    """File and line of the innermost code that is not the engine's."""
    while frame is not None and frame.f_code.co_filename.startswith(ENGINE):
        frame = frame.f_back
    return None if frame is None else (frame.f_code.co_filename, frame.f_lineno)
