"""Diagrams of what a tape recorded: gates, wires, and on every wire its value and gradient.

`draw` reads a tape's graph into a picture (`_walk`, `_read`), a small immutable model (`_model`)
that knows nothing of drawing. `_clusters` says which nodes belong together and `_fold` closes some
of that. Writers make DOT text (`_dot`), which Graphviz draws (`_render`), slides (`_steps`) and a
page (`_html`); how things look is in `_look`, what is said of arrays in `_stats` and `_text`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..engine._tensor import Tensor
from ._diagram import Diagram
from ._look import Flow, Look
from ._model import Node, Picture, Spec, Wire
from ._path import way
from ._read import read

if TYPE_CHECKING:
    from ..engine._tape import GradientTape

__all__ = ["Diagram", "Node", "Picture", "Spec", "Wire", "draw"]


def draw(
    tape: GradientTape,
    target: Any,
    *,
    names: Mapping[Tensor, str] | None = None,
    copies: bool = False,
    constants: bool = False,
    decimals: int = 2,
    title: str = "",
    max_nodes: int = 20_000,
    depth: int | None = None,
    flow: Flow = "both",
    highlight: Tensor | str | None = None,
    costs: bool = False,
    theme: str = "light",
) -> Diagram:
    """The graph behind `target` as a diagram; what `GradientTape.diagram` calls.

    Scalars have their value in green above their wire and their gradient in red below; arrays
    have shape and dtype, and for both mean ± standard deviation with a small histogram. Where a
    value goes several ways, each branch shows the gradient that comes back through it, and the wire
    before the fork their sum. Values are those at record time. The tape is not spent, and nothing
    is recorded.

    Name scopes, and so layers, have a frame each. A picture of more than 150 nodes is folded: only
    as many levels of frames are open as leave it readable. In pictures of arrays parameters are
    hexagons, data parallelograms, results double boxes, closed clusters boxes with a depth. A thick
    wire carries NaN or Inf, a dashed one a gradient that is all zero, a dotted one a gradient below
    1e-8.

    Args:
        tape: one that has recorded `target`, and is not spent.
        target: a Tensor, or a nested structure of some.
        names: names of Tensors; Variables have their own, other leaves are x1, x2, ...
        copies: draw a copy gate, a gradient adder, where a value goes several ways.
        constants: draw numbers written in the program as wires of their own, `+` for `+1`.
        decimals: digits after the point.
        title: a heading.
        max_nodes: refuse graphs of more gates and leaves than this.
        depth: levels of name scopes that are open, 0 for none; by default as many as are readable.
        flow: "forward" shows values, "backward" gradients and the way that they go, "both" both.
        highlight: a Tensor or a name, whose ways to the target stand out.
        costs: say of each gate the operations of its forward and how many they are per byte moved.
        theme: "light" or "dark".

    Raises:
        RuntimeError: the tape is spent, or recorded nothing.
        TypeError: a target or a key of `names` that is no Tensor.
        ValueError: a target that the tape did not record, more than `max_nodes` nodes, negative
            `decimals` or `depth`, an unknown `flow` or `theme`, nothing to highlight.

    >>> from autodiff import GradientTape, Variable
    >>> x, y = Variable(3.0, name="x"), Variable(-4.0, name="y")
    >>> with GradientTape() as tape:
    ...     f = x * y
    >>> diagram = tape.diagram(f, names={f: "f"})
    >>> [(wire.name, float(wire.value), float(wire.gradient)) for wire in diagram.picture.wires]
    [('x', 3.0, -4.0), ('y', -4.0, 3.0), ('f', -12.0, 1.0)]
    """
    for x, name in (names or {}).items():
        if not isinstance(x, Tensor) or not isinstance(name, str):
            raise TypeError(
                f"names maps {type(x).__name__} to {type(name).__name__}; expected Tensor to str"
            )
    look = Look(decimals, title, flow, costs, theme)
    picture = read(tape, target, names or {}, copies, constants, max_nodes)
    path = frozenset() if highlight is None else way(picture, tape._usable(), highlight)
    return Diagram(
        picture, look.decimals, look.title, depth, flow=flow, costs=costs, theme=theme, path=path
    )
