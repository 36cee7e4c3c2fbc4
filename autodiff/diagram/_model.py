"""What a diagram shows, before any drawing: nodes joined by wires that carry values and gradients.

Everything here is immutable and knows neither the graph it was read from nor how it will be drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from ..arrays._device import host

#: `fork` is where one value goes several ways; `output` is the free end of a target's wire; `group`
#: is a cluster of nodes that is closed.
Kind = Literal["leaf", "constant", "gate", "fork", "output", "group"]


@dataclass(frozen=True, slots=True)
class Node:
    """A place where wires begin or end.

    Gates have the symbol of their op as label, and in `detail` the op's name and static arguments;
    leaves say there whether they are a "parameter" or "data". Nodes of one `section` are drawn
    inside one frame; the section "" has none. So are gates of one `scope`, whose names stand one
    inside the other, "model/dense". `flops` and `bytes` are what a gate's forward takes and
    moves.
    """

    id: str
    kind: Kind
    label: str = ""
    detail: str = ""
    role: str = ""
    section: str = ""
    scope: str = ""
    flops: int = 0
    bytes: int = 0

    @property
    def forks(self) -> bool:
        """Whether a value goes several ways here, be it drawn as a dot or as a copy gate."""
        return self.id.startswith("fork")


@dataclass(frozen=True, slots=True, eq=False)
class Wire:
    """One use of a value: from the node that made it to one that takes it.

    `gradient` is what flows back through this wire alone; None where nothing does. Arrays are
    read-only.
    """

    id: str
    tail: str
    head: str
    value: Any
    gradient: Any
    name: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value; () for numbers."""
        return np.shape(self.value)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Dtype of the value."""
        dtype = getattr(self.value, "dtype", None)
        return np.asarray(self.value).dtype if dtype is None else dtype


@dataclass(frozen=True, eq=False)
class Picture:
    """Nodes and wires, each in the order in which the program made them."""

    nodes: tuple[Node, ...]
    wires: tuple[Wire, ...]

    @property
    def sections(self) -> tuple[str, ...]:
        """The sections that have a frame, in order."""
        return tuple(dict.fromkeys(node.section for node in self.nodes if node.section))

    @cached_property
    def numbers(self) -> bool:
        """Whether all values are numbers, as on the lecture's slides."""
        return all(wire.shape == () for wire in self.wires)

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Node -> shape of what it gives."""
        return {wire.tail: wire.shape for wire in self.wires}

    @cached_property
    def sources(self) -> dict[str, str]:
        """Wire -> the wire that its value came by first: the stem of a fork, else itself."""
        stems = {wire.head: wire.id for wire in self.wires}
        forks = {node.id for node in self.nodes if node.forks}
        return {w.id: stems[w.tail] if w.tail in forks else w.id for w in self.wires}


@dataclass(frozen=True, slots=True)
class Spec:
    """What is known of a value that nobody has computed: its shape, lengths open, and dtype."""

    shape: tuple[int | None, ...]
    dtype: Any


def frozen(data: Any) -> Any:
    """Raw data, on the host, that nobody can change: numbers, or read-only copies of arrays."""
    data = host(data)
    if not isinstance(data, np.ndarray):
        return data
    data = data.copy()
    data.flags.writeable = False
    return data
