from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

import autodiff._files
from nn.layers import Dense, Input
from nn.layers._holds import by_path
from nn.models import Sequential

X = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)


def build(width: int = 3, dtype: str = "float32", **options: Any) -> Sequential:
    hidden = Dense(width, "tanh", bias_initializer="normal", dtype=dtype, **options)
    return Sequential([Input((4,)), hidden, Dense(2)])


def values(model: Sequential) -> list[bytes]:
    return [v.numpy().tobytes() for v in model.variables]


def test_weights_come_back_bit_for_bit(tmp_path: Path) -> None:
    model, other = build(), build()
    model.variables[0].assign(np.full((4, 3), np.nextafter(np.float32(1), np.float32(2))))
    model.variables[1].assign(np.array([np.nan, -0.0, np.inf], np.float32))
    model.save_weights(tmp_path / "w.safetensors")
    assert values(other) != values(model)
    other.load_weights(str(tmp_path / "w.safetensors"))
    assert values(other) == values(model)
    assert [path.name for path in tmp_path.iterdir()] == ["w.safetensors"]


def test_other_programs_read_the_file(tmp_path: Path) -> None:
    model = build(dtype="float16")
    model.save_weights(tmp_path / "w.safetensors")
    arrays = safetensors.numpy.load_file(tmp_path / "w.safetensors")
    assert {name: (array.shape, str(array.dtype)) for name, array in arrays.items()} == {
        "dense/kernel": ((4, 3), "float16"),
        "dense/bias": ((3,), "float16"),
        "dense_1/kernel": ((3, 2), "float32"),
        "dense_1/bias": ((2,), "float32"),
    }


def test_files_of_other_programs_are_read(tmp_path: Path) -> None:
    model, other = build(), build()
    arrays = {name: v.numpy() for name, v in by_path(model).items()}
    safetensors.numpy.save_file(arrays, tmp_path / "w.safetensors", {"format": "np"})
    other.load_weights(tmp_path / "w.safetensors")
    assert values(other) == values(model)


def test_no_package_is_needed_for_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("safetensors", "safetensors.numpy"):
        monkeypatch.setitem(sys.modules, name, None)
    build().save_weights(tmp_path / "w.safetensors")
    build().load_weights(tmp_path / "w.safetensors")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:20])


def longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def changed(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def foreign_and_changed(path: Path) -> None:
    """The digest is gone; that the file is ours is not."""
    content = path.read_bytes()
    path.write_bytes(content[:-1].replace(b'"sha256"', b'"sha255"') + b"\0")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def pickled(path: Path) -> None:
    path.write_bytes(pickle.dumps({"dense/kernel": np.zeros((4, 3))}))


def picture(path: Path) -> None:
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(1000))


def other_model(**options: Any) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        build(**options).save_weights(path)

    write.__name__ = f"other_model {options}"
    return write


BROKEN = "is truncated or no safetensors file of weights"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (cut, BROKEN),
        (cut_short, BROKEN),
        (changed, "was changed after it was written: its SHA-256 is"),
        (foreign_and_changed, "was changed after it was written: it has no digest"),
        (longer, BROKEN),
        (empty, BROKEN),
        (pickled, BROKEN),
        (picture, BROKEN),
        (
            other_model(width=5),
            r"'dense/kernel' is float32\[4, 5\]; expected float32\[4, 3\]; "
            r"'dense/bias' is float32\[5\]; expected float32\[3\]; 'dense_1/kernel' is",
        ),
        (other_model(dtype="float64"), r"'dense/kernel' is float64\[4, 3\]; expected float32"),
        (other_model(use_bias=False), "it lacks 'dense/bias'"),
        (
            other_model(name="first"),
            "it lacks 'dense_1/kernel'.* it has 'first/kernel', which the model has not",
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_file_that_does_not_fit_leaves_the_model_as_it_was(
    spoil: Callable[[Path], None], message: str, tmp_path: Path
) -> None:
    path, model = tmp_path / "w.safetensors", build()
    build().save_weights(path)
    spoil(path)
    before = values(model)
    with pytest.raises(ValueError, match=message) as caught:
        model.load_weights(path)
    assert str(path) in str(caught.value)
    assert values(model) == before


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.safetensors"):
        build().load_weights(tmp_path / "nowhere.safetensors")


def test_a_model_that_is_not_built_has_no_weights(tmp_path: Path) -> None:
    model = Sequential([Dense(2)])
    for call in (model.save_weights, model.load_weights):
        with pytest.raises(ValueError, match="knows no shapes yet: call it on a batch"):
            call(tmp_path / "w.safetensors")


def test_layers_of_one_name_at_two_places_are_told_apart(tmp_path: Path) -> None:
    def nested() -> Sequential:
        return Sequential([build(), Sequential([Input((2,)), Dense(3)], name="top")])

    path, model, other = tmp_path / "w.safetensors", nested(), nested()
    model.save_weights(path)
    assert list(safetensors.numpy.load_file(path)) == [
        *("sequential/dense/bias", "sequential/dense/kernel"),
        *("sequential/dense_1/bias", "sequential/dense_1/kernel"),
        *("top/dense/bias", "top/dense/kernel"),
    ]
    other.load_weights(path)
    assert values(other) == values(model)


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_a_failure_on_the_way_leaves_the_old_file(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, model = tmp_path / "w.safetensors", build()
    model.save_weights(path)
    before = path.read_bytes()

    def fail(*args: Any) -> Any:
        raise OSError("no space left")

    if step == "write":
        monkeypatch.setattr(autodiff._files, "open", fail, raising=False)
    else:
        monkeypatch.setattr(os, step, fail)
    model.variables[0].assign_add(1.0)
    with pytest.raises(OSError, match="no space left"):
        model.save_weights(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
