"""What each op is in PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from autodiff.testing import Call

from . import oracle_torch_images


def over_axes(f: Callable[..., Any]) -> Callable[..., Any]:
    """A reduction with `dim`, for NumPy's `axis`; over no axes it is the identity."""

    def reduction(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
        dims = tuple(sorted(k % x.ndim for k in axes))
        return f(x, dim=dims, keepdim=keepdims) if dims else x

    return reduction


def product(x: Any, dim: tuple[int, ...], keepdim: bool) -> Any:
    for k in reversed(dim):
        x = torch.prod(x, dim=k, keepdim=keepdim)
    return x


def positions(shape: Sequence[int], index: Any) -> Any:
    """Where the elements picked by an index lie in the flattened array."""
    whole = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    return torch.tensor(whole[index].copy())


def put(x: Any, value: Any, index: Any) -> Any:
    places = positions(x.shape, index)
    flat = x.reshape(-1).index_put((places.reshape(-1),), value.reshape(-1))
    return flat.reshape(x.shape)


def scatter(x: Any, index: Any, shape: tuple[int, ...]) -> Any:
    places = positions(shape, index).reshape(-1)
    flat = torch.zeros(int(np.prod(shape)), dtype=x.dtype)
    return flat.index_add(0, places, x.reshape(-1)).reshape(shape)


def cross_entropy(logits: Any, labels: Any) -> Any:
    rows = torch.nn.functional.cross_entropy(
        logits.reshape(-1, logits.shape[-1]), labels.reshape(-1), reduction="none"
    )
    return rows.reshape(labels.shape)


def binary_cross_entropy(logits: Any, labels: Any) -> Any:
    return torch.nn.functional.binary_cross_entropy_with_logits(
        *torch.broadcast_tensors(logits, labels), reduction="none"
    )


#: what has another name there, or other names of its arguments
OTHERS: dict[str, Callable[..., Any]] = {
    "astype": lambda x, dtype: x.to(torch.float64),
    "softmax": lambda x, axis=-1: torch.softmax(x, axis),
    "log_softmax": lambda x, axis=-1: torch.log_softmax(x, axis),
    "softmax_cross_entropy": cross_entropy,
    "sigmoid_cross_entropy": binary_cross_entropy,
    "softplus": lambda x: torch.logaddexp(x, torch.zeros_like(x)),
    "logsumexp": over_axes(torch.logsumexp),
    "sum": over_axes(torch.sum),
    "mean": over_axes(torch.mean),
    "prod": over_axes(product),
    "max": over_axes(torch.amax),
    "min": over_axes(torch.amin),
    "copy": torch.clone,
    "imag": lambda x: 0 * x,
    "permute_dims": lambda x, axes: x.permute(axes or tuple(reversed(range(x.ndim)))),
    "expand_dims": lambda x, axis: torch.unsqueeze(x, axis),
    "squeeze": lambda x, axis: torch.squeeze(x, axis),
    "broadcast_to": lambda x, shape: torch.broadcast_to(x, shape),
    "concat": lambda arrays, axis: torch.cat(arrays, axis),
    "stack": lambda arrays, axis: torch.stack(arrays, axis),
    "clip": lambda x, min, max: torch.clamp(x, min, max),
    "getitem": lambda x, index: x.reshape(-1)[positions(x.shape, index)],
    "put": put,
    "scatter": scatter,
    **oracle_torch_images.OPS,
}

#: op -> the convention that differs from ours
CONVENTIONS: dict[str, str] = {}


def value_and_gradients(
    call: Call, arrays: Sequence[np.ndarray], upstream: np.ndarray
) -> tuple[Any, list[Any]]:
    function = OTHERS.get(call.op.name) or getattr(torch, call.op.name)
    xs = [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    y = function(xs, **call.statics) if call.op.variadic else function(*xs, **call.statics)
    return pulled(y, [x for x in xs if x.requires_grad], upstream)


def pulled(y: Any, xs: Sequence[Any], upstream: np.ndarray) -> tuple[Any, list[Any]]:
    gradients = torch.autograd.grad(y, xs, torch.tensor(upstream), materialize_grads=True)
    return y.detach().numpy(), [g.numpy() for g in gradients]


def network(
    x: np.ndarray, labels: np.ndarray, weights: Sequence[np.ndarray], upstream: np.ndarray
) -> tuple[Any, list[Any]]:
    w1, b1, w2, b2 = ws = [torch.tensor(w, requires_grad=True) for w in weights]
    logits = torch.relu(torch.tensor(x) @ w1 + b1) @ w2 + b2
    return pulled(cross_entropy(logits, torch.tensor(labels)).mean(), ws, upstream)
