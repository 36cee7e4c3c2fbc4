"""Texts that readers are shown, kept in `golden/`; and that they compute what they say."""

from __future__ import annotations

import difflib
import inspect
from typing import Any

import numpy as np
import pytest

import autodiff as ad

from .regenerate import COMMAND, FOLDER, NUMBERS, PROGRAMS, neuron, neuron_unfolded, text
from .texts import compiled


@pytest.mark.parametrize("name", PROGRAMS)
def test_texts_are_as_kept(name: str) -> None:
    kept = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    now = text(name)
    changed = "".join(difflib.unified_diff(kept.splitlines(True), now.splitlines(True)))
    assert now == kept, f"read the change; if it is as it should be, run {COMMAND}\n{changed}"


def test_there_are_no_others() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == {*PROGRAMS}


@pytest.mark.parametrize("f", [neuron, neuron_unfolded])
def test_the_neurons_numbers_are_the_slides(f: Any) -> None:
    program = compiled((FOLDER / f"{f.__name__}.txt").read_text(encoding="utf-8"))
    out, *gradients = program(*NUMBERS)
    assert f"{out:.2f}" == "0.73"
    assert [f"{g:.2f}" for g in gradients] == ["-0.20", "0.39", "-0.39", "-0.59", "0.20"]


def test_training_by_the_text_is_training() -> None:
    f, (x, y) = PROGRAMS["training_step"]()
    step = ad.function(f)
    program = compiled((FOLDER / "training_step.txt").read_text(encoding="utf-8"))
    variables = inspect.getclosurevars(f).nonlocals["parameters"]
    parameters = np.concatenate([v.numpy().ravel() for v in variables])
    iterations = np.array(0)
    state = {"learning_rate": np.float64(0.01), "iterations": iterations, "parameters": parameters}
    for _ in range(5):
        (loss,) = program(x, y, **state)
        assert float(step(x, y)) == loss
    expected = np.concatenate([v.numpy().ravel() for v in variables])
    np.testing.assert_array_equal(parameters, expected)
    assert iterations == 5
