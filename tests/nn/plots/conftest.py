"""Pictures are drawn without a display, and closed after each test."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib
import pytest


@pytest.fixture(autouse=True)
def _without_a_display() -> Iterator[None]:
    matplotlib.use("Agg")
    from matplotlib import pyplot

    yield
    for number in pyplot.get_fignums():
        pyplot.figure(number).canvas.draw()  # what cannot be drawn is an error too
    pyplot.close("all")
