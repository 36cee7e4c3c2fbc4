"""detect_anomaly: the op, its operands and its line, forward and backward."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import autodiff as ad
from autodiff import GradientTape, Variable, detect_anomaly
from autodiff.engine._op import registry
from autodiff.testing import sample_call
from autodiff.testing.strategies import shapes, tensors

from ..smooth import functions

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def complaint(run: Callable[[], Any], **options: Any) -> str:
    with pytest.raises(FloatingPointError) as found, detect_anomaly(**options):
        run()
    return str(found.value)


def line_of(f: Callable[..., Any], text: str) -> str:
    lines, first = inspect.getsourcelines(f)
    (k,) = [k for k, line in enumerate(lines) if text in line]
    return f"recorded in line {first + k} of {__file__}:\n    {lines[k].strip()}"


# -- forward ---------------------------------------------------------------------------------------


def test_the_first_op_whose_result_is_not_finite() -> None:
    x = Variable(np.array([[1.0, 0.0], [2.0, -1.0]]))

    def run() -> None:
        with GradientTape():
            y = x * 2.0
            z = ad.log(y)
            ad.sum(z * z)

    text = complaint(run)
    assert text == (
        "detect_anomaly: forward, -inf at (0, 1), 2 of 4 elements, in the result of\n"
        "log of x float64[2, 2], " + line_of(run, "ad.log")
    )
    assert "nan at (1, 1), 1 of 4 elements" in complaint(run, infinities=False)


@pytest.mark.parametrize(
    ("f", "says"),
    [
        (lambda x: x / 0.0, "divide of x float32[2], y 0.0"),
        (lambda x: ad.concat([x, x * np.inf]), "multiply of x float32[2], y inf"),
        (lambda x: ad.concat([x, np.array([np.nan])]), "concat of float32[2], float64[1]"),
        (lambda x: ad.sum(x * 3e38), "multiply of"),
        (lambda x: ad.where(x > 1, x, np.inf), "where of condition bool[2], x float32[2], y inf"),
        (lambda x: ad.reshape(x - x, (1, 2)) / (x - x), "divide of x float32[1, 2], y float32[2]"),
    ],
)
def test_operands_are_named(f: Callable[[Any], Any], says: str) -> None:
    x = Variable([1.0, 2.0])

    def run() -> None:
        with GradientTape():
            f(x)

    assert says in complaint(run)


def test_a_leaf_that_is_not_finite_is_named_itself() -> None:
    w = Variable([1.0, np.nan], name="weights")

    def run() -> None:
        with GradientTape():
            ad.sum(w * 2.0)

    assert complaint(run) == (
        "detect_anomaly: Variable 'weights' of float32[2], "
        + line_of(run, "ad.sum")
        + "\nholds nan at (1,), 1 of 2 elements, before any op"
    )

    def watched() -> None:
        with GradientTape() as tape:
            tape.watch(ad.asarray(np.inf))

    assert "a Tensor of float32[]" in complaint(watched)


def test_the_scope_is_named() -> None:
    x = Variable(0.0)

    def run() -> None:
        with GradientTape() as tape, ad.name_scope("block"), ad.name_scope("dense"):
            y = ad.sqrt(x)
        tape.gradient(y, x)

    assert "sqrt of x float32[], in the scope 'block/dense', recorded in line" in complaint(run)


def test_integers_masks_and_finite_values_pass() -> None:
    x = Variable([1.0, 2.0])
    with detect_anomaly(infinities=False), GradientTape() as tape:
        y = ad.softmax(ad.where(ad.asarray([True, False]), x, -np.inf))[0] * ad.argmax(x)
    assert tape.gradient(y, x).tolist() == [0, 0]


# -- backward --------------------------------------------------------------------------------------


def wrong_backward(x: Any) -> Any:
    h = x * 2.0
    root = ad.sqrt(h)
    return ad.sum(root * 3.0)


@pytest.mark.parametrize("kind", ["once", "persistent", "nested"])
def test_the_first_op_whose_gradient_is_not_finite(kind: str) -> None:
    x = Variable(np.array([4.0, 0.0, 1.0]))

    def run() -> None:
        with GradientTape() as outer, GradientTape(persistent=kind == "persistent") as tape:
            y = wrong_backward(x)
            if kind == "nested":
                tape.gradient(y, x)
        if kind != "nested":
            del outer
            tape.gradient(y, x, output_gradients=1.0)

    assert complaint(run) == (
        "detect_anomaly: backward, inf at (1,), 1 of 3 elements, in the gradient by x of\n"
        "sqrt of x float64[3], " + line_of(wrong_backward, "ad.sqrt")
    )


def test_gradients_of_gradients_name_the_op_that_was_differentiated() -> None:
    x = Variable(0.0)

    def run() -> None:
        with GradientTape() as outer:
            with GradientTape() as tape:
                y = x**1.5
            g = tape.gradient(y, x)
        outer.gradient(g, x)

    text = complaint(run)
    assert "backward, inf at ()" in text
    assert "of the gradient of pow" in text.replace("\n", " ")
    assert line_of(run, "x**1.5") in text


def test_upstream_gradients_jacobians_and_functions_with_gradients_of_their_own() -> None:
    x = Variable(np.array([0.0, 1.0]))

    @ad.custom_gradient
    def broken(x: Any) -> Any:
        return x * 1.0, lambda upstream: upstream / 0.0

    @ad.recompute_grad
    def checkpointed(x: Any) -> Any:
        return ad.sqrt(x) * 2.0

    def upstream() -> None:
        with GradientTape() as tape:
            y = x * x
        tape.gradient(y, x, [1.0, np.nan])

    def custom() -> None:
        with GradientTape() as tape:
            y = broken(x)
        tape.gradient(y, x)

    def jacobian() -> None:
        with GradientTape() as tape:
            y = checkpointed(x)
        tape.jacobian(y, x)

    assert "output_gradients hold nan at (1,), 1 of 2" in complaint(upstream)
    text = complaint(custom)
    assert "in the gradient by args of\nbroken of float64[2]" in text
    assert line_of(custom, "broken(x)") in text
    assert line_of(checkpointed.__wrapped__, "ad.sqrt") in complaint(jacobian)  # type: ignore[attr-defined]


# -- everywhere ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, op in registry.items() if op.rules])
def test_every_op_names_itself(name: str) -> None:
    """With an operand of NaN an op that passes it on says so; all pass where nothing is wrong."""
    call = sample_call(registry[name], seed=3)
    xs = [Variable(a) if a.dtype.kind in "fc" else ad.Tensor(a) for a in call.arrays]
    with detect_anomaly(infinities=False), GradientTape():
        call(*xs)
    xs[0] = ad.Tensor(np.full_like(call.arrays[0], np.nan)) if len(xs) > 1 else xs[0]
    said = ""
    with detect_anomaly(infinities=False), GradientTape():
        try:
            y = call(*xs)
        except FloatingPointError as error:
            said = str(error)
        except (ValueError, np.linalg.LinAlgError):  # which refuse it themselves
            return
    if said:
        assert f"in the result of\n{name} of " in said
    elif isinstance(y, ad.Tensor) and y._token is not None:
        assert not np.isnan(np.asarray(y)).any()


@settings(max_examples=10)
@given(f=functions(), x=tensors(shapes(0, 2, 1)))
def test_what_is_finite_goes_through_unchanged(f: Any, x: ad.Tensor) -> None:
    def everything(x: Any) -> Any:
        g = lambda x: ad.sum(ad.sin(f(x)))  # noqa: E731
        return ad.grad(g)(x), ad.jacobian(f)(x), ad.hessian(g)(x), ad.hvp(g)(x, x)

    with detect_anomaly():
        found = everything(x)
    for a, b in zip(found, everything(x), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_flat_functions_run_op_by_op() -> None:
    x = Variable([1.0, 0.0])

    @ad.function
    def step() -> Any:
        with GradientTape() as tape:
            y = ad.sum(1.0 / x)
        return tape.gradient(y, x)

    step()
    assert line_of(step._f, "1.0 / x") in complaint(step)
    x.assign([1.0, 2.0])
    with detect_anomaly():
        assert step().tolist() == [-1, -0.25]


def test_it_may_begin_and_end_while_a_tape_records() -> None:
    x = Variable(np.array([4.0, 0.0]))
    with GradientTape(persistent=True) as tape:
        root = ad.sqrt(x)
        with detect_anomaly():
            y = root * 3.0
            with pytest.raises(FloatingPointError, match=r"backward, inf .*\nsqrt$"):
                tape.gradient(y, x)  # of what was recorded before, the name alone is known
        z = ad.log(x)
    assert tape.gradient(y, x).tolist() == [0.75, np.inf]
    assert tape.gradient(z, x).tolist() == [0.25, np.inf]


def test_it_nests_and_belongs_to_its_thread() -> None:
    x, errors = Variable(0.0), []

    def elsewhere() -> None:
        try:
            with GradientTape() as tape:
                y = ad.log(x)
            tape.gradient(y, x)
        except FloatingPointError as error:
            errors.append(error)

    checking = detect_anomaly()
    with checking:
        with detect_anomaly(infinities=False), checking, GradientTape():  # noqa: SIM117
            with pytest.raises(FloatingPointError):
                ad.log(x)
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        with GradientTape(), pytest.raises(FloatingPointError):
            ad.log(x)
    assert not errors
    elsewhere()
    assert not errors


def test_off_it_leaves_graphs_as_they_are() -> None:
    x = Variable(0.0)
    with GradientTape() as tape:
        x * x
    assert tape._graph is not None
    assert type(tape._graph.records) is list
