"""Docstrings as they are written here, turned into what Sphinx reads.

A docstring is paragraphs of plain text with `code` in it, examples with `>>>`, sections such as
`Args:` and `Raises:`, and paragraphs that say what is what, one name and a colon after the other.
Nothing else is markup: stars, bars and underscores stand for themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

#: sections of indented entries -> their headings
SECTIONS = {
    "Args:": "Arguments",
    "Raises:": "Raises",
    "Returns:": "Returns",
    "Yields:": "Yields",
    "Attributes:": "Attributes",
}
NAME = r"\*{0,2}[a-zA-Z_]\w*(?:\.\w+)*"
ENTRY = re.compile(rf"({NAME}(?:, {NAME})*): +(?=\S)")
#: another entry further on in the line
NEXT = re.compile(rf"(?<=[.;]) (?={NAME}(?:, {NAME})*: )")
#: words that begin a paragraph with a colon, and name nothing
PROSE = {"Source", "Sources", "Formula", "Formulas", "Note", "Besides", "Raises", "TensorFlow"}
ENUMERATION = re.compile(r"(?=[-+•–]\s|\(?(?:\w{1,4}|#)[.)]\s|\.\. |:\w)")
CODE = re.compile(r"`([^`]+)`")

#: gives the role and target of a piece of code that is the name of something, else None
Link = Callable[[str], str | None]


def restructured(lines: list[str], link: Link = lambda code: None) -> list[str]:
    """The docstring as reStructuredText."""
    out: list[str] = []
    for block in _blocks(lines):
        out += [*_block(block, link), ""]
    return out


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    """Paragraphs, and sections with their headings."""
    block: list[str] = []
    for line in [*lines, ""]:
        within = bool(block) and block[0] in SECTIONS
        if within and (not line.strip() or line.startswith(" ")):
            block.append(line)  # a section goes on until something stands at the margin
            continue
        if block and (within or not line.strip()):
            yield block
            block = []
        if line.strip():
            block.append(line.rstrip())
    if block:
        yield block


def _block(block: list[str], link: Link) -> list[str]:
    first = block[0]
    if first.lstrip().startswith(">>>"):
        return block
    if first in SECTIONS:
        entries = _entries(_dedented(block[1:]))
        return [f".. rubric:: {SECTIONS[first]}", "", *_definitions(entries, link)]
    if first.startswith(" "):
        return ["::", "", *(f"    {line}" for line in block)]
    if first.startswith("|") and len(block) > 1:
        return ["::", "", *(f"    {line}" for line in block)]
    if first.startswith("- "):
        return [text for item in _items(block) for text in (f"- {_prose(item, link)}", "")]
    begins = ENTRY.match(first)
    if begins and begins[1] not in PROSE:
        return _definitions(_entries(block), link)
    source = [".. rst-class:: source", ""] if first.startswith(("Source", "Formula")) else []
    return [*source, _prose(" ".join(line.strip() for line in block), link)]


def _dedented(lines: list[str]) -> list[str]:
    return [line[4:] for line in lines]


def _items(block: list[str]) -> list[str]:
    items: list[str] = []
    for line in block:
        if line.startswith("- "):
            items.append(line[2:])
        else:
            items[-1] += f" {line.strip()}"
    return items


def _entries(lines: list[str]) -> list[tuple[str, str]]:
    """Names and what is said of them; what begins without a name belongs to the one before."""
    found: list[tuple[str, str]] = []
    for line in lines:
        parts = [line.strip()] if line.startswith(" ") else NEXT.split(line.strip())
        for part in parts:
            begins = None if line.startswith(" ") else ENTRY.match(part)
            if begins and begins[1] not in PROSE:
                found.append((begins[1], part[begins.end() :]))
            elif not found:
                found.append(("", part))
            elif part:
                name, text = found[-1]
                found[-1] = name, f"{text} {part}"
    return [(name, text) for name, text in found if name or text]


def _definitions(entries: list[tuple[str, str]], link: Link) -> list[str]:
    """A definition list of the entries."""
    out = [".. rst-class:: entries", ""]
    for name, text in entries:
        shown = ", ".join(f"``{part}``" for part in name.split(", ")) if name else "\\ "
        text = text.removesuffix(";")
        out += [shown, f"    {_prose(text, link)}"]
    return [*out, ""]


def _prose(text: str, link: Link) -> str:
    """Plain text with its code marked, and everything else that would be markup escaped."""
    parts = CODE.split(text)
    out = "".join(_code(part, link) if k % 2 else _plain(part) for k, part in enumerate(parts))
    return f"\\ {out}" if ENUMERATION.match(out) else out


def _plain(text: str) -> str:
    text = re.sub(r"([\\*|`])", r"\\\1", text)
    text = re.sub(r"(\w)_(?!\w)", r"\1\\_", text)
    return re.sub(r"::$", ":\\:", text)


def _code(code: str, link: Link) -> str:
    target = link(code)
    shown = f":py:obj:`{code} <{target}>`" if target else f"``{code}``"
    return f"\\ {shown}\\ "
