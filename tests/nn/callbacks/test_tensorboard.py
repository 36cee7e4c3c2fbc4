"""Event files, read back by TensorBoard's own reader."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from nn.callbacks import TensorBoard
from nn.layers import Dense, Input, concatenate
from nn.models import Model, Sequential

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the reader's

X = np.random.default_rng(4).normal(size=(25, 6)).astype(np.float32)
Y = X[:, :1]


@pytest.fixture
def read() -> Any:
    """The function from a folder to TensorBoard's view of its events."""
    for package, extra in (("tensorboardX", "'autodiff-tape[tensorboard]'"), ("tensorboard",) * 2):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: pip install {extra}")
    events = importlib.import_module("tensorboard.backend.event_processing.event_accumulator")

    def read(folder: Path) -> Any:
        found = events.EventAccumulator(str(folder), {"histograms": 0, "tensors": 0})
        found.Reload()
        return found

    return read


def build() -> Sequential:
    nn.utils.set_random_seed(3)
    model = Sequential([Input((6,)), Dense(4, "relu"), Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    return model


def scalars(events: Any) -> dict[str, list[tuple[int, float]]]:
    return {
        tag: [(event.step, event.value) for event in events.Scalars(tag)]
        for tag in events.Tags()["scalars"]
    }


def test_scalars_are_the_history(tmp_path: Path, read: Any) -> None:
    model = build()
    board = TensorBoard(tmp_path)
    history = model.fit(
        X, Y, 10, epochs=3, verbose=0, validation_data=(X, Y), callbacks=[board]
    ).history
    for run, prefix in (("train", ""), ("validation", "val_")):
        found = scalars(read(tmp_path / run))
        assert set(found) == {"epoch_loss", "epoch_mae"}
        for name in ("loss", "mae"):
            steps, values = zip(*found[f"epoch_{name}"], strict=True)
            assert steps == (0, 1, 2)
            assert values == pytest.approx(history[prefix + name], rel=1e-6)


@pytest.mark.parametrize(("freq", "steps"), [("batch", [1, 2, 3, 4, 5, 6]), (2, [2, 5])])
def test_scalars_of_steps(tmp_path: Path, read: Any, freq: Any, steps: list[int]) -> None:
    board = TensorBoard(tmp_path, update_freq=freq)
    build().fit(X, Y, 10, epochs=2, verbose=0, callbacks=[board])
    found = scalars(read(tmp_path / "train"))
    assert [step for step, _ in found["batch_loss"]] == steps


def test_histograms_hold_the_weights(tmp_path: Path, read: Any) -> None:
    model = build()
    model.fit(X, Y, epochs=4, verbose=0, callbacks=[TensorBoard(tmp_path, histogram_freq=2)])
    found = read(tmp_path / "train")
    assert found.Tags()["histograms"] == [
        *("dense/kernel/histogram", "dense/bias/histogram"),
        *("dense_1/kernel/histogram", "dense_1/bias/histogram"),
    ]
    events = found.Histograms("dense/kernel/histogram")
    assert [event.step for event in events] == [1, 3]
    kernel, last = model.get_weights()[0], events[-1].histogram_value
    assert last.num == kernel.size
    assert (last.min, last.max) == pytest.approx((kernel.min(), kernel.max()), rel=1e-6)
    assert (last.sum, last.sum_squares) == pytest.approx(
        (kernel.sum(), np.square(kernel).sum()), rel=1e-5
    )
    assert sum(last.bucket) == kernel.size


def graph_of(events: Any) -> dict[str, tuple[str, list[str]]]:
    return {node.name: (node.op, list(node.input)) for node in events.Graph().node}


def test_the_graph_is_the_model(tmp_path: Path, read: Any) -> None:
    a, b = Input((6,), name="a"), Input((6,), name="b")
    shared = Dense(3, name="shared")
    inner = Sequential([Input((6,)), Dense(2)], name="inner")
    y = Dense(1, name="out")(concatenate([shared(a), shared(b), inner(a)]))
    model = Model([a, b], y)
    model.compile("sgd", "mse")
    model.fit([X, X], Y, verbose=0, callbacks=[TensorBoard(tmp_path)])
    found = read(tmp_path / "train")
    assert graph_of(found) == {
        "a": ("InputLayer", []),
        "b": ("InputLayer", []),
        "shared": ("Dense", ["a", "shared/kernel", "shared/bias"]),
        "shared/kernel": ("Variable", []),
        "shared/bias": ("Variable", []),
        "shared_1": ("Dense", ["b", "shared/kernel", "shared/bias"]),
        "inner/dense": ("Dense", ["a", "inner/dense/kernel", "inner/dense/bias"]),
        "inner/dense/kernel": ("Variable", []),
        "inner/dense/bias": ("Variable", []),
        "concatenate": ("Concatenate", ["shared", "shared_1", "inner/dense"]),
        "out": ("Dense", ["concatenate", "out/kernel", "out/bias"]),
        "out/kernel": ("Variable", []),
        "out/bias": ("Variable", []),
    }
    shapes = {n.name: n.attr["_output_shapes"].list.shape for n in found.Graph().node}
    assert [d.size for d in shapes["concatenate"][0].dim] == [-1, 8]


def test_without_tensorboardx_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r"pip install 'autodiff-tape\[tensorboard\]'"):
        build().fit(X, Y, verbose=0, callbacks=[TensorBoard("nowhere")])
    with pytest.raises(ValueError, match="update_freq is 'epoch', 'batch' or a number of steps"):
        TensorBoard("nowhere", update_freq=0)
