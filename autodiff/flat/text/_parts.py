"""Parts of a value that are written one by one: views that are made once, not at every call."""

from __future__ import annotations

from typing import Any

from ...arrays._backend import pieces
from ..ir._value import Value
from ..ir._windows import around
from ..plan._buffers import owner
from ._lines import Lines, number


class Parts(Lines):
    """How a program that is run spells what `WindowLines` says for readers."""

    def place(self, value: Value, text: str) -> str:
        """A view of a value that is written; made once where the value has memory of its own."""
        if value not in self.plan.slot:
            return text
        part = self.free_name("part")
        self.header.append(f"{part} = {text}")
        return part

    def cut_columns(self, product: Value, y: str, out: str) -> tuple[str, str]:
        """Both in pieces, as `_backend` multiplies a matrix by a stack of matrices."""
        matrix, stack = product.inputs
        n = pieces(matrix.size * stack.shape[-1], stack.shape[-1])
        if n == 1:
            return y, out
        texts = []
        for value, name in ((stack, y), (product, out)):
            shape = (*value.shape[:2], n, value.shape[2] // n)
            view = f"{name}.reshape({shape}).transpose(2, 0, 1, 3)"
            texts.append(self.place(owner(value), view))
        return texts[0], texts[1]

    def frame(self, value: Value, name: str, fill: Any) -> str:
        """The lines that fill what lies around an image."""
        sides = around(value.attrs["index"], value.shape)
        places = [self.place(value, f"{name}[{side}]") for side in sides]
        return "\n".join(f"{place}.fill({number(fill)})" for place in places)

    def put(self, place: str, x: str) -> str:
        """x written to a place."""
        return f"np.copyto({place}, {x})"

    def add_to(self, place: str, x: str) -> str:
        """x added to a place."""
        return self.call("np.add", [place, x], "", place)
