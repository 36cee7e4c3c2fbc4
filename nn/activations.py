"""Activation functions, and the function behind a name as layers take it.

All are element by element but `softmax`, `log_softmax` and `glu`, and of ops, so that they have
derivatives of every order. At a kink the derivative is 0 unless the function says otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import autodiff as ad
from autodiff import Tensor, log_softmax, sigmoid, softmax, softplus, tanh
from nn._names import lookup

__all__ = [
    "celu",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]

Activation = Callable[..., Tensor]

#: α and scale of `selu`, for which activations keep mean 0 and variance 1
_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def linear(x: Any) -> Any:
    """x itself: no activation.

    >>> linear(3)
    3
    """
    return x


def relu(
    x: Any,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> Tensor:
    """x above the threshold, negative_slope · (x − threshold) below, max_value at most.

    Without other options than a slope it is `leaky_relu`.

    >>> relu([-1.0, 0.5, 9.0]), relu([-1.0, 0.5, 9.0], negative_slope=0.1, max_value=6.0)
    (Tensor([0. , 0.5, 9. ], dtype=float32), Tensor([-0.1,  0.5,  6. ], dtype=float32))
    """
    if threshold == 0 and max_value is None and negative_slope != 0:
        return leaky_relu(x, negative_slope)
    if threshold == 0:
        above = ad.relu(x)
    else:
        x = ad.asarray(x)
        above = ad.where(x > threshold, x, 0.0)
    if max_value is not None:
        above = ad.where(above < max_value, above, float(max_value))
    if negative_slope == 0:
        return above
    return above - negative_slope * ad.relu(threshold - ad.asarray(x))


def relu6(x: Any) -> Tensor:
    """max(x, 0), 6 at most.

    >>> relu6([-1.0, 3.0, 9.0])
    Tensor([0., 3., 6.], dtype=float32)
    """
    return relu(x, max_value=6.0)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Tensor:
    """x where it is positive, else negative_slope · x; at 0 the derivative is 1.

    Source: A. L. Maas, A. Y. Hannun, A. Y. Ng, "Rectifier nonlinearities improve neural network
    acoustic models" (2013).

    >>> leaky_relu([-1.0, 2.0])
    Tensor([-0.2,  2. ], dtype=float32)
    """
    x = ad.asarray(x)
    return ad.where(x >= 0, x, negative_slope * x)


def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """x where it is positive, else α(exp(x) − 1); at 0 the derivative is α.

    Source: D.-A. Clevert, T. Unterthiner, S. Hochreiter, "Fast and accurate deep network learning
    by exponential linear units" (2015).

    >>> elu([-100.0, 2.0])
    Tensor([-1.,  2.], dtype=float32)
    """
    x = ad.asarray(x)
    return ad.where(x > 0, x, alpha * ad.expm1(_not_above_0(x)))


def celu(x: Any, alpha: float = 1.0) -> Tensor:
    """x where it is positive, else α(exp(x / α) − 1), whose derivative at 0 is 1.

    Source: J. T. Barron, "Continuously differentiable exponential linear units" (2017).

    >>> celu([-100.0, 2.0], alpha=2.0)
    Tensor([-2.,  2.], dtype=float32)
    """
    x = ad.asarray(x)
    return ad.where(x > 0, x, alpha * ad.expm1(_not_above_0(x) / alpha))


def selu(x: Any) -> Tensor:
    """1.0507 · elu(x, 1.6733).

    Source: G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter, "Self-normalizing neural networks"
    (2017).

    >>> selu([-100.0, 1.0])
    Tensor([-1.7580993,  1.050701 ], dtype=float32)
    """
    return _SELU_SCALE * elu(x, _SELU_ALPHA)


def _not_above_0(x: Tensor) -> Tensor:
    """x where it is not positive, else 0: for a branch that is not taken there and may overflow."""
    return ad.where(x > 0, 0.0, x)


def gelu(x: Any, approximate: bool = False) -> Tensor:
    """x Φ(x), Φ the standard normal distribution's function; or its approximation by tanh.

    Source: D. Hendrycks, K. Gimpel, "Gaussian error linear units" (2016).

    >>> gelu([-1.0, 1.0])
    Tensor([-0.15865526,  0.8413447 ], dtype=float32)
    """
    x = ad.asarray(x)
    if approximate:
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x * ad.square(x))
        return 0.5 * x * (1 + ad.tanh(inner))
    return 0.5 * x * (1 + ad.erf(x / math.sqrt(2)))


def silu(x: Any) -> Tensor:
    """x σ(x), also called swish.

    Source: P. Ramachandran, B. Zoph, Q. V. Le, "Searching for activation functions" (2017).

    >>> silu([0.0, 100.0])
    Tensor([  0., 100.], dtype=float32)
    """
    x = ad.asarray(x)
    return x * ad.sigmoid(x)


swish = silu


def mish(x: Any) -> Tensor:
    """x tanh(softplus(x)).

    Source: D. Misra, "Mish: a self regularized non-monotonic activation function" (2019).

    >>> mish([0.0, 100.0])
    Tensor([  0., 100.], dtype=float32)
    """
    x = ad.asarray(x)
    return x * ad.tanh(ad.softplus(x))


def log_sigmoid(x: Any) -> Tensor:
    """log σ(x) = −softplus(−x).

    >>> log_sigmoid([-100.0])
    Tensor([-100.], dtype=float32)
    """
    return -ad.softplus(-ad.asarray(x))


def softsign(x: Any) -> Tensor:
    """x / (1 + |x|).

    >>> softsign([-1.0, 3.0])
    Tensor([-0.5 ,  0.75], dtype=float32)
    """
    x = ad.asarray(x)
    return x / (1 + ad.abs(x))


def squareplus(x: Any, b: float = 4.0) -> Tensor:
    """(x + √(x² + b)) / 2.

    Source: J. T. Barron, "Squareplus: a softplus-like algebraic rectifier" (2021).

    >>> squareplus([0.0, 1.5])
    Tensor([1., 2.], dtype=float32)
    """
    x = ad.asarray(x)
    return 0.5 * (x + ad.sqrt(ad.square(x) + b))


def exponential(x: Any) -> Tensor:
    """exp(x).

    >>> exponential(0.0)
    Tensor(1., dtype=float32)
    """
    return ad.exp(x)


def hard_sigmoid(x: Any) -> Tensor:
    """(x + 3) / 6, held between 0 and 1.

    >>> hard_sigmoid([-5.0, 0.0, 5.0])
    Tensor([0. , 0.5, 1. ], dtype=float32)
    """
    return relu6(ad.asarray(x) + 3.0) / 6.0


def hard_silu(x: Any) -> Tensor:
    """x · hard_sigmoid(x), also called hard_swish.

    >>> hard_silu([-5.0, 1.5, 5.0])
    Tensor([-0.   ,  1.125,  5.   ], dtype=float32)
    """
    x = ad.asarray(x)
    return x * hard_sigmoid(x)


hard_swish = hard_silu


def hard_tanh(x: Any) -> Tensor:
    """x, held between −1 and 1.

    >>> hard_tanh([-5.0, 0.5, 5.0])
    Tensor([-1. ,  0.5,  1. ], dtype=float32)
    """
    x = ad.asarray(x)
    return ad.where(x > 1, 1.0, ad.where(x < -1, -1.0, x))


def soft_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """x brought nearer to 0 by the threshold, to 0 where it was within.

    >>> soft_shrink([-2.0, 0.3, 2.0])
    Tensor([-1.5,  0. ,  1.5], dtype=float32)
    """
    x = ad.asarray(x)
    return ad.where(x > threshold, x - threshold, ad.where(x < -threshold, x + threshold, 0.0))


def hard_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """x, but 0 where |x| is within the threshold.

    >>> hard_shrink([-2.0, 0.3, 2.0])
    Tensor([-2.,  0.,  2.], dtype=float32)
    """
    x = ad.asarray(x)
    return ad.where(ad.abs(x) > threshold, x, 0.0)


def tanh_shrink(x: Any) -> Tensor:
    """x − tanh(x).

    >>> tanh_shrink(0.0)
    Tensor(0., dtype=float32)
    """
    x = ad.asarray(x)
    return x - ad.tanh(x)


def threshold(x: Any, threshold: float, default_value: float) -> Tensor:
    """x where it is above the threshold, else the default value.

    >>> threshold([0.5, 2.0], 1.0, -1.0)
    Tensor([-1.,  2.], dtype=float32)
    """
    x = ad.asarray(x)
    return ad.where(x > threshold, x, float(default_value))


def glu(x: Any, axis: int = -1) -> Tensor:
    """The first half of x along an axis, times the sigmoid of the second.

    Raises ValueError for an axis of odd length.

    Source: Y. N. Dauphin, A. Fan, M. Auli, D. Grangier, "Language modeling with gated convolutional
    networks" (2016).

    >>> glu([2.0, 4.0, 0.0, 100.0])
    Tensor([1., 4.], dtype=float32)
    """
    x = ad.asarray(x)
    length = x.shape[axis]
    if length % 2:
        raise ValueError(f"glu: axis {axis} of shape {x.shape} has no two halves")
    front = (slice(None),) * (axis % x.ndim)
    return x[(*front, slice(length // 2))] * ad.sigmoid(x[(*front, slice(length // 2, None))])


_KNOWN: dict[str, Activation] = {
    name: globals()[name] for name in __all__ if name not in ("get", "threshold")
}


def get(identifier: str | Activation | None) -> Activation:
    """The activation function of a name; a function is itself, None is `linear`.

    Raises ValueError for an unknown name, naming the known ones, TypeError for anything else.

    >>> get("relu")([-1.0, 2.0])
    Tensor([0., 2.], dtype=float32)
    """
    if identifier is None:
        return linear
    if isinstance(identifier, str):
        return lookup("activation", identifier, _KNOWN)
    if callable(identifier):
        return identifier
    raise TypeError(f"an activation is a name, a function or None; got {identifier!r:.60}")
