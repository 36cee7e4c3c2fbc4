"""The table that `summary` prints, drawn as Keras draws it."""

from __future__ import annotations

from collections.abc import Sequence

from autodiff import Variable
from nn.layers import Layer
from nn.layers._layer import Shape

_TITLES = ("Layer (type)", "Output Shape", "Param #")


def summary_text(
    name: str, layers: Sequence[Layer], shapes: Sequence[Shape], variables: Sequence[Variable]
) -> str:
    """The table of a model's layers; shapes: of their outputs, as far as they are known."""
    rows = [
        (
            f"{layer.name} ({type(layer).__name__})",
            str(shapes[k]) if k < len(shapes) else "?",
            f"{layer.count_params():,}" if layer.built else "0 (unbuilt)",
        )
        for k, layer in enumerate(layers)
    ]
    widths = [max(map(len, column)) for column in zip(_TITLES, *rows, strict=True)]
    lines = [
        f'Model: "{name}"',
        _rule("┏┳┓", "━", widths),
        _cells(_TITLES, widths, "┃"),
        _rule("┡╇┩", "━", widths),
    ]
    for k, row in enumerate(rows):
        if k:
            lines.append(_rule("├┼┤", "─", widths))
        lines.append(_cells(row, widths, "│"))
    lines.append(_rule("└┴┘", "─", widths))
    trainable = [v for v in variables if v.trainable]
    fixed = [v for v in variables if not v.trainable]
    for title, group in (
        ("Total params", variables),
        ("Trainable params", trainable),
        ("Non-trainable params", fixed),
    ):
        count = sum(v.size for v in group)
        size = sum(v.size * v.dtype.itemsize for v in group)
        lines.append(f" {title}: {count:,} ({_bytes(size)})")
    return "\n".join(lines)


def _rule(corners: str, line: str, widths: Sequence[int]) -> str:
    left, middle, right = tuple(corners)
    return left + middle.join(line * (width + 2) for width in widths) + right


def _cells(row: Sequence[str], widths: Sequence[int], bar: str) -> str:
    name, shape, count = row
    cells = (name.ljust(widths[0]), shape.ljust(widths[1]), count.rjust(widths[2]))
    return f"{bar} " + f" {bar} ".join(cells) + f" {bar}"


def _bytes(size: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} TB"
