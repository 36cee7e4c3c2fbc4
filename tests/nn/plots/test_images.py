"""Digits, weights and batches on their way through a network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from sklearn.datasets import load_digits

import nn
from nn import plots
from nn.layers import Conv2D, Dense, Dropout, Flatten
from nn.models import Sequential
from nn.plots._canvas import FALSE, INK, TRUE

IMAGES = load_digits().images[:6] / 16
LABELS = load_digits().target[:6]


def picture(ax: Any) -> Any:
    return np.asarray(ax.images[0].get_array())


def test_digits_stand_beside_their_probabilities() -> None:
    p = np.full((6, 10), 0.05)
    guesses = [0, 1, 2, 3, 4, 7]  # the last one is a 5
    p[range(6), guesses] = 0.55
    axs = plots.digits(IMAGES, p, LABELS, columns=4)
    assert axs.shape == (6, 2)
    for k, (image, bars) in enumerate(axs):
        assert (picture(image) == IMAGES[k]).all()
        assert [bar.get_height() for bar in bars.patches] == p[k].tolist()
        colours = [bar.get_facecolor() for bar in bars.patches]
        expected = dict.fromkeys(range(10), INK) | {guesses[k]: FALSE} | {int(LABELS[k]): TRUE}
        assert colours == [to_rgba(expected[d]) for d in range(10)]
    titles = [bars.get_title() for _, bars in axs]
    assert titles[:1] + titles[-1:] == ["0: right, 55%", "5: taken for 7, 55%"]
    # six of four columns are two rows, and what is left over is gone
    assert len(axs[0, 0].figure.axes) == 12
    assert plots.digits(IMAGES, p)[5, 1].get_title() == "7, 55%"


def test_images_alone() -> None:
    axs = plots.digits(IMAGES[..., None], labels=np.eye(10)[LABELS], columns=3)
    assert [ax.get_title() for ax in axs] == list("012345")
    assert (picture(axs[3]) == IMAGES[3]).all()
    assert {ax.images[0].get_clim() for ax in axs} == {(0, 1)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"images": IMAGES[0]}, r"images has shape \(8, 8\); expected 3 axes"),
        ({"images": IMAGES[:0]}, "is empty"),
        ({"probabilities": np.ones((5, 10))}, r"rows: images \(6, 8, 8\), probabilities \(5, 10\)"),
        ({"probabilities": np.ones(6)}, r"probabilities has shape \(6,\); expected 2 axes"),
        ({"labels": [1, 2]}, r"labels \(2,\)"),
        ({"columns": 0}, "columns must be at least 1, got 0"),
    ],
)
def test_digits_that_cannot_be_drawn(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plots.digits(**{"images": IMAGES} | arguments)


def test_first_weights_are_pictures_of_what_they_look_at() -> None:
    model = Sequential([Flatten(input_shape=(4, 9)), Dropout(0.1), Dense(5), Dense(2)])
    kernel = model.layers[2].weights[0].numpy()
    for given in (model, kernel, model.layers[2]):
        shape = None if given is model else (4, 9)
        axs = plots.weights(given, shape, columns=3)
        assert axs.shape == (5,)
        for k, ax in enumerate(axs):
            assert (picture(ax) == kernel[:, k].reshape(4, 9)).all()
            assert ax.images[0].get_clim() == pytest.approx(
                (-np.abs(kernel).max(), np.abs(kernel).max())
            )
    assert picture(plots.weights(kernel)[0]).shape == (6, 6)
    with pytest.raises(ValueError, match="36 features are no image of 5×7"):
        plots.weights(kernel, (5, 7))
    with pytest.raises(ValueError, match="6 features are no image of 2×2; give shape="):
        plots.weights(np.ones((6, 2)))


def test_filters_are_pictures() -> None:
    layer = Conv2D(3, (2, 4), input_shape=(8, 8, 1))
    axs = plots.weights(Sequential([layer]))
    assert axs.shape == (3,)
    assert (picture(axs[1]) == layer.weights[0].numpy()[:, :, 0, 1]).all()
    with pytest.raises(ValueError, match=r"shape \(2, 2, 3, 4\); expected"):
        plots.weights(np.ones((2, 2, 3, 4)))
    with pytest.raises(ValueError, match="has no layer with weights"):
        plots.weights(Sequential([Flatten(input_shape=(2, 2))]))


@pytest.mark.parametrize("from_logits", [False, True])
def test_a_batch_flows_through_its_matrices(from_logits: bool) -> None:
    output = None if from_logits else "softmax"
    model = Sequential([Flatten(input_shape=(8, 8)), Dense(16, "relu"), Dropout(0.5)])
    model.add(Dense(10, output))
    axs = plots.flow(model, IMAGES, LABELS, from_logits)
    assert [ax.get_title().replace("\n", " ") for ax in axs[:-1]] == [
        *("x 6 × 64", "W₁ 64 × 16", "h₁ 6 × 16", "W₂ 16 × 10", "p 6 × 10", "truth 6 × 10")
    ]
    first, last = model.layers[1], model.layers[3]
    hidden = np.maximum(IMAGES.reshape(6, 64) @ first.weights[0].numpy(), 0)
    p = np.exp(hidden @ last.weights[0].numpy())
    p /= p.sum(axis=1, keepdims=True)
    for ax, values in zip(
        axs[:-1],
        (IMAGES.reshape(6, 64), first.weights[0], hidden, last.weights[0], p, np.eye(10)[LABELS]),
        strict=True,
    ):
        rows, columns = values.shape
        drawn = picture(ax)[:: -(-columns // rows), :: -(-rows // columns)]
        assert drawn == pytest.approx(np.asarray(values), abs=1e-5)
        assert tuple(ax.images[0].get_extent()) == (-0.5, columns - 0.5, rows - 0.5, -0.5)
    losses = -np.log(p[range(6), LABELS])
    assert [bar.get_width() for bar in axs[-1].patches] == pytest.approx(losses, abs=1e-5)
    loss = nn.losses.SparseCategoricalCrossentropy(from_logits)(LABELS, model(IMAGES))
    assert f"mean {float(loss):.3f}" in axs[-1].get_title()


def test_rows_of_a_batch_do_not_run_into_each_other() -> None:
    """784 columns are smoothed when they are drawn in a hundred pixels; ten rows are not."""
    x = np.zeros((10, 784), np.float32)
    x[::2] = 1
    model = Sequential([Dense(2, "softmax", input_shape=(784,))])
    ax = plots.flow(model, x, np.zeros(10, int))[0]
    ax.figure.canvas.draw()
    box = ax.get_window_extent()
    seen = np.asarray(ax.figure.canvas.buffer_rgba())[::-1, int(box.x0 + box.width / 2), 1]
    middles = (box.y0 + (np.arange(10) + 0.5) / 10 * box.height).astype(int)
    edges = (box.y0 + np.arange(1, 10) / 10 * box.height).astype(int)
    red, white = seen[middles[1]], seen[middles[0]]
    near = np.concatenate([seen[edges - 3], seen[edges + 3]])
    assert red < 20 < 230 < white
    assert np.isin(near, (red, white)).all()


def test_what_cannot_flow() -> None:
    x = np.ones((2, 4))
    one = Sequential([Dense(1, "sigmoid", input_shape=(4,))])
    with pytest.raises(ValueError, match=r"gives shape \(2, 1\); expected \(N, K\)"):
        plots.flow(one, x, [0, 1])
    three = Sequential([Dense(3, "softmax", input_shape=(4,))])
    with pytest.raises(ValueError, match="labels from 0 to 3 for 3 classes"):
        plots.flow(three, x, [0, 3])
    with pytest.raises(ValueError, match=r"rows: x \(2, 4\), labels \(3,\)"):
        plots.flow(three, x, [0, 1, 2])
    with pytest.raises(ValueError, match="has no Dense layers"):
        plots.flow(Sequential([Flatten(input_shape=(2, 2))]), np.ones((2, 2, 2)), [0, 1])
