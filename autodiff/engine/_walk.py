"""A backward walk that a tape was asked for: from which sources, over which records.

One walk may be taken several times, for different upstream gradients, as a Jacobian with many rows
needs it; a tape that is used once is used up by the last of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, Literal

import numpy as np

from ..arrays._backend import DEVICE_ARRAYS
from ..arrays._device import device_of, made, near
from . import _backward
from ._calls import constant
from ._graph import OUT, Graph, thread
from ._tensor import Tensor
from ._variable import Variable

Unconnected = Literal["none", "zero", "raise"]


class Walk:
    """What leads from targets back to `sources`, flattened, among the records of a tape."""

    def __init__(
        self,
        graph: Graph,
        watched: set[int],
        spans: Sequence[tuple[int, int]],
        sources: Sequence[Tensor],
        unconnected: Unconnected,
        once: bool,
    ) -> None:
        self.graph = graph
        self.watched = watched
        self.spans = spans
        self.sources = sources
        self.unconnected = unconnected
        #: the nodes of each source
        self.nodes = [graph.nodes_of(x) for x in sources]
        #: whether rules run on Tensors: an outer tape, or a persistent one that still records
        self.recording = thread.graph is not None
        if self.recording and thread.graph is not graph:
            _refuse_ended(graph)
        #: whether the last walk may use up the records
        self._consumes = once and graph.tapes == 1 and not self.recording and thread.anomaly is None

    def pull(
        self, targets: Sequence[Tensor], upstream: Sequence[Tensor], more: bool = False
    ) -> list[Any]:
        """The gradient of each source, raw or as a Tensor; None where no target depends on it.

        An upstream gradient may have extra axes in front. What is given back may lie in the memory
        of others. more: another walk will follow.
        """
        graph, recording = self.graph, self.recording
        seeds: list[tuple[int, Any]] = []
        for y, g in zip(targets, upstream, strict=True):
            for node in graph.nodes_of(y)[-1:]:
                seeds.append((node, g if recording else g._data))
        every = [node for group in self.nodes for node in group]
        with np.errstate(all="ignore"):
            if self._consumes and not more:
                found = _backward.consume(graph, seeds, every)
            else:
                first, watched, spans = len(graph.records), self.watched, self.spans
                with near(upstream[0]._data if recording and upstream else None):
                    found = _backward.sweep(graph, watched, spans, seeds, every, recording)
                if graph.trace is not None:
                    alone = [y.ndim == g.ndim for y, g in zip(targets, upstream, strict=True)]
                    graph.trace.walked(first, seeds if all(alone) else (), found)
        return [
            found.get(group[0]) if len(group) == 1 else _total(found, group) for group in self.nodes
        ]

    def gradients(
        self,
        targets: Sequence[Tensor],
        upstream: Sequence[Tensor],
        lead: tuple[int, ...] = (),
        more: bool = False,
    ) -> list[Any]:
        """A Tensor in memory of its own for each source; `lead` are extra axes of `upstream`."""
        taken = {id(g._data) for g in upstream}
        gradients: list[Any] = []
        for k, total in enumerate(self.pull(targets, upstream, more)):
            if type(total) is np.ndarray or type(total) in DEVICE_ARRAYS:
                if id(total) in taken or total.base is not None:
                    total = total.copy()
                taken.add(id(total))
                gradients.append(constant(total))
            elif total is None:
                gradients.append(self.missing(k, lead))
            else:
                gradients.append(total if isinstance(total, Tensor) else constant(total))
        return gradients

    def missing(self, k: int, lead: tuple[int, ...]) -> Tensor | None:
        """The gradient of source k, on which no target depends."""
        x = self.sources[k]
        if self.unconnected == "raise":
            name = getattr(x, "name", None) or f"source {k}"
            raise ValueError(f"gradient: no target depends on {name} of shape {x.shape}")
        if self.unconnected == "none":
            return None
        return constant(made(device_of(x), "zeros", lead + x.shape, x.dtype))

    def largest(self, target: Tensor) -> int:
        """Elements of the largest array that the records up to `target` tell of."""
        last = max(self.graph.nodes_of(target), default=-1)
        most = target.size
        for start, stop in self.spans:
            for record in self.graph.records[start : min(stop, last + 1)]:
                for x in record[OUT:]:
                    if type(x) is np.ndarray or type(x) in DEVICE_ARRAYS:
                        if x.size > most:
                            most = x.size
                    elif type(x) is tuple and x and type(x[0]) is int and type(x[-1]) is int:
                        most = max(most, prod(x))  # a shape; of axes nothing large comes
        return most


def _total(found: dict[int, Any], nodes: list[int]) -> Any:
    """The gradient of a leaf that was read at several nodes, or at none."""
    total = None
    for node in nodes:
        if node in found:
            total = found[node] if total is None else total + found[node]
    return total


def _refuse_ended(graph: Graph) -> None:
    """A tape that ended before the one that records now began is a constant to it.

    For Variables that is TensorFlow's answer too; where the new tape watches the same Tensor,
    TensorFlow differentiates part of the gradient, which is worse than an error.
    """
    assert thread.graph is not None
    if any(x in thread.graph.leaves and not isinstance(x, Variable) for x in graph.leaves):
        raise RuntimeError(
            "gradient: this tape ended before the tape that records now began, and both watch the "
            "same Tensor; take the gradient inside nested tapes to differentiate it again"
        )
