"""Reverse-mode automatic differentiation on NumPy arrays: record, differentiate, draw.

    import autodiff as ad

The names below are those of the Array API standard where it has one, and TensorFlow's tape.
"""

from numpy import bool_ as bool  # noqa: A004
from numpy import (
    complex64,
    complex128,
    e,
    float16,
    float32,
    float64,
    inf,
    int8,
    int16,
    int32,
    int64,
    nan,
    newaxis,
    pi,
    uint8,
    uint16,
    uint32,
    uint64,
)

import sys as _sys

from . import _backend
from ._tape import GradientTape
from ._tensor import Tensor, Variable
from .ops.activations import *
from .ops.comparison import *
from .ops.creation import *
from .ops.elementwise import *
from .ops.linalg import *
from .ops.reductions import *
from .ops.selection import *
from .ops.shaping import *

__version__ = "0.1.0"

for _kind in (Tensor, Variable):
    _backend.register_namespace(_kind, _sys.modules[__name__])
