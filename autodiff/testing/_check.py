"""check_gradients: everything that can be asked of a function's gradients."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ._case import Case
from ._compare import first_order, next_order
from ._conventions import conventions
from ._errors import GradientError as GradientError  # for the docstring's example
from ._functions import evaluate, prepare, signed


def check_gradients(
    f: Callable[..., Any],
    *inputs: Any,
    order: int = 2,
    complex_step: bool | None = None,
    rtol: float = 1e-6,
    seed: int = 0,
) -> None:
    """Raise unless the gradients of `f` at `inputs` are right, to any order.

    Derivatives are compared with extrapolated central differences, and with the complex step where
    `f` is analytic. At a kink any value between the slopes of its two sides passes, provided that
    moving all inputs together gives the right sum. Besides: shapes and dtypes, also of a float32
    copy; neither inputs nor upstream gradients are written to; gradients have memory of their own;
    a stack of upstream gradients is pulled as each of them; persistent and other tapes, Variables
    and watched Tensors agree.

    Args:
        f: takes a Tensor for each input; returns a Tensor, or a nested structure of some, of any
            shape. Must give the same whenever it is called, so seed what is random in it.
        inputs: arrays; floats are taken in float64 and differentiated by, complex numbers by their
            real and imaginary parts; integers and booleans are data.
        order: 1 for the gradient, 2 for the gradient's gradient too, and so on.
        complex_step: True if it must work, None to use it where it does, False to leave it.
        rtol: relative deviation from the differences that passes.
        seed: of the upstream gradients and directions.

    Raises:
        GradientError: what is wrong, by which input, at which element, and by how much.
        TypeError: no input of floats, no Tensor of floats comes out of `f`, or the complex step is
            asked for where numbers are complex.
        ValueError: `f` is not finite at the inputs, or gives another value when called again.

    >>> import autodiff as ad
    >>> check_gradients(lambda x, y: ad.sin(x) * y, [0.5, 1.0], [[2.0], [3.0]])
    >>> try:
    ...     check_gradients(lambda x: ad.stop_gradient(x) * x, [3.0])
    ... except GradientError as error:
    ...     error.input, error.index, error.analytic / error.numeric
    ('input 0', (0,), 0.5)
    """
    name = str(getattr(f, "__name__", type(f).__name__))
    function, arrays, labels, real = prepare(name, f, inputs)
    if complex_step and not real:
        raise TypeError(f"{name}: the complex step needs real inputs and outputs")
    outputs = evaluate(function, arrays)
    for y, again in zip(outputs, evaluate(function, arrays), strict=True):
        if not np.isfinite(y).all():
            raise ValueError(f"{name}: f is not finite at these inputs: {y.tolist()}")
        if not np.array_equal(y, again):
            raise ValueError(f"{name}: f gives another value when it is called again; seed it")
    random = np.random.default_rng(seed)
    case = Case(
        name=name,
        function=function,
        arrays=arrays,
        labels=labels,
        upstream=[signed(random, y.shape) for y in outputs],
        random=random,
        rtol=rtol,
        complex_step=complex_step if real else False,
        parts=not real,
    )
    conventions(case)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        # a complex step that is dropped on the way must not pass for a derivative of 0
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        first_order(case)
        for _ in range(order - 1):
            case = next_order(case)
