"""MLPClassifier and MLPRegressor: what scikit-learn's checks do not ask."""

from __future__ import annotations

import copy
import pickle
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import nn
import optim
from nn.models import Sequential
from nn.sklearn import MLPClassifier, MLPRegressor

DIGITS, LABELS = load_digits(return_X_y=True)
X, Y = DIGITS[:300] / 16, LABELS[:300]
NUMBERS = np.stack([Y / 10, Y % 3], axis=1)


def fitted(kind: Any = MLPClassifier, y: Any = Y, **arguments: Any) -> Any:
    """Trained for 3 epochs, which are not enough."""
    model = kind(**{"hidden_layer_sizes": (6,), "max_iter": 3, "random_state": 0} | arguments)
    with pytest.warns(ConvergenceWarning, match="has not converged"):
        return model.fit(X, y)


def weights(model: Any) -> list[bytes]:
    return [w.tobytes() for w in (*model.coefs_, *model.intercepts_)]


def test_digits_are_read() -> None:
    model = MLPClassifier((64,), max_iter=40, early_stopping=True, random_state=0, batch_size=32)
    model.fit(DIGITS[:1400] / 16, LABELS[:1400])
    assert model.score(DIGITS[1400:] / 16, LABELS[1400:]) > 0.9
    assert isinstance(model.model_, Sequential)
    assert [layer.name for layer in model.model_.layers] == ["hidden_1", "output"]
    assert model.model_.count_params() == sum(w.size for w in (*model.coefs_, *model.intercepts_))


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
def test_the_dtype_is_that_of_the_samples(dtype: str) -> None:
    expected = dtype if dtype != "uint8" else "float64"
    x = DIGITS[:300].astype(dtype)
    model = MLPClassifier((5,), random_state=0, learning_rate_init=1e-4, tol=10.0).fit(x, Y)
    assert {w.dtype.name for w in (*model.coefs_, *model.intercepts_)} == {expected}
    assert model.predict_proba(x).dtype == expected
    numbers = MLPRegressor((5,), random_state=0, tol=1e9).fit(x, Y)
    assert numbers.predict(x).dtype == expected


def test_shapes_of_what_is_predicted() -> None:
    labels = (Y[:, None] == [1, 2, 3]).astype(int)
    for y, classes, shape in ((Y, 10, ()), (Y % 2, 2, ()), (labels, 3, (3,))):
        model = fitted(y=y)
        assert model.classes_.tolist() == list(range(classes))
        assert model.predict(X).shape == (300, *shape)
        p = model.predict_proba(X)
        assert p.shape == (300, classes)
        assert y.ndim == 2 or p.sum(axis=1) == pytest.approx(1)
        assert model.predict_log_proba(X) == pytest.approx(np.log(p))
    assert fitted(MLPRegressor, Y / 10).predict(X).shape == (300,)
    assert fitted(MLPRegressor, NUMBERS).predict(X).shape == (300, 2)


def test_classes_may_be_anything_that_is_sorted() -> None:
    names = np.array(["nought", "one", "two"])[Y % 3]
    model = fitted(y=names)
    assert model.classes_.tolist() == ["nought", "one", "two"]
    assert set(model.predict(X)) <= set(model.classes_)
    assert weights(model) == weights(fitted(y=Y % 3))


def test_with_early_stopping_the_best_weights_are_the_last_ones() -> None:
    model = MLPClassifier(
        (16,), early_stopping=True, learning_rate_init=0.1, n_iter_no_change=4, random_state=0
    )
    model.fit(X, Y)
    scores = model.validation_scores_ or []
    assert model.n_iter_ == len(scores) == len(model.loss_curve_) < model.max_iter
    assert model.best_validation_score_ == max(scores) > scores[-1]
    _, held = held_out(0.1)
    assert model.score(*held) == max(scores)


def held_out(part: float) -> Any:
    """The split that a perceptron with random_state=0 makes of X and Y."""
    from sklearn.model_selection import train_test_split

    random = np.random.RandomState(0)
    random.randint(2**31 - 1, size=4)  # for its weights and the order of the samples
    x, held, y, held_y = train_test_split(X, Y, test_size=part, random_state=random, stratify=Y)
    return (x, y), (held, held_y)


@pytest.mark.parametrize(("kind", "y"), [(MLPClassifier, Y), (MLPRegressor, NUMBERS)])
def test_calls_of_partial_fit_are_the_epochs_of_fit(kind: Any, y: Any) -> None:
    whole = fitted(kind, y, shuffle=False)
    model = clone(whole)
    for _ in range(3):
        model.partial_fit(X, y, **({"classes": range(10)} if kind is MLPClassifier else {}))
    assert weights(model) == weights(whole)
    assert model.loss_curve_ == whole.loss_curve_
    assert model.t_ == whole.t_ == 900


def test_partial_fit_knows_classes_that_come_later() -> None:
    model = MLPClassifier((6,), random_state=0)
    with pytest.raises(ValueError, match=r"classes must be passed on the first call"):
        model.partial_fit(X[:9], Y[:9])
    model.partial_fit(X[:9], np.ones(9, int), classes=[2, 1])
    model.partial_fit(X[:9], Y[:9] % 2 + 1)
    assert model.classes_.tolist() == [1, 2]
    with pytest.raises(ValueError, match=r"\[3\] are not those of the first call, \[1, 2\]"):
        model.partial_fit(X[:9], Y[:9], classes=[3])
    with pytest.raises(ValueError, match=r"has classes \[0, 3, .*not among .*\[1, 2\]"):
        model.partial_fit(X[:9], Y[:9])
    labels = (Y[:, None] == [1, 2]).astype(int)
    assert MLPClassifier().partial_fit(X, labels).predict(X).shape == labels.shape
    with pytest.raises(ValueError, match="early_stopping"):
        MLPRegressor(early_stopping=True).partial_fit(X, Y)


def test_a_warm_start_goes_on_and_the_others_begin_anew() -> None:
    model = fitted(warm_start=True)
    first = model.loss_curve_
    with pytest.warns(ConvergenceWarning):
        model.fit(X, Y)
    assert model.loss_curve_[:3] == first
    assert model.loss_curve_[3] < first[-1]
    assert (model.n_iter_, model.t_) == (3, 1800)
    for argument in ({"hidden_layer_sizes": (7,)}, {"activation": "tanh"}):
        with pytest.raises(ValueError, match=r"warm_start: hidden layers .* \[6\] of relu"):
            copy.deepcopy(model).set_params(**argument).fit(X, Y)
    model.set_params(warm_start=False)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, Y)
    assert model.loss_curve_ == first


def pickled(model: Any) -> Any:
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled])
@pytest.mark.parametrize(("kind", "y"), [(MLPClassifier, Y), (MLPRegressor, NUMBERS)])
def test_training_goes_on_in_a_copy(copied: Callable[[Any], Any], kind: Any, y: Any) -> None:
    model = fitted(kind, y, solver="sgd", learning_rate_init=0.1, batch_size=40)
    other = copied(model)
    before = weights(model)
    assert (other.predict(X) == model.predict(X)).all()
    other.partial_fit(X, y)
    assert weights(model) == before != weights(other)
    assert weights(model.partial_fit(X, y)) == weights(other)


def test_a_seed_repeats_and_nothing_else_is_drawn_from() -> None:
    assert weights(fitted()) == weights(fitted())
    assert weights(fitted(random_state=1)) != weights(fitted())
    state = np.random.RandomState(0)
    assert weights(fitted(random_state=state)) != weights(fitted(random_state=state))
    draws = []
    for between in (lambda: None, fitted):
        nn.utils.set_random_seed(5)
        between()
        draws.append(nn.initializers.get("normal")((3,)).numpy().tolist())
    assert draws[0] == draws[1]


def test_searches_and_pipelines() -> None:
    model = make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=8))
    model.set_params(mlpclassifier__random_state=0, mlpclassifier__learning_rate_init=0.02)
    grid = {
        "mlpclassifier__solver": ["adam", "rmsprop", optim.SGD(0.1, momentum=0.9)],
        "mlpclassifier__hidden_layer_sizes": [(8,), (8, 8)],
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        search = GridSearchCV(model, grid, cv=2).fit(X, Y)
        assert (cross_val_score(search.best_estimator_, X, Y, cv=2) > 0.5).all()
    assert pickle.loads(pickle.dumps(search)).best_score_ == search.best_score_


@pytest.mark.parametrize(
    ("solver", "kind", "rate"),  # the last one after 3 epochs of 2 steps
    [
        ("SGD", optim.SGD, 0.02),
        ("adamw", optim.AdamW, 0.02),
        ("rmsprop", optim.RMSprop, 0.02),
        (optim.Nadam(0.5), optim.Nadam, 0.5),
        (optim.SGD(optim.schedules.InverseTimeDecay(0.1, 3, 1.0)), optim.SGD, 0.1 / 3),
    ],
)
def test_every_optimizer_is_a_solver(solver: Any, kind: Any, rate: float) -> None:
    model = fitted(solver=solver, learning_rate_init=0.02)
    optimizer = model.model_.optimizer
    assert type(optimizer) is kind
    assert float(optimizer.learning_rate) == pytest.approx(rate)
    if not isinstance(solver, str):
        assert optimizer is not solver
        assert optimizer.built > solver.built


def test_every_activation_is_one() -> None:
    assert {
        fitted(activation=name).model_.layers[0].activation
        for name in ("logistic", "sigmoid", nn.activations.sigmoid)
    } == {nn.activations.sigmoid}
    assert fitted(activation="gelu").model_.layers[0].activation is nn.activations.gelu


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"solver": "lbfgs"}, "unknown optimizer 'lbfgs'"),
        ({"activation": "rely"}, "did you mean 'relu'"),
        ({"hidden_layer_sizes": (3, 0)}, "hidden_layer_sizes == 0, must be >= 1"),
        ({"hidden_layer_sizes": 2.5}, "hidden_layer_sizes must be an instance of int"),
        ({"alpha": -1}, "alpha == -1"),
        ({"batch_size": 0}, "batch_size == 0"),
        ({"batch_size": "all"}, "batch_size must be an instance of int"),
        ({"max_iter": 0}, "max_iter == 0"),
        ({"learning_rate": "fast"}, "unknown learning_rate 'fast'"),
        ({"learning_rate_init": -0.1}, "learning_rate must be a finite number from 0 up"),
        ({"validation_fraction": 1.0}, "validation_fraction == 1.0, must be < 1"),
        ({"early_stopping": True, "validation_fraction": 0.001}, "is 1; expected 2 samples"),
    ],
)
def test_arguments_that_cannot_be(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        MLPRegressor(**arguments).fit(X, Y)


def test_an_optimizer_with_state_is_refused() -> None:
    optimizer = optim.SGD(0.1)
    MLPClassifier(solver=optimizer, tol=10.0).fit(X, Y)
    optimizer.build([nn.models.Sequential([nn.layers.Dense(1, input_shape=(2,))]).weights[0]])
    with pytest.raises(ValueError, match="this SGD has taken steps already"):
        MLPClassifier(solver=optimizer).fit(X, Y)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_a_loss_that_leaves_the_numbers_is_an_error() -> None:
    model = MLPRegressor(solver="sgd", learning_rate_init=1e6, random_state=0)
    with pytest.raises(ValueError, match=r"the loss became (inf|nan) in epoch \d+: scale"):
        model.fit(X, 1e6 * Y)


@pytest.mark.parametrize("y", [np.zeros(300), np.full(300, "a")])
def test_one_class_is_nothing_to_learn(y: Any) -> None:
    with pytest.raises(ValueError, match="there is nothing to learn from fewer than two classes"):
        MLPClassifier().fit(X, y)


@pytest.mark.parametrize("weight", [[1.0], -np.ones(300), np.zeros(300), np.ones((300, 1))])
def test_weights_that_cannot_be(weight: Any) -> None:
    with pytest.raises(ValueError, match="sample_weight"):
        MLPClassifier().fit(X, Y, sample_weight=weight)


def test_lines_are_printed_where_they_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    fitted()
    assert capsys.readouterr().out == ""
    fitted(verbose=2)
    assert capsys.readouterr().out.count("loss: ") == 3


def test_without_scikit_learn_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("nn.sklearn")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn.utils.validation", None)
    with pytest.raises(ImportError, match=r"scikit-learn, 1\.6 or newer: pip install 'autodiff"):
        import nn.sklearn  # noqa: F401
