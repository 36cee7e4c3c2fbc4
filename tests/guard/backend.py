"""The device "guard", made known as "cuda" is: CuPy's backend over the guard's `cupy`."""

from __future__ import annotations

from autodiff import _device
from autodiff._cupy import CupyBackend
from tests.guard.library import cupy

_device.register("guard", lambda: CupyBackend(cupy))
