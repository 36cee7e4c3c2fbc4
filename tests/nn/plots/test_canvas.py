"""What all pictures share: where they are drawn, and that matplotlib is asked for late."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure

import optim
from nn import plots
from nn.layers import Dense
from nn.models import Sequential


def net(features: int = 2) -> Sequential:
    return Sequential([Dense(4, "sigmoid", input_shape=(features,)), Dense(2, "softmax")])


ON_AXES: list[Callable[..., Any]] = [
    lambda **where: plots.curves({"loss": [2.0, 1.0]}, **where),
    lambda **where: plots.step_losses([2.0, 1.0], **where),
    lambda **where: plots.decision_regions(net(), resolution=5, **where),
    lambda **where: plots.confusion_matrix([0, 1], [0, 1], **where),
    lambda **where: plots.activation("tanh", **where),
    lambda **where: plots.learned_function(lambda x: x, **where),
    lambda **where: plots.descent(lambda x, y: x * y, [optim.SGD(0.1)], (1.0, 1.0), 2, **where),
    lambda **where: plots.descent_on_curve(lambda x: x * x, [optim.SGD(0.1)], 1.0, 2, **where),
    lambda **where: plots.best_step(lambda x: x * x, 1.0, **where),
]
IN_FIGURES: list[Callable[..., Any]] = [
    lambda **where: plots.digits(np.eye(3)[None], np.eye(2)[:1], [0], **where),
    lambda **where: plots.weights(np.ones((4, 3)), **where),
    lambda **where: plots.hidden_maps(net(), resolution=5, **where),
    lambda **where: plots.flow(net(), np.ones((3, 2)), [0, 1, 1], **where),
]


def test_every_function_is_here() -> None:
    assert len(plots.__all__) == len(ON_AXES) + len(IN_FIGURES)


@pytest.mark.parametrize("draw", ON_AXES)
def test_given_axes_are_drawn_on(draw: Callable[..., Any]) -> None:
    figure = Figure()
    ax = figure.add_subplot()
    assert draw(ax=ax) is ax
    assert ax.has_data()
    assert pyplot.get_fignums() == []
    other = draw()
    assert pyplot.get_fignums() == [1]
    assert other.figure is pyplot.figure(1)


@pytest.mark.parametrize("draw", IN_FIGURES)
def test_given_figures_are_drawn_in(draw: Callable[..., Any]) -> None:
    figure: Any = Figure(layout="constrained")
    left, right = figure.subfigures(1, 2)
    axs = draw(figure=right)
    assert {ax.figure for ax in axs.flat} == {right}
    assert not left.axes
    assert all(ax.has_data() for ax in axs.flat)
    assert pyplot.get_fignums() == []
    assert draw().shape == axs.shape
    assert pyplot.get_fignums() == [1]


@pytest.mark.parametrize("draw", [*ON_AXES, *IN_FIGURES])
def test_without_matplotlib_it_says_what_is_missing(
    draw: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'autodiff-tape\[plots\]'"):
        draw()
