"""The section of the page that says what was run, and which peers were there."""

from __future__ import annotations

from typing import Any

from bench._page._model import Block, Section, Table, Text
from bench._page._timed import machine


def section(data: dict[str, Any]) -> Section:
    """A table of the parts, and the peers that could not be installed."""
    rows = [
        [name, f"{part['seconds']:.0f}", part["status"], part["message"] or "–"]
        for name, part in data["parts"].items()
    ]
    blocks: list[Block] = [
        Text(f"{machine(data)} Everything together took {data['seconds'] / 60:.1f} minutes."),
        Table(["benchmark", "seconds", "status", "why"], rows, ("status", "why")),
    ]
    missing = {name: reason for name, reason in data["peers"].items() if reason}
    if missing:
        blocks.append(Table(["left out", "why"], [list(row) for row in missing.items()], ("why",)))
    return Section("What was run", blocks)
