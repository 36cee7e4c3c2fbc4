"""Reverse-mode automatic differentiation on NumPy arrays: record, differentiate, draw.

    import autodiff as ad

The names below are those of the Array API standard where it has one, and TensorFlow's tape.
"""

import importlib as _importlib
import sys as _sys
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from . import fft as fft
from . import linalg as linalg
from .arrays import _backend
from .arrays._constants import *
from .arrays._device import device as device
from .arrays._exchange import *
from .arrays._inspection import *
from .derivatives._anomaly import detect_anomaly as detect_anomaly
from .derivatives._custom import custom_gradient as custom_gradient
from .derivatives._products import hvp as hvp
from .derivatives._products import jvp as jvp
from .derivatives._products import vjp as vjp
from .derivatives._recompute import recompute_grad as recompute_grad
from .derivatives._transforms import grad as grad
from .derivatives._transforms import hessian as hessian
from .derivatives._transforms import jacobian as jacobian
from .derivatives._transforms import value_and_grad as value_and_grad
from .engine._graph import TracingError as TracingError
from .engine._scope import name_scope as name_scope
from .engine._tape import GradientTape as GradientTape
from .engine._tensor import Tensor as Tensor
from .engine._variable import Variable as Variable
from .ops.activations import *
from .ops.arithmetic import *
from .ops.clipping import *
from .ops.comparison import *
from .ops.complex import *
from .ops.convolution import *
from .ops.creation import *
from .ops.cumulative import *
from .ops.devices import *
from .ops.einsum import *
from .ops.elementwise import *
from .ops.grids import *
from .ops.linalg import *
from .ops.linalg_products import matrix_transpose as matrix_transpose
from .ops.linalg_products import tensordot as tensordot
from .ops.linalg_products import vecdot as vecdot
from .ops.linalg_solve import cofactors as cofactors
from .ops.losses import *
from .ops.pooling import *
from .ops.rearranging import *
from .ops.reductions import *
from .ops.selection import *
from .ops.sets import *
from .ops.shaping import *
from .ops.sorting import *
from .ops.statistics import *
from .ops.taking import *
from .ops.trigonometry import *
from .ops.windows import *
from .protocols import _numpy_numbers, _numpy_shapes  # noqa: F401  (made of the ops above)

if _TYPE_CHECKING:
    from . import random as random
    from . import special as special
    from . import testing as testing
    from .flat import function as function

__version__ = "0.1.0"

for _kind in (Tensor, Variable):
    _backend.NAMESPACES[_kind] = _sys.modules[__name__]

#: name -> module, imported when it is first asked for: together half of what an import takes
_LATER = {
    "extend": "extend",
    "function": "flat",
    "random": "random",
    "special": "special",
    "testing": "testing",
}


def __getattr__(name: str) -> _Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = _importlib.import_module(f".{_LATER[name]}", __name__)
    value = globals()[name] = module if _LATER[name] == name else getattr(module, name)
    return value


def __dir__() -> list[str]:
    return [*globals(), *_LATER]
