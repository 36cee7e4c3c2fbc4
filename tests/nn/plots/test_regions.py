"""Models of two features over the plane."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.svm import SVC

from nn import plots
from nn.layers import Dense
from nn.models import Sequential
from nn.plots._canvas import colours
from nn.sklearn import MLPClassifier

RNG = np.random.default_rng(0)
X = RNG.random((60, 2))
Y = (X[:, 0] > 0.5).astype(int)
CORNERS = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
THREE = np.square(X[:, None] - CORNERS).sum(axis=-1).argmin(axis=1)


def picture(ax: Any) -> NDArray[Any]:
    return np.asarray(ax.images[0].get_array())


def face_colours(collection: Any) -> NDArray[Any]:
    return np.asarray(collection.get_facecolor())[:, :3]


def by_distance(points: NDArray[Any]) -> NDArray[Any]:
    """Logits of three classes, each around a corner."""
    return -9 * np.square(points[:, None] - CORNERS).sum(axis=-1)


def test_two_classes_share_the_square_where_they_are_as_probable() -> None:
    ax = plots.decision_regions(lambda points: points[:, 0], X, Y, resolution=50)
    shades = picture(ax)
    first, second = colours(2)
    assert shades.shape == (50, 50, 3)
    # the probability of a class is that of its place: full strength where it is 1
    assert shades[:, 0] == pytest.approx(np.tile(1 - 0.75 * 0.98 * (1 - first), (50, 1)))
    assert shades[:, -1] == pytest.approx(np.tile(1 - 0.75 * 0.98 * (1 - second), (50, 1)))
    assert shades[0, 24:26].min() > 0.98
    (border,) = (np.asarray(line.vertices) for line in ax.collections[0].get_paths())
    assert border[:, 0] == pytest.approx(0.5, abs=1e-6)
    scattered = ax.collections[-1]
    assert np.asarray(scattered.get_offsets()) == pytest.approx(X)
    assert face_colours(scattered) == pytest.approx(colours(2)[Y])


@pytest.mark.parametrize("form", ["column", "two columns", "logits", "labels"])
def test_two_classes_may_be_told_in_any_form(form: str) -> None:
    def model(points: NDArray[Any]) -> NDArray[Any]:
        logits = 20 * (points[:, :1] - 0.5)
        p = 1 / (1 + np.exp(-logits))
        forms = {"column": p, "two columns": np.hstack([1 - p, p]), "logits": logits}
        return forms[form] if form in forms else (p[:, 0] > 0.5).astype(int)

    ax = plots.decision_regions(model, X, np.eye(2)[Y], from_logits=form == "logits", resolution=50)
    shades = picture(ax)
    redder = shades[..., 0] > shades[..., 2]  # orange against blue
    assert redder[:, 25:].all()
    assert not redder[:, :25].any()
    edges = np.asarray(ax.collections[0].get_paths()[0].vertices)[:, 0]
    assert edges == pytest.approx(0.5, abs=0.02)


def test_several_classes_are_coloured_by_the_most_probable() -> None:
    ax = plots.decision_regions(by_distance, X, THREE, from_logits=True, resolution=40)
    middles = (np.arange(40) + 0.5) / 40
    points = np.stack(np.meshgrid(middles, middles), axis=-1)
    distances = np.square(points[:, :, None] - CORNERS).sum(axis=-1)
    nearest, hue = distances.argmin(axis=-1), 1 - picture(ax)
    away = np.diff(np.sort(distances, axis=-1)[..., :2])[..., 0] > 0.01
    for k, colour in enumerate(1 - colours(3)):
        found = hue[away & (nearest == k)]
        assert len(found) > 100
        assert found / found.max(axis=1, keepdims=True) == pytest.approx(
            np.tile(colour / colour.max(), (len(found), 1)), abs=1e-6
        )


@pytest.mark.parametrize("labels", [Y, THREE, np.array(["left", "right"])[Y]], ids=str)
@pytest.mark.parametrize(
    "estimator", [SVC(), MLPClassifier((8,), learning_rate_init=0.1, tol=0.01, random_state=0)]
)
def test_estimators_and_their_classes(estimator: Any, labels: Any) -> None:
    estimator.fit(X, labels)
    ax = plots.decision_regions(estimator, X, labels, resolution=20)
    classes, numbers = np.unique(labels, return_inverse=True)
    drawn = face_colours(ax.collections[-1])
    assert drawn == pytest.approx(colours(len(classes))[numbers])
    middles = ((np.arange(20) + 0.5) / 20).astype(np.float32)
    said = estimator.predict(np.stack(np.meshgrid(middles, middles), axis=-1).reshape(-1, 2))
    hue = 1 - picture(ax).reshape(-1, 3)
    sure = hue.max(axis=1) > 0.02
    assert sure.mean() > 0.5
    expected = 1 - colours(len(classes))[np.searchsorted(classes, said)]
    assert (hue.argmax(axis=1) == expected.argmax(axis=1))[sure].all()


def test_models_are_asked_and_all_points_are_seen() -> None:
    model = Sequential([Dense(3, "softmax", input_shape=(2,))])
    assert plots.decision_regions(model, X, THREE, resolution=9).get_xlim() == (0, 1)
    ax = plots.decision_regions(model, 10 * X - 5, THREE, resolution=9)
    low, high = (10 * X - 5).min(axis=0), (10 * X - 5).max(axis=0)
    assert ax.get_xlim()[0] < low[0] < high[0] < ax.get_xlim()[1]
    assert ax.get_ylim()[0] < low[1] < high[1] < ax.get_ylim()[1]
    assert plots.decision_regions(model, extent=(0, 2, -1, 1), resolution=9).get_ylim() == (-1, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": X[:, :1]}, r"x has shape \(60, 1\); expected points"),
        ({"y": Y}, "there is no x"),
        ({"x": X, "y": Y[1:]}, r"rows: x \(60, 2\), y \(59,\)"),
        ({"x": X, "y": Y + 1}, r"y has the classes \[1, 2\]; the model tells 2 apart"),
        ({"model": lambda points: 9 * points}, "from_logits=True"),
        ({"model": lambda points: points[1:]}, r"gives shape \(24, 2\) for 25 points"),
        ({"model": None}, "expected a model or a function of points"),
        ({"extent": (1, 0, 0, 1)}, r"extent is \(left, right, bottom, top\)"),
    ],
)
def test_what_cannot_be_drawn(arguments: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"model": lambda points: points[:, 0], "resolution": 5} | arguments
    with pytest.raises((ValueError, TypeError), match=message):
        plots.decision_regions(**given)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_each_unit_of_a_hidden_layer_has_a_map(activation: str) -> None:
    model = Sequential([Dense(5, activation, name="h", input_shape=(2,)), Dense(1)])
    axs = plots.hidden_maps(model, "h", extent=(-1, 1, 0, 3), resolution=10, columns=3)
    assert axs.shape == (5,)
    across, up = -1 + 2 * (np.arange(10) + 0.5) / 10, 3 * (np.arange(10) + 0.5) / 10
    points = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    values = model.layers[0](points).numpy().reshape(10, 10, 5)
    for k, ax in enumerate(axs):
        assert picture(ax) == pytest.approx(values[..., k], abs=1e-6)
        assert ax.images[0].get_clim() == axs[0].images[0].get_clim()
        assert ax.get_title() == f"h, unit {k + 1}"
    low, high = axs[0].images[0].get_clim()
    assert low == pytest.approx(-high if activation == "tanh" else values.min())
    assert max(-low, high) >= np.abs(values).max()
    assert (picture(plots.hidden_maps(model, 0, resolution=4)[0])).shape == (4, 4)
    with pytest.raises(ValueError, match="has no layer 'g'"):
        plots.hidden_maps(model, "g")
