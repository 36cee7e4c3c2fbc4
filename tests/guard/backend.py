"""The device "guard", made known as "cuda" is: CuPy's backend over the guard's `cupy`."""

from __future__ import annotations

import os

from autodiff.arrays import _device
from autodiff.arrays._cupy import CupyBackend
from tests.guard.library import Part, cupy

_device.register("guard", lambda: CupyBackend(cupy, lambda: Part("special")))

#: what is compared with the CPU: the guard, or the GPU where the tests run on one
DEVICE = os.environ.get("AUTODIFF_DEVICE", "")
if not DEVICE.startswith("cuda"):
    DEVICE = "guard"
