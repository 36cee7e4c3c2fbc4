"""What ops of other names are in PyTorch: along axes, on parts of arrays, of linear algebra."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import torch


def in_numpy(name: str) -> Callable[..., Any]:
    """Positions and truths, of which nothing has derivatives: argmax gives the first of equals."""

    def find(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        found = getattr(np, name)(x.detach().numpy(), axis=axis, keepdims=keepdims)
        return torch.tensor(np.asarray(found))

    return find


def transform(name: str) -> Callable[..., Any]:
    """A Fourier transform."""
    f = getattr(torch.fft, name)
    return lambda x, n, axis, norm: f(x, n=n, dim=axis, norm=norm)


def imag(x: Any) -> Any:
    return torch.imag(x) if x.is_complex() else x * 0


def one_hot(labels: Any, classes: int, dtype: Any) -> Any:
    return (labels[..., None] == torch.arange(classes)).double()


# -- along axes ------------------------------------------------------------------------------------


def cumulative(f: Callable[..., Any], first: float) -> Callable[..., Any]:
    """Running sums or products, which may begin with those of nothing."""

    def running(x: Any, axis: int, include_initial: bool) -> Any:
        y = f(x, axis)
        if not include_initial:
            return y
        shape = list(x.shape)
        shape[axis] = 1
        return torch.cat([torch.full(shape, first, dtype=x.dtype), y], axis)

    return running


def var(x: Any, axis: Any, correction: Any, keepdims: bool) -> Any:
    if axis == ():  # which PyTorch takes for all
        return var(x[None], 0, correction, False)
    return torch.var(x, dim=axis, correction=correction, keepdim=keepdims)


def std(x: Any, axis: Any, correction: Any, keepdims: bool) -> Any:
    """Without a gradient where it is 0; PyTorch's is NaN there."""
    squared = var(x, axis, correction, keepdims)
    some = squared > 0
    return torch.where(some, torch.sqrt(torch.where(some, squared, 1.0)), 0 * squared)


def vector_norm(x: Any, axis: Any, keepdims: bool, ord: Any) -> Any:
    if axis == ():
        return vector_norm(x[None], 0, False, ord)
    return torch.linalg.vector_norm(x, ord, axis, keepdims)


# -- parts of arrays -------------------------------------------------------------------------------


def take(x: Any, indices: Any, axis: int) -> Any:
    before = axis % x.ndim
    return x[(*(slice(None),) * before, indices)]


def segment_sum(x: Any, indices: Any, axis: int, length: int) -> Any:
    before = x.ndim + axis + 1 - indices.ndim
    lead, rest = x.shape[:before], x.shape[before + indices.ndim :]
    flat = x.reshape(*lead, indices.numel(), *rest)
    out = torch.zeros(*lead, length, *rest, dtype=x.dtype)
    return out.index_add(before, indices.reshape(-1) % length, flat)


def add_along_axis(x: Any, indices: Any, axis: int, length: int) -> Any:
    shape = list(x.shape)
    shape[axis] = length
    return torch.zeros(shape, dtype=x.dtype).scatter_add(axis, indices.expand(x.shape) % length, x)


def pad(x: Any, pad_width: Any, mode: Any = "constant", constant_values: Any = 0) -> Any:
    if not x.ndim:
        return x
    places = np.arange(prod(x.shape)).reshape(x.shape)
    if mode != "constant":
        return x.reshape(-1)[torch.tensor(np.pad(places, pad_width, mode=mode))]
    index = torch.tensor(np.pad(places, pad_width, constant_values=-1))
    values = torch.cat([x.reshape(-1), torch.full((1,), float(constant_values), dtype=x.dtype)])
    return values[index]  # the last one, where nothing was


def repeat(x: Any, repeats: Any, axis: Any) -> Any:
    times = torch.tensor(repeats) if isinstance(repeats, tuple) else repeats
    return torch.repeat_interleave(x, times, dim=axis)


def concat(arrays: Any, axis: Any) -> Any:
    if axis is None:
        return torch.cat([x.reshape(-1) for x in arrays])
    return torch.cat(arrays, axis)


def flip(x: Any, axis: Any) -> Any:
    axes = (axis,) if isinstance(axis, int) else axis
    return torch.flip(x, tuple(range(x.ndim)) if axis is None else axes)


def roll(x: Any, shift: Any, axis: Any) -> Any:
    return x if shift == () else torch.roll(x, shift, axis)


# -- linear algebra --------------------------------------------------------------------------------


def cofactors(x: Any) -> Any:
    return torch.linalg.det(x)[..., None, None] * torch.linalg.inv(x).mT


def solve(a: Any, b: Any) -> Any:
    """For one vector, or stacks of matrices; PyTorch also takes stacks of vectors for these."""
    if b.ndim == 1:
        return solve(a, b[:, None])[..., 0]
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return torch.linalg.solve(a.expand(*lead, *a.shape[-2:]), b.expand(*lead, *b.shape[-2:]))


MORE: dict[str, Callable[..., Any]] = {
    **{name: in_numpy(name) for name in ("all", "any", "argmax", "argmin", "count_nonzero")},
    **{name: transform(name) for name in ("fft", "ifft", "rfft", "irfft")},
    "add_along_axis": add_along_axis,
    "argsort": lambda x, axis, descending: torch.argsort(
        x, dim=axis, descending=descending, stable=True
    ),
    "bitwise_invert": torch.bitwise_not,
    "cholesky": lambda x, upper: torch.linalg.cholesky(x, upper=upper),
    "cofactors": cofactors,
    "concat": concat,
    "contract": lambda *arrays, subscripts: torch.einsum(subscripts, *arrays),
    "cumulative_prod": cumulative(torch.cumprod, 1.0),
    "cumulative_sum": cumulative(torch.cumsum, 0.0),
    "equal": torch.eq,
    "flip": flip,
    "floor_divide": lambda x, y: torch.floor_divide(x.detach(), y.detach()),
    "imag": imag,
    "inv": torch.linalg.inv,
    "not_equal": torch.ne,
    "one_hot": one_hot,
    "pad": pad,
    "pinv": torch.linalg.pinv,
    "positive": torch.clone,
    "repeat": repeat,
    "roll": roll,
    "segment_sum": segment_sum,
    "slogdet": lambda x: tuple(torch.linalg.slogdet(x)),
    "sort": lambda x, axis, descending: (
        torch.sort(x, dim=axis, descending=descending, stable=True).values
    ),
    "solve": solve,
    "std": std,
    "stop_gradient": lambda x: x.detach(),
    "take": take,
    "take_along_axis": lambda x, indices, axis: torch.take_along_dim(x, indices, axis),
    "tile": lambda x, repetitions: torch.tile(x, repetitions),
    "to_device": lambda x, device: x.clone(),
    "tril": lambda x, k: torch.tril(x, k),
    "triu": lambda x, k: torch.triu(x, k),
    "var": var,
    "vector_norm": vector_norm,
}
