"""The demo: what it learns, what it says, what it leaves behind."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import data
from bench import _mlp_data
from bench.__main__ import main
from bench.mlp import build, evaluate

FILES = ["digits.png", "loss.png", "neuron.svg", "training-step.svg", "weights.safetensors"]


def run(folder: Path, *arguments: str, dataset: str = "digits") -> dict[str, Any]:
    figures = folder.with_suffix(".json")
    options = ("--dataset", dataset, "--output", str(folder), "--json", str(figures))
    assert main(["mlp", *options, *arguments]) == 0
    loaded: dict[str, Any] = json.loads(figures.read_text(encoding="utf-8"))
    return loaded


def test_the_demo_learns_to_read_and_draws_what_it_learnt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "some" / "folder"
    folder.parent.mkdir()
    figures = run(folder)
    assert figures["accuracy"] >= 0.95
    assert sorted(path.name for path in folder.iterdir()) == FILES

    for name in ("loss.png", "digits.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert all(
        value in svg_text(folder / "neuron.svg")
        for value in ("w0", "2.00", "-0.20", "0.39", "-0.39", "-0.59", "0.73", "1.00", "exp", "1/x")
    )
    assert {"images", "dense/kernel", "dense_1/bias", "labels", "loss", "relu"} <= set(
        svg_text(folder / "training-step.svg")
    )

    digits = _mlp_data.choose("digits")
    model = build((8, 8), [128])
    model.load_weights(folder / "weights.safetensors")
    assert evaluate(model, digits)[1] == figures["accuracy"]

    said = capsys.readouterr().out
    assert "8×8 digits: 1,438 handwritten digits of 8×8 pixels to learn from" in said
    assert "Epoch 20/20: 45/45 - " in said
    assert f"{figures['accuracy']:.2%} of 359 held-out digits are read right" in said
    assert all(name in said for name in FILES)


def svg_text(path: Path) -> list[str]:
    return [text for element in ElementTree.parse(path).iter() if (text := element.text)]


def test_the_options_arrive(tmp_path: Path) -> None:
    figures = run(
        tmp_path / "out",
        *("--layers", "12,7", "--optimizer", "sgd", "--learning-rate", "0.25", "--batch", "100"),
        *("--epochs", "2", "--no-pictures"),
    )
    assert (figures["layers"], figures["learning_rate"]) == ([12, 7], 0.25)
    assert len(figures["epochs"]) == 2
    assert figures["seconds_per_epoch"] > 0
    model = build((8, 8), [12, 7])
    model.load_weights(tmp_path / "out" / "weights.safetensors")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["weights.safetensors"]


def test_a_seed_repeats_a_run_bit_for_bit(tmp_path: Path) -> None:
    runs = {}
    for name, seed in {"a": "3", "b": "3", "c": "4"}.items():
        figures = run(tmp_path / name, "--epochs", "1", "--no-pictures", "--seed", seed)
        weights = (tmp_path / name / "weights.safetensors").read_bytes()
        runs[name] = figures["epochs"][0]["loss"], figures["accuracy"], weights
    assert runs["a"] == runs["b"]
    assert runs["a"][2] != runs["c"][2]


def fake_mnist(time_limit: float = 0) -> Any:
    assert time_limit == 10
    rng = np.random.default_rng(0)
    y = np.arange(40, dtype=np.uint8) % 10
    x = rng.integers(0, 256, (40, 28, 28), np.uint8)
    return (x, y), (x[:10], y[:10])


def test_auto_takes_mnist_where_it_is_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data.mnist, "load_data", fake_mnist)
    figures = run(tmp_path / "out", "--epochs", "1", "--no-pictures", dataset="auto")
    assert figures["dataset"] == "MNIST"
    images = _mlp_data.choose("auto").x_train
    assert (images.min(), images.max(), str(images.dtype)) == (0, 1, "float32")


@pytest.mark.parametrize("error", [OSError("no mirror answered"), ValueError("corrupt file")])
def test_auto_takes_the_bundled_digits_otherwise_and_says_why(
    error: Exception,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(time_limit: float) -> Any:
        raise error

    monkeypatch.setattr(data.mnist, "load_data", fail)
    figures = run(tmp_path / "out", "--epochs", "1", "--no-pictures", dataset="auto")
    assert figures["dataset"] == "8×8 digits"
    assert f"{error}\nSo these are the smaller digits" in capsys.readouterr().out


def test_mnist_that_was_asked_for_and_is_not_there_ends_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> Any:
        raise OSError("no mirror answered")

    monkeypatch.setattr(data.mnist, "load_data", fail)
    with pytest.raises(SystemExit, match="no mirror answered"):
        main(["mlp", "--dataset", "mnist"])


def test_a_missing_package_costs_its_files_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    run(tmp_path / "out", "--epochs", "1")
    lost = {"loss.png", "digits.png"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*FILES} - lost
    said = capsys.readouterr().out
    assert said.count("pip install 'autodiff-tape[plots]'") == len(lost)


def test_nothing_half_written_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no space left"):
        run(tmp_path / "out", "--epochs", "1")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "letters"], "invalid choice: 'letters'"),
        (["--epochs", "0"], "--epochs: expected a whole number from 1 up, got '0'"),
        (["--batch", "ten"], "--batch: expected a whole number from 1 up, got 'ten'"),
        (["--layers", "16,,16"], "--layers: expected a whole number from 1 up, got ''"),
        (["--learning-rate", "nan"], "--learning-rate: expected a number above 0, got 'nan'"),
        (["--learning-rate", "fast"], "--learning-rate: expected a number above 0, got 'fast'"),
    ],
)
def test_wrong_options_are_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["mlp", *arguments])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.usefixtures("mnist_dir")
def test_mnist_is_learnt_to_97_5_percent(tmp_path: Path) -> None:
    assert run(tmp_path / "out", dataset="mnist")["accuracy"] >= 0.975
