"""BLAS through this library, and programs under the roof of a machine.

machine = measure_machine()
print(roofline(step.cost(x, y), machine))                 # what each op is allowed
roofline(profile(step, x, y), machine).plot()             # and what it reached
"""

from __future__ import annotations

from bench.blas._profile import LineTime as LineTime
from bench.blas._profile import Profile as Profile
from bench.blas._profile import profile as profile
from bench.blas._roofline import Point as Point
from bench.blas._roofline import Roofline as Roofline
from bench.blas._roofline import roofline as roofline
from bench.blas.machine import Machine as Machine
from bench.blas.machine import measure_machine as measure_machine
