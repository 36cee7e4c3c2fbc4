"""Kernels run by Python, line by line: what is fused is tested where Numba is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.flat.fuse import _kernels
from autodiff.flat.fuse._kernel_text import Code

#: of the argument's dtype and without errors, as compiled code has them
FUNCTIONS = SimpleNamespace(
    **{f: getattr(np, f) for f in ("sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tanh")}
)


@contextmanager
def by_python() -> Iterator[None]:
    """Kernels that are made meanwhile are run by Python."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_kernels, "_compile", interpret)
        patch.setattr(_kernels, "_compiled", {})
        yield


def interpret(code: Code) -> Callable[..., Any]:
    """The function that a kernel's text defines; it looks at what it is given."""
    space = {**_kernels._space, "math": FUNCTIONS, "plus": _kernels._plus}
    exec(code.text, space)
    kernel = space["kernel"]

    def checked(*arguments: Any) -> Any:
        for x, (dtype, axes) in zip(arguments, code.kinds, strict=True):
            if axes:
                assert isinstance(x, np.ndarray)
                assert (x.dtype.name, x.ndim) == (dtype, abs(axes))
                assert axes < 0 or x.flags.c_contiguous
        return kernel(*arguments)

    return checked


def fused(f: Callable[..., Any]) -> Any:
    """`ad.function(f, fuse=True)`, whether Numba is there or not."""
    return ad.flat.Function(f, fuse=True)
