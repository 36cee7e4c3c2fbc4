"""DOT text to SVG, PNG or PDF, by whichever Graphviz there is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec

#: dots per inch of pictures made of pixels, so that they are sharp on a slide
DPI = 150
PIXELS = frozenset(("png", "jpg", "jpeg", "gif", "webp", "tif", "tiff", "bmp"))

NO_GRAPHVIZ = (
    "no Graphviz to draw the diagram with: install Graphviz, so that its program `dot` is on the "
    "PATH (https://graphviz.org/download), or pip install 'autodiff-tape[diagrams]', which brings "
    "pygraphviz with Graphviz inside; the DOT text in .source needs neither"
)

# In a process of its own: Graphviz and its font library write to stderr as they please, and keep
# settings from one graph to the next.
PYGRAPHVIZ = """
import sys, pygraphviz
form, dpi = sys.argv[1:]
graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode("utf-8"))
if dpi:
    graph.graph_attr["dpi"] = dpi
sys.stdout.buffer.write(graph.draw(format=form, prog="dot"))
"""


class LayoutTimeoutError(RuntimeError):
    """Graphviz took longer than it was given."""


def render(source: str, form: str, seconds: float | None = None) -> bytes:
    """The picture in a Graphviz output format, "svg", "png", "pdf" and the like.

    Raises:
        ValueError: no name of a format.
        LayoutTimeoutError: it took longer than so many seconds.
        RuntimeError: no Graphviz at hand, or it failed; what it said is in the message.
    """
    if not re.fullmatch(r"[A-Za-z0-9_.:-]+", form):
        raise ValueError(f'format is {form!r}; expected "svg", "png", "pdf" or another of Graphviz')
    dpi = str(DPI) if form.lower() in PIXELS else ""
    dot = shutil.which("dot")
    if dot:
        command = [dot, f"-T{form}", *([f"-Gdpi={dpi}"] if dpi else [])]
    elif find_spec("pygraphviz") and sys.executable:
        command = [sys.executable, "-P", "-W", "ignore", "-c", PYGRAPHVIZ, form, dpi]
    else:
        raise RuntimeError(NO_GRAPHVIZ)
    try:
        done = subprocess.run(
            command, input=source.encode(), capture_output=True, check=False, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        raise LayoutTimeoutError(
            f"Graphviz took more than {seconds:g} s to lay the diagram out: fold it with depth=, "
            "or write it as .html, which needs no Graphviz"
        ) from None
    if done.returncode or not done.stdout:
        said = done.stderr.decode(errors="replace").strip().splitlines()[-3:]
        raise RuntimeError(
            f"Graphviz made no {form} of the diagram: {' '.join(said) or 'no output'}"
        )
    return done.stdout
