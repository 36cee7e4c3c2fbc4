"""Functions of one and two variables, ways down, and confusion matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

import autodiff as ad
import optim
from nn import activations, plots
from nn.layers import Dense
from nn.models import Sequential

OF_ROWS = {"softmax", "log_softmax"}
#: glu takes rows of 2K numbers, threshold needs arguments
NAMES = sorted({*activations.__all__} - {"get", "glu", "threshold"})
#: they jump, which a difference quotient does not see
JUMPS = {"hard_shrink"}


def lines(ax: Any) -> dict[str, Any]:
    return {line.get_label(): line.get_xydata() for line in ax.get_lines()}


@pytest.mark.parametrize("name", NAMES)
def test_every_activation_has_its_derivative(name: str) -> None:
    drawn = lines(plots.activation(name, (-3.0, 3.0), resolution=601))
    title = next(label for label in drawn if label.startswith(f"{name}(x"))
    (x, y), slope = drawn[title].T, drawn["its derivative"][:, 1]
    if name in OF_ROWS:
        assert title == f"{name}(x, 0, 0)"
        rows = np.stack([x, 0 * x, 0 * x], axis=1)
        assert y == pytest.approx(activations.get(name)(rows).numpy()[:, 0])
    else:
        assert y == pytest.approx(np.asarray(activations.get(name)(x)))
    between = np.diff(y) / np.diff(x)
    mean = (slope[1:] + slope[:-1]) / 2
    smooth = np.abs(np.diff(slope)) < 0.03 * np.maximum(1, np.abs(mean))
    if name not in JUMPS:
        assert smooth.mean() > 0.98
        assert between[smooth] == pytest.approx(mean[smooth], abs=0.002, rel=0.002)


def test_activations_of_ones_own() -> None:
    def cube(x: Any) -> Any:
        return x**3

    drawn = lines(plots.activation(cube, (0.0, 2.0), resolution=3))
    assert drawn["cube(x)"].tolist() == [[0, 0], [1, 1], [2, 8]]
    assert drawn["its derivative"].tolist() == [[0, 0], [1, 3], [2, 12]]
    constant = lines(plots.activation(lambda x: ad.ones_like(x), resolution=3))
    assert constant["its derivative"][:, 1].tolist() == [0, 0, 0]
    drawn = lines(plots.activation("softmax", others=[2.0], resolution=3))
    assert drawn["softmax(x, 2)"][1, 1] == pytest.approx(1 / (1 + np.exp(2)))
    with pytest.raises(ValueError, match=r"gives shape \(\) for \(3,\); it is no activation"):
        plots.activation(ad.sum, resolution=3)
    with pytest.raises(ValueError, match="did you mean 'relu'"):
        plots.activation("rely")
    with pytest.raises(ValueError, match=r"extent is \(from, to\)"):
        plots.activation("relu", (1.0, 1.0))


def test_a_learnt_function_lies_beside_the_true_one_and_its_samples() -> None:
    model = Sequential([Dense(1, input_shape=(1,))])
    x, y = np.array([[0.5], [2.0]]), np.array([1.0, 3.0])
    drawn = lines(plots.learned_function(model, x, y, np.square, resolution=7))
    assert list(drawn) == ["samples", "true", "learnt"]
    assert drawn["samples"].tolist() == [[0.5, 1.0], [2.0, 3.0]]
    points = np.linspace(0.5, 2, 7)
    assert drawn["true"] == pytest.approx(np.stack([points, points**2], axis=1))
    kernel = model.weights[0].numpy()[0, 0]
    assert drawn["learnt"] == pytest.approx(np.stack([points, kernel * points], axis=1), rel=1e-5)
    assert list(lines(plots.learned_function(model, extent=(-1, 1)))) == ["learnt"]
    with pytest.raises(ValueError, match="samples are x and y; given one of them"):
        plots.learned_function(model, x)
    with pytest.raises(ValueError, match=r"one number per row of \(300, 1\), got \(300, 2\)"):
        plots.learned_function(lambda x: np.hstack([x, x]))


def bowl(x: Any, y: Any) -> Any:
    return 0.5 * x**2 + 5 * y**2


def test_optimizers_go_down_as_their_formulas_say() -> None:
    ways = {"slow": optim.SGD(0.05), "momentum": optim.SGD(0.05, momentum=0.5)}
    ax = plots.descent(bowl, {**ways, "points": [[-4, 1.5], [0, 0]]}, (-4.0, 1.5), steps=5)
    drawn = lines(ax)
    w, v = np.array([-4.0, 1.5]), np.zeros(2)
    slow, fast = [w], [w]
    for _ in range(5):
        slow.append(slow[-1] - 0.05 * slow[-1] * [1, 10])
        v = 0.5 * v - 0.05 * fast[-1] * [1, 10]
        fast.append(fast[-1] + v)
    assert drawn["slow"] == pytest.approx(np.array(slow))
    assert drawn["momentum"] == pytest.approx(np.array(fast))
    assert drawn["points"].tolist() == [[-4, 1.5], [0, 0]]
    everything = np.concatenate([slow, fast])
    assert ax.get_xlim()[0] < everything[:, 0].min()
    assert ax.get_ylim()[1] > everything[:, 1].max()
    with pytest.raises(ValueError, match="this SGD has taken steps already"):
        plots.descent(bowl, ways, (1.0, 1.0))


def test_contours_are_those_of_the_function() -> None:
    ax = plots.descent(
        bowl, [optim.SGD(0.01)], (1.0, 1.0), levels=[4.0, 1.0], extent=(-3, 3, -2, 2)
    )
    contours = ax.collections[0]
    for level, path in zip([1.0, 4.0], contours.get_paths(), strict=True):
        assert bowl(*np.asarray(path.vertices).T) == pytest.approx(level, rel=0.01)
    assert "SGD, rate 0.01" in lines(ax)
    for f, message in ((lambda x, y: 1.0, "f gives shape"), (bowl, "no way to draw")):
        ways: dict[str, Any] = {} if f is bowl else {"points": [[0.0, 0.0]]}
        with pytest.raises(ValueError, match=message):
            plots.descent(f, ways, (1.0, 1.0))
    with pytest.raises(TypeError, match="expected optimizers, or ways by name; got 'sgd'"):
        plots.descent(bowl, ["sgd"], (1.0, 1.0))  # type: ignore[list-item]


def test_rates_on_a_curve() -> None:
    def f(x: Any) -> Any:
        return 2 * x**2

    drawn = lines(
        plots.descent_on_curve(f, {"best": optim.SGD(1 / 4), "large": optim.SGD(0.45)}, 3.0, 2)
    )
    # the best step is |f'| / f'', and there the bottom is reached at once
    assert drawn["best"].tolist() == [[3, 18], [0, 0], [0, 0]]
    with pytest.raises(ValueError, match=r"f gives shape \(\) for arguments of shape \(400,\)"):
        plots.descent_on_curve(lambda x: ad.sum(x), [optim.SGD(0.1)], 1.0)
    assert drawn["large"] == pytest.approx(np.array([[3, 18], [-2.4, 11.52], [1.92, 7.3728]]))


SMALL = st.integers(-8, 8).map(lambda n: n / 4)


@settings(max_examples=20)
@given(st.tuples(SMALL, SMALL, SMALL, SMALL), SMALL)
def test_the_best_step_ends_below_the_parabola_that_touches_the_curve(
    coefficients: tuple[float, ...], x: float
) -> None:
    f = np.polynomial.Polynomial(coefficients)
    value, slope, curvature = f(x), f.deriv()(x), f.deriv(2)(x)

    def drawn(ax: Any) -> Any:
        a, b, c, d = coefficients
        return plots.best_step(lambda x: a + b * x + c * x**2 + d * x**3, x, ax=ax)

    if curvature <= 0 or slope == 0:
        with pytest.raises(ValueError, match=r"no best step from .*: f′ is .* and f″ is"):
            drawn(Figure().add_subplot())
        return
    curve, parabola, step, *_ = (line.get_xydata() for line in drawn(Figure().add_subplot()).lines)
    assert curve[:, 1] == pytest.approx(f(curve[:, 0]), abs=1e-9)
    assert step[0] == pytest.approx([x, value])
    assert step[1] == pytest.approx([x - slope / curvature, value - slope**2 / 2 / curvature])
    assert parabola[:, 1].min() >= step[1, 1] - 1e-9
    near = np.abs(parabola[:, 0] - x) <= 0.02 * np.abs(step[1, 0] - x)
    cubic = abs(coefficients[3]) * np.abs(parabola[near, 0] - x) ** 3
    assert np.all(np.abs(parabola[near, 1] - f(parabola[near, 0])) <= cubic + 1e-9)


def test_one_number_is_no_curve() -> None:
    with pytest.raises(ValueError, match=r"f gives shape \(\) for arguments of shape \(1,\)"):
        plots.best_step(lambda x: ad.sum(x * x), 1.0)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40))
def test_confusions_are_counted(pairs: list[tuple[int, int]]) -> None:
    truth, guess = np.array(pairs).T
    ax = plots.confusion_matrix(truth, guess, names=list("abcde"), ax=Figure().add_subplot())
    counts = sklearn.metrics.confusion_matrix(truth, guess, labels=range(5))
    texts = [text.get_text() for text in ax.texts]
    assert texts == [str(count) if count else "" for count in counts.reshape(-1)]
    assert ax.get_title() == f"{np.mean(truth == guess):.1%} right"
    parts = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    assert np.asarray(ax.images[0].get_array()) == pytest.approx(parts)
    assert [label.get_text() for label in ax.get_yticklabels()] == list("abcde")


def test_scores_and_one_hot_rows_are_classes_too() -> None:
    p = np.array([[0.2, 0.8, 0.0], [0.6, 0.3, 0.1]])
    whole = plots.confusion_matrix([[1], [1]], p)
    parts = plots.confusion_matrix(np.eye(3)[[1, 1]], p, normalise=True)
    assert [text.get_text() for text in whole.texts] == ["", "", "", "1", "1", "", "", "", ""]
    assert [text.get_text() for text in parts.texts][3:5] == ["0.50", "0.50"]


@pytest.mark.parametrize(
    ("truth", "guess", "names", "message"),
    [
        ([0, 1], [0], None, r"y_true \(2,\), y_pred \(1,\)"),
        ([0, -1], [0, 1], None, "y_true holds int64; expected integers from 0 up"),
        ([0, 1], [0.5, 1], None, "y_pred holds float64"),
        (["a"], ["a"], None, "y_true holds <U1"),
        ([0, 2], [0, 1], ["a", "b"], "2 names for 3 classes"),
        (np.ones((2, 2, 2)), [0, 1], None, r"y_true has shape \(2, 2, 2\)"),
    ],
)
def test_confusions_that_cannot_be(truth: Any, guess: Any, names: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plots.confusion_matrix(truth, guess, names)
