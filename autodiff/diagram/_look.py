"""How a picture is to look: what it shows, in which colours."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

#: what the wires show: values, gradients, or both
Flow = Literal["forward", "backward", "both"]
FLOWS = frozenset(("forward", "backward", "both"))


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours; what they tell is told by shapes too, so that print and every eye can read it.

    Hues are those of Okabe and Ito's palette for the colour-blind, https://jfly.uni-koeln.de/color.
    """

    background: str
    ink: str
    note: str
    value: str
    gradient: str
    gate: str
    parameter: str
    data: str
    result: str
    group: str
    frame: str
    path: str
    trouble: str


# Dark enough on white to tell apart in print; above and below say the same without colour.
LIGHT = Theme(
    background="#ffffff",
    ink="#000000",
    note="#606060",
    value="#00702a",
    gradient="#c0101c",
    gate="#ffffff",
    parameter="#fde3b0",
    data="#d6ecfa",
    result="#d3efe3",
    group="#ececf1",
    frame="#606060",
    path="#0060a8",
    trouble="#a0006a",
)
DARK = Theme(
    background="#15181e",
    ink="#e8e8ea",
    note="#a0a4ac",
    value="#5fd38a",
    gradient="#ff8a80",
    gate="#262b34",
    parameter="#5c4410",
    data="#123f5c",
    result="#0e4a38",
    group="#2d323c",
    frame="#7a808a",
    path="#6ab8f7",
    trouble="#ff7ad1",
)
THEMES = {"light": LIGHT, "dark": DARK}


@dataclass(frozen=True, slots=True)
class Look:
    """What a writer is told besides the picture.

    `pending` are the wires whose gradient is not known yet, `current` the node whose turn it is,
    `caption` what it does: these are a step's of a slide series.
    """

    decimals: int = 2
    title: str = ""
    flow: Flow = "both"
    costs: bool = False
    theme: str = "light"
    #: ids of the nodes and wires on the way that is to stand out
    path: frozenset[str] = field(default_factory=frozenset)
    pending: frozenset[str] = field(default_factory=frozenset)
    current: str = ""
    caption: str | None = None

    def __post_init__(self) -> None:
        if self.decimals < 0:
            raise ValueError(f"decimals is {self.decimals}; expected 0 or more")
        if self.flow not in FLOWS:
            raise ValueError(f'flow is {self.flow!r}; expected "forward", "backward" or "both"')
        if self.theme not in THEMES:
            raise ValueError(f'theme is {self.theme!r}; expected "light" or "dark"')

    @property
    def colors(self) -> Theme:
        """The theme's colours."""
        return THEMES[self.theme]
