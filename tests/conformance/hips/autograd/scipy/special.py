"""SciPy's special functions: its ufuncs take Tensors; the others are those of `ad.special`."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special as _scipy

import autodiff as ad

from ..numpy import _holds


def __getattr__(name: str) -> Any:
    theirs = getattr(_scipy, name)
    if isinstance(theirs, np.ufunc):
        return theirs
    ours = getattr(ad.special, name)
    return lambda *args, **kwargs: (ours if _holds(args) else theirs)(*args, **kwargs)
