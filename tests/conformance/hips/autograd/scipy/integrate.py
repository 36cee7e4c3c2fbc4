"""Ordinary differential equations by steps that are made of ops: Runge and Kutta's of order 4.

SciPy's solver, which chooses its steps, takes no arrays but its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

STEPS = 4


def odeint(f: Any, y: Any, t: Any, args: Any = ()) -> Any:
    """The solution at each time, with a few steps between any two."""
    rows = [y]
    for k in range(np.shape(t)[0] - 1):
        h = (t[k + 1] - t[k]) / STEPS
        for j in range(STEPS):
            s = t[k] + j * h
            a = f(y, s, *args)
            b = f(y + h / 2 * a, s + h / 2, *args)
            c = f(y + h / 2 * b, s + h / 2, *args)
            d = f(y + h * c, s + h, *args)
            y = y + h / 6 * (a + 2 * b + 2 * c + d)
        rows.append(y)
    return np.stack(rows)
