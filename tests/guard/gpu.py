"""A real GPU in the place of the tests' machine: the same programs, the same comparisons."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from autodiff.arrays._device import backend
from autodiff.flat.cuda._cupy_machine import CupyMachine


class Gpu(CupyMachine):
    """What tests ask of a machine beside what programs do."""

    @property
    def array_type(self) -> type:
        """Of arrays on the device."""
        return self._cupy.ndarray

    def array(self, host: Any) -> Any:
        """A host's array on the device."""
        data = np.asarray(host)
        found = self.empty(data.shape, data.dtype)
        self.upload(found, data)
        return found

    def numpy(self, array: Any) -> np.ndarray:
        """The numbers of an array, once it is known that nothing went wrong."""
        found: np.ndarray = self._backend.download(array)
        return found


@cache
def first() -> Gpu:
    """The first GPU; a handle of cuBLAS is made once."""
    its: Any = backend("cuda")
    return Gpu(its, its.cupy)
