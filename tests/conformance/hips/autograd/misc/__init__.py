"""Names of autograd.misc."""

from __future__ import annotations

from typing import Any

import numpy as np

import autodiff as ad

from .._tape import leaves, mapped


def flatten(value: Any) -> tuple[Any, Any]:
    """All numbers of a nested value end to end, and the way back."""
    parts = leaves(value)
    shapes = [np.shape(p) for p in parts]
    tensors = any(isinstance(p, ad.Tensor) for p in parts)
    flat = [np.reshape(p, (-1,)) for p in parts]
    vector = (ad.concat(flat) if tensors else np.concatenate(flat)) if flat else np.zeros(0)

    def unflatten(v: Any) -> Any:
        start, found = 0, []
        for shape in shapes:
            stop = start + int(np.prod(shape))
            found.append(np.reshape(v[start:stop], shape) if shape else v[start])
            start = stop
        rest = iter(found)
        return mapped(lambda _: next(rest), value)

    return vector, unflatten


def const_graph(fun: Any, *args: Any, **kwargs: Any) -> Any:
    """A function that is run once and then replayed: `ad.function` here, which promises more."""
    raise NotImplementedError("use ad.function")
