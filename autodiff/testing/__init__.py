"""Checks for gradients, of this library's ops and of your own.

`check_gradients` compares a function's gradients with numeric ones and checks what else is
promised of them. `strategies` draws tensors, shapes and axes with Hypothesis. `sample_call` calls
a declared op with one of its own samples.
"""

from ._check import check_gradients
from ._errors import GradientError
from ._sampling import Call, sample_call

__all__ = ["Call", "GradientError", "check_gradients", "sample_call"]
