"""check_gradients as users call it: what it takes, what it refuses, what it can tell."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.engine import _backward
from autodiff.engine._op import registry
from autodiff.testing import GradientError, check_gradients, sample_call
from autodiff.testing import _judge as judging

TIES = np.array([1.0, 3.0, 3.0, -1.0, 3.0])


def test_error_says_where_and_how_much() -> None:
    def f(x: ad.Tensor, y: ad.Tensor) -> ad.Tensor:
        return x * y + ad.stop_gradient(y) * [0.0, 1.0, 0.0]

    with pytest.raises(GradientError, match=r"^f: the derivative of order 1 by input 1") as caught:
        check_gradients(f, np.ones((2, 3)), [1.0, 2.0, 3.0])
    error = caught.value
    assert isinstance(error, AssertionError)
    assert (error.order, error.input, error.index) == (1, "input 1", (1,))
    assert error.analytic / error.numeric == pytest.approx(0.5)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_order_is_how_often_it_is_differentiated(order: int) -> None:
    def f(x: ad.Tensor) -> ad.Tensor:  # wrong from the third derivative on
        return x**3 * 0.5 + (ad.stop_gradient(x) - x) ** 3

    if order < 3:
        check_gradients(f, [1.5], order=order)
        return
    with pytest.raises(GradientError, match="order 3 by input 0"):
        check_gradients(f, [1.5], order=order)


def test_integers_and_booleans_are_data() -> None:
    check_gradients(lambda c, x: ad.where(c, x, 2 * x), [True, False], [1.0, 2.0])
    check_gradients(lambda x, k: x[k], [1.0, 2.0], np.array([1, 1, 0]))
    check_gradients(ad.softmax_cross_entropy, np.eye(3), np.array([0, 2, 1]))


def test_outputs_may_be_nested_and_inputs_scalars_or_tensors() -> None:
    def f(x: ad.Tensor, y: ad.Tensor) -> dict[str, Any]:
        return {"a": x * y, "b": (ad.sin(x), [y]), "how many": ad.asarray(2)}

    check_gradients(f, 0.5, ad.Tensor([1.0, 2.0]))
    check_gradients(f, np.float32(0.5), ad.Variable([[1.0]]), order=3)


def test_an_input_without_influence_has_no_gradient() -> None:
    check_gradients(lambda x, y: x * 2, [1.0], [2.0])
    check_gradients(lambda x: ad.ones((2,)), [1.0])


@pytest.mark.parametrize(
    ("f", "inputs", "error", "message"),
    [
        (lambda x: x, ([1, 2],), TypeError, "no input of floats"),
        (lambda x: x, (["a"],), TypeError, "expected numbers"),
        (lambda x: 3.0, ([1.0],), TypeError, "f returned float; expected Tensors"),
        (lambda x: x > 0, ([1.0],), TypeError, "no Tensor of floats"),
        (lambda x: x / ad.zeros((1,)), ([1.0],), ValueError, "not finite at these inputs"),
    ],
)
def test_what_cannot_be_checked_is_refused(
    f: Any, inputs: Any, error: type[Exception], message: str
) -> None:
    with np.errstate(all="ignore"), pytest.raises(error, match=message):
        check_gradients(f, *inputs)


def test_f_must_give_the_same_again() -> None:
    calls = itertools.count()
    with pytest.raises(ValueError, match="another value when it is called again"):
        check_gradients(lambda x: x * next(calls), [1.0])


# -- kinks and jumps ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "inputs"),
    [
        (ad.relu, ([-1.0, 0.0, 1.0],)),
        (ad.abs, ([-1.0, 0.0, 1.0],)),
        (ad.max, (TIES,)),
        (ad.min, (-TIES,)),
        (ad.maximum, (TIES, TIES)),
        (ad.minimum, (TIES, TIES[::-1])),
        (lambda x: ad.clip(x, -1, 3), (TIES,)),
    ],
)
def test_kinks_take_what_lies_between_the_slopes(f: Any, inputs: Any) -> None:
    check_gradients(f, *inputs, order=1)


@pytest.mark.parametrize("slope", [-0.1, 1.1])
def test_kinks_take_nothing_else(slope: float) -> None:
    def f(x: ad.Tensor) -> ad.Tensor:
        value = ad.stop_gradient(ad.relu(x))
        return value + slope * (x - ad.stop_gradient(x))

    with pytest.raises(GradientError, match="at this kink"):
        check_gradients(f, [0.0], order=1)


def test_steep_is_no_kink() -> None:
    def f(x: ad.Tensor) -> ad.Tensor:
        return ad.tanh(300 * x)

    check_gradients(f, [0.0, 0.001])
    with pytest.raises(GradientError, match="order 1"):
        check_gradients(lambda x: f(x) + 0.01 * ad.stop_gradient(x), [0.0, 0.001])


@pytest.mark.parametrize("f", [ad.sign, lambda x: ad.astype(x > 0, x.dtype) * x.shape[0]])
def test_jumps_have_no_derivative(f: Any) -> None:
    with pytest.raises(GradientError, match="do not settle"):
        check_gradients(f, [0.0], order=1)


def test_second_order_at_a_kink_has_no_derivative() -> None:
    with pytest.raises(GradientError, match=r"order 2 .* do not settle"):
        check_gradients(ad.relu, [0.0])


def test_second_order_through_first_order_kinks() -> None:
    check_gradients(lambda x: ad.relu(x) * x, [0.0], order=1)
    check_gradients(lambda x: ad.relu(x) ** 3, [0.0])


# -- what it can tell --------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-8, 1e-3, 1.0, 1e4])
def test_wrong_at_any_scale(scale: float) -> None:
    def f(x: ad.Tensor, slip: float = 0.0) -> ad.Tensor:
        return ad.exp(x / scale) + slip * ad.stop_gradient(x / scale)

    check_gradients(f, [0.5 * scale, -scale])
    with pytest.raises(GradientError, match="order 1"):
        check_gradients(lambda x: f(x, 1e-4), [0.5 * scale, -scale])


@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_values_of_any_size(scale: float) -> None:
    check_gradients(lambda x: scale * ad.sin(x), [0.5, 1.5, 0.0])
    with pytest.raises(GradientError):
        check_gradients(lambda x: scale * ad.sin(ad.stop_gradient(x)), [0.5, 1.5, 0.0])


@pytest.mark.parametrize("offset", [1e8, 1e12, 1e16])
def test_slopes_lost_in_rounding_are_not_believed(offset: float) -> None:
    with pytest.raises(GradientError):
        check_gradients(lambda x: ad.abs(ad.stop_gradient(x)) + offset, [0.5])
    if offset < 1e16:
        with pytest.raises(GradientError, match="do not settle"):
            check_gradients(lambda x: x + offset, [0.5])
        check_gradients(lambda x: x + offset, [0.5], complex_step=True)


def test_many_inputs_along_random_directions() -> None:
    x = np.linspace(-1, 1, 5000).reshape(50, 100)
    check_gradients(lambda x: ad.sum(ad.sin(x) * x, axis=0), x)
    nearly = np.ones(x.shape)
    nearly[20, 30] = 0.9

    def f(x: ad.Tensor) -> ad.Tensor:
        passed = x * nearly
        return ad.tanh(passed + ad.stop_gradient(x - passed))

    with pytest.raises(GradientError, match="input 0 along a random direction"):
        check_gradients(f, x)


# -- the complex step --------------------------------------------------------------------------


def tiny_slip(x: ad.Tensor) -> ad.Tensor:
    """Wrong by less than differences allow, by more than the complex step does."""
    return ad.sin(x) + 1e-7 * ad.stop_gradient(x)


def test_complex_step_sees_more_than_differences() -> None:
    check_gradients(tiny_slip, [1.0], complex_step=False)
    with pytest.raises(GradientError, match="the complex step gives"):
        check_gradients(tiny_slip, [1.0])


def test_complex_step_where_there_is_none() -> None:
    check_gradients(lambda x: ad.abs(x) * 2, [1.0])
    with pytest.raises(GradientError, match="does not take complex numbers"):
        check_gradients(lambda x: ad.abs(x) * 2, [1.0], complex_step=True)
    # takes complex numbers, but is not analytic
    check_gradients(lambda x: ad.abs(x) * x, [1.0])
    with pytest.raises(GradientError, match="is f analytic"):
        check_gradients(lambda x: ad.abs(x) * x, [1.0], complex_step=True)


#: ops that are not analytic, or not written so that complex numbers pass
REAL = {
    *("abs", "angle", "astype", "conj", "erf", "imag", "real", "relu", "sigmoid"),
    *("sigmoid_cross_entropy", "sign", "softplus", "atan2", "copysign", "hypot", "logaddexp"),
    *("nextafter", "remainder", "std", "var"),
    *("fft", "ifft", "rfft", "irfft", "eig"),  # complex themselves
    *(
        "slogdet",
        "pinv",
        "cholesky",
        "qr",
        "eigh",
        "svd",
        "vector_norm",
    ),  # adjoints, absolute values
    # SciPy has them for real numbers, or rounds otherwise for complex ones
    *("j0", "j1", "jv", "y0", "y1", "yn", "yv", "i0", "i0e", "i1", "i1e", "iv", "ive", "kv", "kve"),
    *("erfinv", "erfcinv", "ndtri", "logit", "log_expit", "entr", "rel_entr", "kl_div", "expi"),
    *("gamma", "rgamma", "gammaln", "gammasgn", "digamma", "polygamma", "beta", "betaln"),
    *("gammainc", "gammaincc", "gammaincinv", "gammainccinv", "betainc", "betaincinv"),
}


@pytest.mark.parametrize("name", [k for k, op in registry.items() if op.rules and k not in REAL])
def test_analytic_ops_take_the_complex_step(name: str) -> None:
    for seed in range(3):
        call = sample_call(registry[name], seed)
        check_gradients(call, *call.arrays, complex_step=True)


def test_the_complex_step_is_exact_to_rounding() -> None:
    assert judging.EXACT < 1e-8
    with pytest.raises(GradientError, match="the complex step gives"):
        check_gradients(lambda x: x * 2 + 1e-8 * ad.stop_gradient(x), [1.0])


# -- broken engines ------------------------------------------------------------------------------


def change_gradients(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Every tape's `gradient` gives `change(gradients, upstream)`."""
    right = ad.GradientTape.gradient

    def wrong(
        tape: Any, target: Any, sources: Any, upstream: Any, *args: Any, **kwargs: Any
    ) -> Any:
        return change(right(tape, target, sources, upstream, *args, **kwargs), upstream)

    monkeypatch.setattr(ad.GradientTape, "gradient", wrong)


def test_gradients_that_share_memory_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    check_gradients(ad.add, [1.0, 2.0], [3.0, 4.0])
    change_gradients(monkeypatch, lambda gradients, upstream: [gradients[0]] * 2)
    with pytest.raises(GradientError, match="input 0 shares memory with the gradient by input 1"):
        check_gradients(ad.add, [1.0, 2.0], [3.0, 4.0])


def test_gradients_that_are_the_upstream_gradient_are_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    check_gradients(ad.positive, [1.0, 2.0])
    change_gradients(monkeypatch, lambda gradients, upstream: upstream)
    with pytest.raises(GradientError, match="by input 0 shares memory with upstream 0"):
        check_gradients(ad.positive, [1.0, 2.0])


@pytest.mark.parametrize("walk", ["consume", "sweep"])
def test_walks_that_disagree_are_noticed(monkeypatch: pytest.MonkeyPatch, walk: str) -> None:
    right = getattr(_backward, walk)

    def wrong(*args: Any) -> Any:
        return {node: 2 * g for node, g in right(*args).items()}

    monkeypatch.setattr(_backward, walk, wrong)
    with pytest.raises(GradientError, match=r"with a persistent tape, but .* otherwise"):
        check_gradients(ad.sin, [1.0, 2.0])


def test_variables_that_are_not_as_good_are_noticed() -> None:
    with pytest.raises(GradientError, match=r"with Variables, but .* otherwise"):
        check_gradients(lambda x: x * (2 if isinstance(x, ad.Variable) else 1), [1.0, 2.0])
