"""A picture with all that can be done with it: DOT text, files, slides, a page, notebooks."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._files import write_atomically
from . import _dot, _render
from ._clusters import READABLE, grow
from ._fold import Shown, fold
from ._look import Look
from ._model import Picture

if TYPE_CHECKING:
    from ._html import Framed

#: endings of a file name that say its format
FORMATS = frozenset(("svg", "png", "pdf", "html"))
#: what Graphviz may take for a layout, in seconds
SECONDS = 20.0


class Diagram:
    """A picture and its DOT text; saves, renders and shows itself as a `graphviz.Digraph` does.

    Graphviz draws it: the system's `dot` if there is one, else the one that pygraphviz carries.
    `picture` is all there is, `shown` what is drawn of it: clusters deeper than `depth` are closed.

    Args:
        picture: what to draw.
        decimals: digits after the point.
        title: a heading.
        depth: how many levels of clusters are open; by default all of them, or as many as leave a
            picture of at most 150 nodes, long stretches without clusters cut into some.
        look: see `draw`.
    """

    #: what `render`, `pipe` make where no format is asked for
    format = "svg"

    def __init__(
        self,
        picture: Picture,
        decimals: int = 2,
        title: str = "",
        depth: int | None = None,
        **look: Any,
    ) -> None:
        if depth is not None and depth < 0:
            raise ValueError(f"depth is {depth}; expected 0 or more, or None")
        self.picture, self.depth = picture, depth
        self.look = Look(decimals, title, **look)

    @cached_property
    def shown(self) -> Shown:
        """What is drawn: the picture's nodes and wires, or closed clusters in their places."""
        cut = self.depth is None and len(self.picture.nodes) > READABLE
        tree = grow(self.picture, cut)
        depth = tree.readable() if cut else tree.depth if self.depth is None else self.depth
        return fold(self.picture, tree, depth)

    @cached_property
    def _body(self) -> list[str]:
        return _body(self.shown, self.look)

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
        count, shown = len(self.picture.nodes), len(self.shown.picture.nodes)
        folded = f", folded to {shown}" if shown < count else ""
        return f"<Diagram: {count} nodes{folded}, {len(self.picture.wires)} wires>"

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

        A layout that takes Graphviz more than 20 s is given up, with a warning, for one of the
        picture with everything closed.

        Raises:
            RuntimeError: there is no Graphviz, or it failed.
        """
        form = format or self.format
        content = self.html().encode() if form == "html" else self._laid_out(form)
        return content if encoding is None else content.decode(encoding)

    def _laid_out(self, form: str) -> bytes:
        try:
            return _render.render(self.source, form, SECONDS)
        except _render.LayoutTimeoutError as error:
            closed = fold(self.picture, grow(self.picture, cut=True), 0)
            count, left = len(self.shown.picture.nodes), len(closed.picture.nodes)
            if left >= count:
                raise
            message = f"folded: a layout of {count} nodes took more than {SECONDS:g} s"
            warnings.warn(f"{error}; drawn with {left} nodes", RuntimeWarning, stacklevel=3)
        title = f"{self.look.title} ({message})" if self.look.title else message
        lines = _body(closed, replace(self.look, title=title))
        return _render.render("".join(["digraph {\n", *lines, "}\n"]), form, SECONDS)

    def html(self) -> str:
        """The diagram as one page that needs no network and no Graphviz.

        It pans and zooms, opens and closes clusters, shows values under the pointer, follows a
        value to the target, and goes back through the gates one at a time.
        """
        from ._html import page

        return page(self.picture, self.look, self.depth)

    def interactive(self, height: int = 500) -> Framed:
        """The page of `html` as a notebook shows it, so many pixels high."""
        from ._html import Framed

        return Framed(self.html(), height)

    def steps(self) -> list[Diagram]:
        """A series of slides that goes back through the gates, one at a time.

        The first shows the values alone, the second the target's gradient; each further one is a
        gate's turn. All have the same layout.
        """
        from ._steps import steps

        return [self._with(look) for look in steps(self.shown.picture, self.look)]

    def save_steps(
        self, filename: str | Path = "step.svg", directory: str | Path = ""
    ) -> list[str]:
        """Write the slides of `steps`, numbered: step00.svg, step01.svg, ...; returns their paths.

        Args:
            filename: its ending says the format.
            directory: where they go; made if need be.

        Raises:
            RuntimeError: there is no Graphviz, or it failed.
        """
        path = Path(filename)
        slides = self.steps()
        digits = max(2, len(str(len(slides) - 1)))
        return [
            slide.render(
                outfile=path.with_name(f"{path.stem}{k:0{digits}}{path.suffix}"),
                directory=directory,
                cleanup=True,
            )
            for k, slide in enumerate(slides)
        ]

    def of(self, picture: Picture) -> Diagram:
        """Another picture, looking the same."""
        other = Diagram(picture, depth=self.depth)
        other.look = self.look
        return other

    def _with(self, look: Look) -> Diagram:
        """The same picture, looking otherwise."""
        other = self.of(self.picture)
        other.look, other.shown = look, self.shown
        return other

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
                ends in .svg, .png, .pdf or .html, with no format given, is the picture's own.
            directory: where they go; made if need be.
            view: open the picture.
            cleanup: write no DOT text.
            format: "svg", "png", "pdf", "html" or another of Graphviz's; by default as `outfile`
                ends, or `self.format`.
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


def _body(shown: Shown, look: Look) -> list[str]:
    path = frozenset(shown.ids.get(id, id) for id in look.path)
    return _dot.body(shown.picture, look.decimals, look.title, replace(look, path=path), shown.tree)
