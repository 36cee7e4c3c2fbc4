"""Memory that nobody may read: buffers and arguments are full of it while no call needs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np

from autodiff.flat._run import Runner


def own(x: Any) -> Any:
    """An array of the same layout that nobody else has; Tensors are values."""
    if not isinstance(x, np.ndarray):
        return x
    whole = x if x.base is None else x.base
    while isinstance(whole, np.ndarray) and whole.base is not None:
        whole = whole.base
    if not isinstance(whole, np.ndarray):
        return x.copy()
    twin = np.array(whole, order="K")
    start = x.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
    return np.ndarray(x.shape, x.dtype, twin.data, start, x.strides) if x.size else x.copy()


def spoil(x: np.ndarray) -> None:
    """Fill an array with what shows wherever it gets: NaN, or all bits set."""
    if x.dtype.kind in "fc":
        x.fill(np.nan)
    else:
        x.fill(True if x.dtype.kind == "b" else np.array(-1).astype(x.dtype))


@contextmanager
def rubbish_in_buffers() -> Iterator[None]:
    """Flat programs made here find rubbish in what they got from np.empty, at every call.

    So a value that is read before it is written shows, and a result that lies in a buffer.
    """
    make, empty = Runner._instance, np.empty

    def instance(self: Runner) -> Any:
        buffers: list[np.ndarray] = []

        def recorded(*args: Any, **kwargs: Any) -> Any:
            buffers.append(empty(*args, **kwargs))
            return buffers[-1]

        with mock.patch.object(np, "empty", recorded):
            run = make(self)

        def call(*args: Any) -> Any:
            for buffer in buffers:
                spoil(buffer)
            try:
                return run(*args)
            finally:
                for buffer in buffers:
                    spoil(buffer)

        return call

    with mock.patch.object(Runner, "_instance", instance):
        yield
