"""Diagrams of what a tape recorded: gates, wires, and on every wire its value and gradient.

`draw` reads a tape's graph into a picture (`_walk`, `_read`), a small immutable model (`_model`)
that knows nothing of drawing; `Diagram` writes it as DOT text (`_dot`) and has Graphviz draw that
(`_render`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._files import write_atomically
from .._tensor import Tensor
from . import _dot, _render
from ._model import Node, Picture, Wire
from ._read import read

if TYPE_CHECKING:
    from .._tape import GradientTape

__all__ = ["Diagram", "Node", "Picture", "Wire", "draw"]

#: endings of a file name that say its format
FORMATS = frozenset(("svg", "png", "pdf"))


def draw(
    tape: GradientTape,
    target: Any,
    *,
    names: Mapping[Tensor, str] | None = None,
    copies: bool = False,
    constants: bool = False,
    decimals: int = 2,
    title: str = "",
    max_nodes: int = 400,
) -> Diagram:
    """The graph behind `target` as a diagram; what `GradientTape.diagram` calls.

    Scalars have their value in green above their wire and their gradient in red below; arrays
    have shape and dtype. Where a value goes several ways, each branch shows the gradient that
    comes back through it, and the wire before the fork their sum. Values are those at record time.
    The tape is not spent, and nothing is recorded.

    Args:
        tape: one that has recorded `target`, and is not spent.
        target: a Tensor, or a nested structure of some.
        names: names of Tensors; Variables have their own, other leaves are x1, x2, ...
        copies: draw a copy gate, a gradient adder, where a value goes several ways.
        constants: draw numbers written in the program as wires of their own, `+` for `+1`.
        decimals: digits after the point.
        title: a heading.
        max_nodes: refuse graphs of more gates and leaves than this.

    Raises:
        RuntimeError: the tape is spent, or recorded nothing.
        TypeError: a target or a key of `names` that is no Tensor.
        ValueError: a target that the tape did not record, more than `max_nodes` nodes, negative
            `decimals`.

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
    if decimals < 0:
        raise ValueError(f"decimals is {decimals}; expected 0 or more")
    picture = read(tape, target, names or {}, copies, constants, max_nodes)
    return Diagram(picture, decimals, title)


class Diagram:
    """A picture and its DOT text; saves, renders and shows itself as a `graphviz.Digraph` does.

    Graphviz draws it: the system's `dot` if there is one, else the one that pygraphviz carries.

    Args:
        picture: what to draw.
        decimals: digits after the point.
        title: a heading.
    """

    #: what `render`, `pipe` make where no format is asked for
    format = "svg"

    def __init__(self, picture: Picture, decimals: int = 2, title: str = "") -> None:
        self.picture = picture
        self._body = _dot.body(picture, decimals, title)

    @property
    def source(self) -> str:
        """The DOT text; needs no Graphviz."""
        return "".join(self)

    def __iter__(self) -> Iterator[str]:
        """The lines of the DOT text."""
        yield "digraph {\n"
        yield from self._body
        yield "}\n"

    def __str__(self) -> str:
        return self.source

    def __repr__(self) -> str:
        return f"<Diagram: {len(self.picture.nodes)} nodes, {len(self.picture.wires)} wires>"

    def digraph(self) -> Any:
        """A `graphviz.Digraph` of its own, to add to or to set other attributes in.

        Raises:
            ImportError: the graphviz package is not installed.
        """
        try:
            import graphviz
        except ImportError:
            raise ImportError(
                "Diagram.digraph needs the graphviz package: pip install 'autodiff-tape[diagrams]'"
            ) from None
        return graphviz.Digraph(body=list(self._body), format=self.format)

    def pipe(self, format: str | None = None, *, encoding: str | None = None) -> Any:
        """The rendered picture as bytes, or as text in an encoding.

        Raises:
            RuntimeError: there is no Graphviz, or it failed.
        """
        content = _render.render(self.source, format or self.format)
        return content if encoding is None else content.decode(encoding)

    def save(self, filename: str | Path = "diagram.gv", directory: str | Path = "") -> str:
        """Write the DOT text; returns the file's path."""
        path = Path(directory, filename)
        write_atomically(path, self.source.encode())
        return str(path)

    def render(
        self,
        filename: str | Path | None = None,
        directory: str | Path = "",
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        *,
        outfile: str | Path | None = None,
    ) -> str:
        """Write the DOT text and the picture, each whole or not at all; returns the picture's path.

        Args:
            filename: of the DOT text; the picture's is this with the format behind it. A name that
                ends in .svg, .png or .pdf, with no format given, is the picture's own.
            directory: where they go; made if need be.
            view: open the picture.
            cleanup: write no DOT text.
            format: "svg", "png", "pdf" or another of Graphviz's; by default as `outfile` ends, or
                `self.format`.
            outfile: the picture's file name; the DOT text's is this with .gv at the end.

        Raises:
            RuntimeError: there is no Graphviz, or it failed.
        """
        if filename and not outfile and not format and Path(filename).suffix[1:] in FORMATS:
            filename, outfile = None, filename
        if outfile is not None:
            form = format or Path(outfile).suffix[1:] or self.format
            path = Path(directory, outfile)
            filename = filename or Path(outfile).with_suffix(".gv")
        else:
            form, filename = format or self.format, filename or "diagram.gv"
            path = Path(directory, f"{filename}.{form}")
        content = self.pipe(form)
        if not cleanup:
            self.save(filename, directory)
        write_atomically(path, content)
        if view:
            import webbrowser

            webbrowser.open(path.resolve().as_uri())
        return str(path)

    def view(self, filename: str | Path | None = None, directory: str | Path = "") -> str:
        """Render and open the picture; returns its path."""
        return self.render(filename, directory, view=True)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What Jupyter shows: the picture, or the DOT text where no Graphviz can draw it."""
        try:
            return {"image/svg+xml": self.pipe("svg", encoding="utf-8")}
        except RuntimeError as error:
            return {"text/plain": f"{error}\n\n{self.source}"}
