"""The lectures' listings, with nothing but their edits, on digits of scikit-learn and on MNIST."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import data
import nn
from data import synthetic
from tests.nn import listings
from tests.nn.listings import EDITS, edited

#: listing, epochs and least accuracy on MNIST, after which its own epochs and the digits' accuracy
TARGETS = {
    "SIXTEEN": (5, 0.938, 8, 0.80),
    "LOGITS": (5, 0.975, 8, 0.90),
    "ONE_HOT": (5, 0.977, 8, 0.85),
    "SIGMOID": (20, 0.970, 20, 0.85),
    "LENET": (5, 0.988, 3, 0.90),
}
PARAMETERS = {
    "SIXTEEN": 13_002,
    "LOGITS": 101_770,
    "ONE_HOT": 407_050,
    "SIGMOID": 79_510,
    "LENET": 61_706,
}


def run(listing: str, **given: Any) -> dict[str, Any]:
    """The names after a listing was run with these given."""
    names = dict(given)
    exec(edited(listing), names)
    return names


def model_of(names: dict[str, Any]) -> Any:
    return names.get("model", names.get("network"))


@pytest.fixture
def small_mnist(monkeypatch: pytest.MonkeyPatch) -> None:
    """Digits of 8×8 pixels, drawn 28×28, in place of MNIST."""
    pytest.importorskip("sklearn", reason="has the digits: pip install 'autodiff-tape[datasets]'")

    def load_data() -> Any:
        (x, y), (x_test, y_test) = data.digits.load_data()

        def drawn(x: Any) -> Any:
            wide = np.kron(x * 15, np.ones((1, 3, 3), np.uint8))
            return np.pad(wide, ((0, 0), (2, 2), (2, 2))).astype(np.uint8)

        return (drawn(x), y), (drawn(x_test), y_test)

    monkeypatch.setattr(data.mnist, "load_data", load_data)


def check_recipe(name: str, epochs: int, least: float, train: int) -> float:
    nn.utils.set_random_seed(0)
    names = run(getattr(listings, name), EPOCHS=epochs, TRAIN=train)
    model = model_of(names)
    assert model.count_params() == PARAMETERS[name]
    history = names["history"].history
    assert len(history["loss"]) == len(history["accuracy"]) == epochs
    assert history["loss"][-1] < history["loss"][0]
    p = names["probabilities"]
    assert p.shape == (10, 10)
    assert p.sum(axis=1) == pytest.approx(np.ones(10), abs=1e-5)
    assert names["test_accuracy"] >= least, names["test_accuracy"]
    return float(names["test_accuracy"])


@pytest.mark.parametrize("name", TARGETS)
def test_recipes_on_small_digits(
    name: str, small_mnist: None, capsys: pytest.CaptureFixture[str]
) -> None:
    _, _, epochs, least = TARGETS[name]
    check_recipe(name, epochs, least, train=1200)
    out = capsys.readouterr().out
    assert f"Epoch {epochs}/{epochs}: " in out
    if name == "SIGMOID":
        assert re.search(r"dense \(Dense\) +│ \(None, 100\) +│ +78,500 │", out)
        assert re.search(r"dense_1 \(Dense\) +│ \(None, 10\) +│ +1,010 │", out)
        assert " Total params: 79,510 (310.59 KB)" in out


@pytest.mark.long
@pytest.mark.parametrize("name", TARGETS)
def test_recipes_on_mnist(name: str, mnist_dir: Path) -> None:
    epochs, least, _, _ = TARGETS[name]
    check_recipe(name, epochs, least, train=50_000)


def test_a_second_model_ends_at_the_hidden_layer(small_mnist: None) -> None:
    names = run(listings.SIGMOID, EPOCHS=1, TRAIN=1200)
    kernel, bias = names["model"].layers[0].get_weights()
    expected = 1 / (1 + np.exp(-(names["x_test"][:10] @ kernel + bias)))
    assert names["activations"] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_plane_is_learnt_as_well_as_can_be(seed: int) -> None:
    x, y = synthetic.hill(400, seed=seed)
    nn.utils.set_random_seed(2)  # one start in four ends in a local minimum, in Keras too
    side = np.linspace(0, 1, 21, dtype=np.float32)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    names = run(listings.PLANE, x=x, y=y, grid=grid)
    assert len(names["losses"]) == 1000
    assert int(names["model"].optimizer.iterations) == 1000 * 4
    best = ((synthetic.hill_probability(x) > 0.5) == y).mean()
    assert names["accuracy"] >= best - 0.04
    assert names["maps"].shape == (441, 4)
    middle = np.abs(grid - 0.5).max(axis=1) < 0.1
    assert names["regions"][middle].mean() > 0.9
    corners = (np.abs(grid - 0.5).min(axis=1)) > 0.45
    assert not names["regions"][corners].any()


def test_the_curve_is_learnt() -> None:
    x, y = synthetic.curve(200, f=lambda x: np.sin(np.pi * x), noise=0.0)
    nn.utils.set_random_seed(0)
    names = run(listings.CURVE, x=x, y=y)
    assert np.abs(names["learned"] - y).max() < 0.15
    assert names["history"].history["loss"][-1] < 0.002


def test_the_board_of_the_lecture(tmp_path: Path) -> None:
    pytest.importorskip(
        "tensorboardX", reason="writes event files: pip install 'autodiff-tape[tensorboard]'"
    )
    x, y = synthetic.hill(80)
    run(listings.BOARD, x=x, y=y, LOGS=tmp_path)
    assert {path.parent.name for path in tmp_path.rglob("events*")} == {"train", "validation"}


def test_edits_are_imports_and_renamed_arguments() -> None:
    for old, new in EDITS.items():
        assert re.match(r"from keras[\w.]* import|\(lr=", old), old
        assert "import" in new or new == "(learning_rate="
    texts = [text for name, text in vars(listings).items() if name.isupper() and name != "EDITS"]
    for text in texts:
        for before, after in zip(text.splitlines(), edited(text).splitlines(), strict=True):
            same = before.replace("lr=", "learning_rate=") == after
            assert same or re.match("from keras", before)
