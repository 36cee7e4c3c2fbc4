"""README's picture, docs/neuron.svg: written anew by python -m tests.neuron."""

from __future__ import annotations

import html
import re
from pathlib import Path

import autodiff as ad

PICTURE = Path(__file__).parent.parent / "docs" / "neuron.svg"


def drawn() -> str:
    """The lecture's sigmoid neuron, as Graphviz draws it here."""
    values = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}
    w0, x0, w1, x1, w2 = (ad.Variable(value, name=name) for name, value in values.items())
    with ad.GradientTape() as tape:
        f = ad.sigmoid(w0 * x0 + w1 * x1 + w2)
    return tape.diagram(f, names={f: "f"}).pipe("svg", encoding="utf-8")


def said(svg: str) -> list[tuple[str, str]]:
    """What a picture says, wherever Graphviz puts it: texts and their colours, and gates."""
    texts = re.findall(r"<text[^>]*?(?:fill=\"([^\"]*)\")?>([^<]*)</text>", svg)
    gates = re.findall(r"<(ellipse)()", svg)
    return sorted((a, html.unescape(b)) for a, b in [*texts, *gates])


def short(svg: str) -> str:
    """Without comments, and without tooltips, which an image in a page does not show."""
    return re.sub(r"<!--.*?-->\n?|<title>.*?</title>\n?|</?a\b[^>]*>", "", svg, flags=re.S)


if __name__ == "__main__":
    PICTURE.write_text(short(drawn()), encoding="utf-8")
    print(PICTURE)
