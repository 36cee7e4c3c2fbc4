"""HIPS autograd's names, for its own test suite: each by this project's tape and NumPy's protocols.

Only what its tests call. Containers are Python's own.
"""

from __future__ import annotations

from builtins import dict as dict
from builtins import isinstance as _isinstance
from builtins import list as list
from builtins import tuple as tuple
from typing import Any

import numpy as _np

import autodiff as _ad

from ._tape import leaves as _leaves
from ._tape import make_jvp as _make_jvp
from ._tape import make_vjp as _make_vjp
from ._tape import mapped as _mapped
from ._tape import plain as _plain
from ._tape import unary_to_nary as _unary_to_nary


def isinstance(x: Any, kind: Any) -> bool:
    """Tensors are arrays and numbers."""
    kinds = kind if _isinstance(kind, tuple) else (kind,)
    stands = _np.ndarray in kinds or float in kinds
    return _isinstance(x, kind) or (_isinstance(x, _ad.Tensor) and stands)


make_vjp = _unary_to_nary(_make_vjp)
make_jvp = _unary_to_nary(_make_jvp)


def _ones(y: Any) -> Any:
    return _mapped(lambda t: 0.0 * t + 1.0, y)


def _value_and_grad(fun: Any, x: Any) -> Any:
    vjp, y = _make_vjp(fun, x)
    if _isinstance(y, (bool, _np.bool_, list, tuple, dict)) or _np.size(y) != 1:
        raise TypeError(f"grad only of functions that give one real number; given {y!r}")
    if _np.iscomplexobj(y):
        raise TypeError("grad only of functions that give real numbers; see holomorphic_grad")
    return y, vjp(_np.ones(_np.shape(y)))


def _grad(fun: Any, x: Any) -> Any:
    """
    Returns a function which computes the gradient of `fun` by an argument.
    """
    return _value_and_grad(fun, x)[1]


_grad.__name__ = "grad"
grad, value_and_grad = _unary_to_nary(_grad), _unary_to_nary(_value_and_grad)


@_unary_to_nary
def elementwise_grad(fun: Any, x: Any) -> Any:
    """The derivative of each element by the element in its place."""
    vjp, y = _make_vjp(fun, x)
    return vjp(_ones(y))


@_unary_to_nary
def deriv(fun: Any, x: Any) -> Any:
    """The derivative along ones."""
    return _make_jvp(fun, x)(_ones(x))[1]


@_unary_to_nary
def holomorphic_grad(fun: Any, x: Any) -> Any:
    """The derivative of a holomorphic function."""
    vjp, _ = _make_vjp(fun, x)
    return vjp(1.0 + 0.0j)


@_unary_to_nary
def grad_and_aux(fun: Any, x: Any) -> Any:
    """The gradient of the first output, and the second one."""
    vjp, (_, aux) = _make_vjp(fun, x)
    return vjp((1.0, _mapped(lambda t: 0.0 * t, aux)))[()], aux


@_unary_to_nary
def jacobian(fun: Any, x: Any) -> Any:
    """Shape of the output and shape of the input."""
    vjp, y = _make_vjp(fun, x)
    if not _isinstance(vjp.y, _ad.Tensor):
        return _np.zeros(_np.shape(y) + _np.shape(x))
    found = vjp.tape.jacobian(vjp.y, vjp.x, unconnected_gradients="zero")
    return _plain(found)


def hessian(fun: Any, argnum: Any = 0) -> Any:
    """The Jacobian of the Jacobian."""
    return jacobian(jacobian(fun, argnum), argnum)


@_unary_to_nary
def make_hvp(fun: Any, x: Any) -> Any:
    """The product of the Hessian and a vector."""
    return _make_vjp(grad(fun), x)


def tensor_jacobian_product(fun: Any, argnum: Any = 0) -> Any:
    """A tensor times the Jacobian, the tensor after the arguments."""

    def product(*args: Any) -> Any:
        *rest, v = args
        return jacobian(lambda *a: _np.tensordot(v, fun(*a), axes=_np.ndim(v)), argnum)(*rest)

    return product


def hessian_tensor_product(fun: Any, argnum: Any = 0) -> Any:
    """The Hessian times a tensor, which comes after the arguments."""
    first = grad(fun, argnum)

    def product(*args: Any) -> Any:
        *rest, v = args
        return grad(lambda *a: _np.sum(first(*a) * v), argnum)(*rest)

    return product


hessian_vector_product = hessian_tensor_product
vector_jacobian_product = tensor_jacobian_product


def make_ggnvp(f: Any, g: Any = lambda x: 1.0 / 2 * _np.dot(x, x), f_argnum: int = 0) -> Any:
    """The product of the generalised Gauss-Newton matrix and a vector."""

    def maker(x: Any) -> Any:
        vjp, y = _make_vjp(f, x)
        hvp, _ = _make_vjp(grad(g), y)
        return lambda v: vjp(hvp(_make_jvp(f, x)(v)[1]))

    return maker


def checkpoint(fun: Any) -> Any:
    """Computed again instead of kept."""
    return _ad.recompute_grad(fun)


__all__ = ["_leaves"]
