"""The directive `picture`: what the page's own code draws, as SVG inside of the page.

    ```{picture} What is to be seen
    tape.diagram(f)
    ```

The code blocks above it are executed first. A diagram is drawn for light and for dark pages; with
`:interactive: 400` it is the page that opens and closes layers, so many pixels high.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from docs._building.execution import Shown, executed

KEY = "autodiff-pictures"
#: a diagram that would have to shrink to less than this part of its size is scrolled instead
LEAST = 0.65


class Picture(SphinxDirective):
    """`{picture}`."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {"interactive": directives.nonnegative_int}

    def run(self) -> list[nodes.Node]:
        caption = self.arguments[0] if self.arguments else ""
        drawn = self._next().content
        if hasattr(drawn, "picture"):
            inside = "".join(both(drawn, caption, self.options.get("interactive")))
        else:
            inside = f'<div class="plot">{plot(drawn, caption)}</div>'
        words = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
        return [nodes.raw("", f"<figure class='picture'>{inside}{words}</figure>", format="html")]

    def _next(self) -> Shown:
        """The page's next picture; Sphinx reads a page from top to bottom."""
        kept = self.env.current_document if hasattr(self.env, "current_document") else None
        store = self.env.temp_data if kept is None else kept
        if KEY not in store:
            store[KEY] = self._pictures()
        return next(store[KEY])

    def _pictures(self) -> Iterator[Shown]:
        page = Path(self.env.doc2path(self.env.docname)).read_text(encoding="utf-8")
        return (shown for shown in executed(page) if shown.is_picture)


def both(diagram: Any, caption: str, height: int | None) -> Iterator[str]:
    """A diagram for light and for dark pages; with a height the page that opens and closes."""
    for theme in ("light", "dark"):
        themed = diagram._with(replace(diagram.look, theme=theme))
        shown = themed.interactive(height)._repr_html_() if height else picture(themed, caption)
        yield f'<div class="only-{theme}">{shown}</div>'


def picture(diagram: Any, caption: str) -> str:
    """A diagram as Graphviz draws it."""
    svg = diagram.pipe("svg", encoding="utf-8")
    width = float(re.search(r'<svg width="([\d.]+)pt"', svg)[1])  # type: ignore[index]
    return inline(svg, caption, f"min-width: {LEAST * width:.0f}pt")


def plot(axes: Any, caption: str) -> str:
    """A figure of matplotlib's, given its Axes or an array of them."""
    import matplotlib
    from matplotlib import pyplot

    figure = getattr(axes, "flat", [axes])[0].figure.get_figure(root=True)
    out = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "autodiff"}):
        figure.savefig(out, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    return inline(out.getvalue(), caption)


#: of the pictures in one page, for ids that are their own
numbers = count()


def inline(svg: str, caption: str, style: str = "") -> str:
    """An SVG file as a part of a page, with ids of its own."""
    body = svg[svg.index("<svg") :]
    own = f"picture{next(numbers)}-"
    body = re.sub(r'\bid="([^"]+)"', rf'id="{own}\1"', body)
    body = re.sub(r'((?:xlink:)?href="#|url\(#)', rf"\1{own}", body)
    said = f'role="img" aria-label="{html.escape(caption)}" style="{style}"'
    return body.replace("<svg", f"<svg {said}", 1)


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx asks for it."""
    import matplotlib

    matplotlib.use("Agg")
    app.add_directive("picture", Picture)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
