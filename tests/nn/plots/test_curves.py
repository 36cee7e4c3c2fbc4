"""Numbers over epochs and steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nn import plots
from nn.layers import Dense
from nn.models import Sequential


def lines(ax: Any) -> dict[str, list[list[float]]]:
    return {line.get_label(): line.get_xydata().tolist() for line in ax.get_lines()}


def test_what_fit_reports_is_drawn() -> None:
    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile("sgd", "mse", metrics=["mae"])
    x, y = np.ones((20, 2)), np.arange(20.0)[:, None]
    history = model.fit(
        x, y, epochs=4, initial_epoch=1, verbose=0, validation_split=0.5, validation_freq=3
    )
    ax = plots.curves(history, "loss", "mae")
    drawn = lines(ax)
    assert list(drawn) == ["loss", "val_loss", "mae", "val_mae"]
    assert [point[0] for point in drawn["loss"]] == [2, 3, 4]
    assert [point[1] for point in drawn["mae"]] == history.history["mae"]
    assert len(drawn["val_loss"]) == 1
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == list(drawn)


def test_numbers_by_name() -> None:
    numbers = {"loss": [3.0, 2.0], "val_loss": [3.5, 2.5], "accuracy": [0.5, 0.6]}
    assert list(lines(plots.curves(numbers))) == ["loss", "val_loss"]
    assert lines(plots.curves(numbers, "accuracy")) == {"accuracy": [[1, 0.5], [2, 0.6]]}
    assert lines(plots.curves(numbers, "val_loss")) == {"val_loss": [[1, 3.5], [2, 2.5]]}
    with pytest.raises(ValueError, match="no number 'acc'; there is loss, val_loss, accuracy"):
        plots.curves(numbers, "acc")
    with pytest.raises(ValueError, match=r"loss of shape \(0,\) is empty"):
        plots.curves({"loss": []})


def test_losses_of_steps() -> None:
    losses = np.linspace(2.0, 1.0, 400)
    ax = plots.step_losses(losses.tolist(), epochs=4, held_out=[2.0, 1.7, 1.5, 1.2])
    drawn = lines(ax)
    assert drawn["each step"][99] == pytest.approx([1.0, losses[99]])
    assert drawn["mean of 4 steps"][0] == pytest.approx([0.04, losses[:4].mean()])
    assert drawn["mean of 4 steps"][-1] == pytest.approx([4.0, losses[-4:].mean()])
    assert drawn["held out"] == [[1, 2.0], [2, 1.7], [3, 1.5], [4, 1.2]]
    few = lines(plots.step_losses([3.0, 2.0, 1.5], epochs=3))
    assert few == {"each step": [[1, 3.0], [2, 2.0], [3, 1.5]]}
    with pytest.raises(ValueError, match="held_out has 1 losses for 4 epochs"):
        plots.step_losses(losses.tolist(), epochs=4, held_out=[1.0])
