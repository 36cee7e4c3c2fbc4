"""What a diagram shows, before any drawing: nodes joined by wires that carry values and gradients.

Everything here is immutable and knows neither the graph it was read from nor how it will be drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from .._device import host

#: `fork` is where one value goes several ways; `output` is the free end of a target's wire.
Kind = Literal["leaf", "constant", "gate", "fork", "output"]


@dataclass(frozen=True, slots=True)
class Node:
    """A place where wires begin or end.

    Gates have the symbol of their op as label, and in `detail` the op's name and static arguments.
    Nodes of one `section` are drawn inside one frame; the section "" has none.
    """

    id: str
    kind: Kind
    label: str = ""
    detail: str = ""
    role: str = ""
    section: str = ""


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
        return np.asarray(self.value).dtype


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Nodes and wires, each in the order in which the program made them."""

    nodes: tuple[Node, ...]
    wires: tuple[Wire, ...]

    @property
    def sections(self) -> tuple[str, ...]:
        """The sections that have a frame, in order."""
        return tuple(dict.fromkeys(node.section for node in self.nodes if node.section))


def frozen(data: Any) -> Any:
    """Raw data, on the host, that nobody can change: numbers, or read-only copies of arrays."""
    data = host(data)
    if not isinstance(data, np.ndarray):
        return data
    data = data.copy()
    data.flags.writeable = False
    return data
