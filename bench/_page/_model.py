"""What a page is made of, and how it is written: as Markdown, or as one HTML file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em;"
    "color:#222}table{border-collapse:collapse;margin:1em 0;display:block;overflow-x:auto}"
    "td,th{padding:.2em .7em;border-bottom:1px solid #ddd;text-align:right}"
    "td:first-child,th:first-child{text-align:left}td.words,th.words{text-align:left}"
    "svg{max-width:100%;height:auto}h2{margin-top:2em}"
)


@dataclass(frozen=True)
class Table:
    """Rows of text below `columns`; those named in `words` are set to the left."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: Sequence[str] = ()

    def markdown(self) -> str:
        sides = [k == 0 or name in self.words for k, name in enumerate(self.columns)]
        lines = [self.columns, [":---" if left else "---:" for left in sides], *self.rows]
        return "\n".join(
            f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines
        )

    def html(self) -> str:
        marks = [' class="words"' if name in self.words else "" for name in self.columns]

        def line(tag: str, cells: Sequence[str]) -> str:
            found = zip(cells, marks, strict=True)
            return "<tr>" + "".join(f"<{tag}{m}>{escape(c)}</{tag}>" for c, m in found) + "</tr>"

        return (
            f"<table>{line('th', self.columns)}{''.join(line('td', r) for r in self.rows)}</table>"
        )


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str

    def markdown(self) -> str:
        return self.text

    def html(self) -> str:
        return f"<p>{escape(self.text)}</p>"


@dataclass(frozen=True)
class Picture:
    """A drawing: the name of its file, how to draw it as SVG, and what it shows in words."""

    name: str
    draw: Callable[[], str]
    words: str

    def markdown(self) -> str:
        return f"![{self.words}]({self.name})"

    def html(self) -> str:
        svg = self.draw()
        return f"<figure>{svg[svg.index('<svg') :]}</figure>"


Block = Table | Text | Picture


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    title: str
    blocks: Sequence[Block]
    name: str = ""  # of a page of its own for all but the first paragraph and the picture


@dataclass(frozen=True)
class Page:
    """The whole of it."""

    title: str
    sections: Sequence[Section] = field(default_factory=tuple)

    def markdown(self) -> str:
        """Pictures are links to files of their names."""
        parts = [f"# {self.title}"]
        for section in self.sections:
            parts += [f"## {section.title}", *(block.markdown() for block in section.blocks)]
        return "\n\n".join(part for part in parts if part) + "\n"

    def parts(self, folder: str) -> dict[str, str]:
        """The same as Markdown in several files, this page's first: name -> text.

        Tables of sections that have a name are in files of theirs, in `folder`.
        """
        first, files = [f"# {self.title}"], {}
        for section in self.sections:
            first.append(f"## {section.title}")
            kept = [b for b in section.blocks if not section.name or isinstance(b, Picture)]
            first += [block.markdown() for block in kept]
            if section.name:
                place = f"{folder}{section.name}.md"
                first.append(f"[{section.title}: tables]({place})")
                rest = [b.markdown() for b in section.blocks if not isinstance(b, Picture)]
                files[place] = "\n\n".join([f"# {section.title}", *rest]) + "\n"
        return {"": "\n\n".join(first) + "\n", **files}

    def html(self) -> str:
        """One file: pictures are in it."""
        body = "".join(
            f"<h2>{escape(section.title)}</h2>" + "\n".join(b.html() for b in section.blocks)
            for section in self.sections
        )
        return (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(self.title)}'
            f"</title><style>{STYLE}</style><h1>{escape(self.title)}</h1>\n{body}</html>\n"
        )

    @property
    def pictures(self) -> list[Picture]:
        """All of them, in order."""
        return [b for section in self.sections for b in section.blocks if isinstance(b, Picture)]
