"""What every process begins with that has this folder on its path: the guard as its device.

`python -m bench report --device guard` and all that it starts run so in the tests.
"""

import tests.guard.backend  # noqa: F401  makes the device known
from autodiff.flat.cuda import _machines
from tests.guard.machine import COMPILER, GuardMachine

if COMPILER is not None:
    _machines.register("guard", GuardMachine)
