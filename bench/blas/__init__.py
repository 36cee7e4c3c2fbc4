"""`python -m bench blas`: BLAS' routines through this library, and the roof of the machine.

Levels 1 to 3 as flat programs that write into Variables, and op by op, beside the array library as
it is, BLAS by SciPy, PyTorch and JAX: GFLOP/s, the bytes really moved, and the share of what a
short probe finds the machine to be capable of. For notebooks, the same for any program:

    machine = measure_machine()
    print(roofline(step.cost(x, y), machine))        # what each op is allowed
    roofline(profile(step, x, y), machine).plot()    # and what it reached
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bench.blas._command import add_arguments as add_arguments
from bench.blas._command import main as main

if TYPE_CHECKING:
    from bench.blas._profile import LineTime as LineTime
    from bench.blas._profile import Profile as Profile
    from bench.blas._profile import profile as profile
    from bench.blas._roofline import Point as Point
    from bench.blas._roofline import Roofline as Roofline
    from bench.blas._roofline import roofline as roofline
    from bench.blas.machine import Machine as Machine
    from bench.blas.machine import measure_machine as measure_machine

#: imported when they are asked for: a peer's interpreter has nothing of this library
_PUBLIC = {
    **dict.fromkeys(("LineTime", "Profile", "profile"), "bench.blas._profile"),
    **dict.fromkeys(("Point", "Roofline", "roofline"), "bench.blas._roofline"),
    **dict.fromkeys(("Machine", "measure_machine"), "bench.blas.machine"),
}


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'bench.blas' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)
