"""Batches from arrays on disk and from things that give batches."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from nn._batches import batches
from nn.layers import Dense, Input
from nn.models import Sequential
from nn.models._feed import ArrayFeed, join, make_feed, pack, split, unpack

RNG = np.random.default_rng(4)
X = RNG.normal(size=(25, 6)).astype(np.float32)
Y = RNG.normal(size=(25, 1)).astype(np.float32)


def build() -> Sequential:
    nn.utils.set_random_seed(3)
    model = Sequential([Input((6,)), Dense(1)])
    model.compile("sgd", "mse")
    return model


def weights(model: Sequential) -> Any:
    return [w.tolist() for w in model.get_weights()]


@given(st.integers(1, 30), st.integers(1, 12), st.booleans())
def test_an_epoch_is_every_row_once(rows: int, size: int, shuffle: bool) -> None:
    x = np.arange(rows * 2).reshape(rows, 2)
    y: Any = {"a": np.arange(rows), "b": [np.arange(rows) * 2, np.arange(rows)[::-1]]}
    feed = ArrayFeed((x, y), size, shuffle)
    seen: list[int] = []
    for structure, arrays in feed.epoch():
        got_x, got_y = join(structure, arrays)
        labels = got_y["a"].tolist()
        assert (got_x == x[labels]).all()
        assert (got_y["b"][0] == y["b"][0][labels]).all()
        assert (got_y["b"][1] == y["b"][1][labels]).all()
        seen += labels
    assert sorted(seen) == list(range(rows))
    assert shuffle or seen == list(range(rows))
    assert feed.steps == -(-rows // size)


def test_packing_is_that_of_keras() -> None:
    assert pack("x") == "x"
    assert pack(["x", "x"]) == (["x", "x"],)
    assert pack("x", "y") == ("x", "y")
    assert pack("x", None, "w") == ("x", None, "w")
    for data in (("x",), ("x", "y"), ("x", "y", "w")):
        assert unpack(data) == (*data, None, None)[:3]
    with pytest.raises(ValueError, match="given 4 of them"):
        unpack((1, 2, 3, 4))
    structure, arrays = split((X, None, Y))
    assert [a is b for a, b in zip(arrays, (X, Y), strict=True)] == [True, True]
    assert join(structure, [1, 2]) == (1, None, 2)


@pytest.fixture
def on_disk(tmp_path: Path) -> np.memmap:
    """64 MB."""
    x = np.memmap(tmp_path / "x", np.float32, "w+", shape=(20_000, 800))
    x[:, 0] = np.arange(20_000) % 7
    x.flush()
    return np.memmap(tmp_path / "x", np.float32, "r", shape=(20_000, 800))


@pytest.mark.host  # what stands in for a device has its arrays in the memory that is counted
def test_a_memory_mapped_array_is_read_batch_by_batch(on_disk: np.memmap) -> None:
    model = Sequential([Input((800,)), Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    y = np.ones((20_000, 1), np.float32)
    tracemalloc.start()
    try:
        model.fit(on_disk, y, 500, validation_split=0.1, verbose=0)
        model.evaluate(on_disk, y, 500, verbose=0)
        model.predict(on_disk, 500, verbose=0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12e6, peak


def test_a_memory_mapped_array_trains_as_one_in_memory(tmp_path: Path) -> None:
    stored = np.memmap(tmp_path / "x", np.float32, "w+", shape=X.shape)
    stored[:] = X
    in_memory, mapped = build(), build()
    for model, x in ((in_memory, X), (mapped, stored)):
        nn.utils.set_random_seed(5)
        model.fit(x, Y, 10, epochs=2, verbose=0)
    assert weights(in_memory) == weights(mapped)


def parts() -> Iterator[tuple[Any, Any]]:
    for start in range(0, 25, 10):
        yield X[start : start + 10], Y[start : start + 10]


class Items:
    """As Keras' PyDataset: a length, and an item for every number."""

    def __len__(self) -> int:
        return 3

    def __getitem__(self, k: int) -> tuple[Any, Any]:
        return list(parts())[k]


def forever() -> Iterator[tuple[Any, Any]]:
    while True:
        yield from parts()


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (lambda: batches(X, Y, 10, shuffle=False), {}),
        (Items, {}),
        (forever, {"steps_per_epoch": 3}),
        (lambda: (list(parts())[k % 3] for k in range(6)), {"steps_per_epoch": 3}),
    ],
)
def test_things_that_give_batches(make: Any, options: Any) -> None:
    expected, model = build(), build()
    expected.fit(X, Y, 10, epochs=2, shuffle=False, verbose=0)
    history = model.fit(make(), epochs=2, verbose=0, **options)
    assert weights(model) == weights(expected)
    assert history.epoch == [0, 1]


def test_batches_with_weights_and_without_truth() -> None:
    model = build()
    weight = np.ones(10, np.float32)
    loss = model.evaluate(iter([(X[:10], Y[:10], weight * 2)]), verbose=0)
    assert loss == pytest.approx(2 * model.evaluate(X[:10], Y[:10], verbose=0))
    p = model.predict(iter([X[:10], (X[10:],)]), verbose=0)
    assert p == pytest.approx(model(X).numpy(), abs=1e-6)
    assert model.predict(forever(), steps=2, verbose=0).shape == (20, 1)


def test_validation_from_batches() -> None:
    model = build()
    history = model.fit(X, Y, verbose=0, epochs=2, validation_data=batches(X, Y, 10))
    assert history.history["val_loss"][-1] == pytest.approx(model.evaluate(X, Y, verbose=0))
    again = model.fit(X, Y, verbose=0, validation_data=forever(), validation_steps=3)
    assert again.history["val_loss"] == [pytest.approx(model.evaluate(X, Y, verbose=0))]


def test_running_out_of_batches_is_said_and_ends_training() -> None:
    model = build()
    with pytest.warns(UserWarning, match="x gave 1 batches where 2 were expected"):
        history = model.fit(parts(), epochs=3, steps_per_epoch=2, verbose=0)
    assert history.epoch == [0, 1]
    with pytest.warns(UserWarning, match="x gave 0 batches"):
        history = build().fit(parts(), epochs=3, verbose=0)
    assert history.epoch == [0, 1]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: make_feed(iter([])).first(), ValueError, "x gives no batch at all"),
        (lambda: make_feed(parts(), Y), ValueError, "come in these batches"),
        (lambda: make_feed(3), TypeError, "x is int; expected arrays, or an iterable of batches"),
        (lambda: make_feed([X, X[:7]]), ValueError, r"x\[0\] \(25, 6\), x\[1\] \(7, 6\)"),
        (lambda: make_feed({"a": X}, {"b": 3.0}), ValueError, r"y\['b'\] \(\)"),
        (
            lambda: build().fit(parts(), validation_split=0.5),
            ValueError,
            "validation_split needs arrays",
        ),
    ],
)
def test_errors(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
