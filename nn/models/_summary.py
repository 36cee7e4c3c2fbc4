"""The table that `summary` prints, drawn as Keras draws it."""

from __future__ import annotations

from collections.abc import Sequence

from autodiff import Variable
from nn.layers import Layer
from nn.models._network import Network

_TITLES = ("Layer (type)", "Output Shape", "Param #", "Connected to")
_NUMBERS = 2  # the column that is aligned to the right


def summary_text(
    name: str, layers: Sequence[Layer], network: Network | None, variables: Sequence[Variable]
) -> str:
    """The table of a model's layers; `network` knows shapes and what is connected to what."""
    branches = network is not None and not network.is_chain()
    rows = [_row(layer, network, branches) for layer in layers]
    titles = _TITLES[: 3 + branches]
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    lines = [
        f'Model: "{name}"',
        _rule("┏┳┓", "━", widths),
        _cells(titles, widths, "┃"),
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


def _row(layer: Layer, network: Network | None, branches: bool) -> tuple[str, ...]:
    shape = None if network is None else network.output_shape(layer)
    row = (
        f"{layer.name} ({type(layer).__name__})",
        "?" if shape is None else str(shape),
        f"{layer.count_params():,}" if layer.built else "0 (unbuilt)",
    )
    if not branches or network is None:
        return row
    return (*row, ", ".join(network.sources(layer)) or "-")


def _rule(corners: str, line: str, widths: Sequence[int]) -> str:
    left, middle, right = tuple(corners)
    return left + middle.join(line * (width + 2) for width in widths) + right


def _cells(row: Sequence[str], widths: Sequence[int], bar: str) -> str:
    cells = [
        cell.rjust(width) if column == _NUMBERS else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return f"{bar} " + f" {bar} ".join(cells) + f" {bar}"


def _bytes(size: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} TB"
