"""What layers of images (N, H, W, C) share: arguments checked, shapes of what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autodiff.ops import _images
from nn.layers._layer import Layer
from nn.layers._shape import Shape

Pair = tuple[int, int]
#: one number for rows and columns, or one for each
Sizes = int | Sequence[int]


def pair(layer: Layer, name: str, value: Any) -> Pair:
    """Two integers for rows and columns; errors name the layer."""
    return _named(layer, _images.pair(name), value)


def padding(layer: Layer, value: Any) -> Any:
    """'valid', 'same', or integers; errors name the layer."""
    return _named(layer, _images.padding, value.lower() if isinstance(value, str) else value)


def channels_last(layer: Layer, data_format: str | None) -> None:
    """ValueError for images in any other order than (N, H, W, C)."""
    if data_format not in (None, "channels_last"):
        raise ValueError(
            f"layer {layer.name!r}: data_format must be 'channels_last', images (N, H, W, C); "
            f"got {data_format!r}"
        )


def expect_images(layer: Layer, input_shape: Shape) -> None:
    """ValueError for an input that has not the four axes of images."""
    if len(input_shape) != 4:
        raise ValueError(
            f"layer {layer.name!r}: input of shape {input_shape}; "
            "expected (batch, height, width, channels)"
        )


def size_of_maps(
    layer: Layer, input_shape: Shape, window: Pair, strides: Pair, padding: Any, dilation: Pair
) -> tuple[int | None, int | None]:
    """Rows and columns of what comes out, None where the input's are open."""
    expect_images(layer, input_shape)
    found: list[int | None] = []
    for k, length in enumerate(input_shape[1:3]):
        if length is None:
            found.append(None)
            continue
        one = padding if isinstance(padding, str) else (padding[k], padding[k])
        twice = [(value[k], value[k]) for value in (window, strides, dilation)]
        try:
            rows, _ = _images.windows_over((length, length), twice[0], twice[1], one, twice[2])
        except ValueError:
            raise ValueError(
                f"layer {layer.name!r}: input of shape {input_shape}; "
                f"it has no room for a window of {window}"
            ) from None
        found.append(rows.count)
    return found[0], found[1]


def _named(layer: Layer, normal: Any, value: Any) -> Any:
    try:
        return normal(value, None)
    except (TypeError, ValueError) as error:
        raise type(error)(f"layer {layer.name!r}: {error}") from None
