"""Values brought from one device to another."""

from __future__ import annotations

from typing import Any

from ..arrays._device import current, device_of, place, resolve
from ..engine._op import op
from ..engine._samples import Arrays, Draw

__all__ = ["to_device"]


def _sample(draw: Draw) -> tuple[Arrays, dict[str, Any]]:
    return (draw.array(draw.shape()),), {"device": str(current())}


def _device(value: Any, x: Any) -> Any:
    return resolve(value)


@op(
    x=lambda xp, g, x: xp.to_device(g, device_of(x)),
    normalise={"device": _device},
    method=True,
    without=("stream",),
    label="to device",
    flops=0,
    sample=_sample,
)
def to_device(_: Any, x: Any, /, device: Any, *, stream: Any = None) -> Any:
    """The values on another device; the gradient is brought back to where x lies.

    Args:
        x: any Tensor.
        device: "cpu", "cuda", "cuda:1"; see `device`.

    Raises:
        TypeError, ValueError: no name of a device.
        RuntimeError: there is no such device; says why.

    >>> to_device([1.0, 2.0], "cpu").device
    'cpu'
    """
    return x if device == device_of(x) else place(x, device)
