"""Where the four files are looked for, what is said of a bad one, and the real ones."""

from __future__ import annotations

import gzip
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from data import mnist
from data._dataset import IdxDataset, folders, load, user_cache

if TYPE_CHECKING:
    from tests.data.conftest import Mirrors

Arrays = dict[str, np.ndarray]


def put(folder: Path, content: dict[str, bytes], packed: bool = True) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, raw in content.items():
        stored = gzip.compress(raw) if packed else raw
        folder.joinpath(f"{name}.gz" if packed else name).write_bytes(stored)


def test_real_mnist(mnist_dir: Path) -> None:
    (x_train, y_train), (x_test, y_test) = mnist.load_data(time_limit=0)
    assert x_train.shape == (60000, 28, 28)
    assert x_test.shape == (10000, 28, 28)
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    assert y_train[:9].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1]
    assert y_test[:9].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5]
    assert np.bincount(y_train).sum() == 60000
    assert np.bincount(y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert round(float(x_train.mean() / 255), 4) == 0.1307


def test_pairs_are_train_and_test(
    tiny: IdxDataset,
    folder: Path,
    content: dict[str, bytes],
    arrays: Arrays,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(folder, content)
    monkeypatch.setattr(mnist, "FILES", tiny)
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    for got, expected in zip((x_train, y_train, x_test, y_test), arrays.values(), strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("place", [0, 1], ids=["AUTODIFF_DATA", "cache"])
def test_files_are_found_in_both_places(
    packed: bool, place: int, tiny: IdxDataset, folder: Path, content: dict[str, bytes]
) -> None:
    put(folders("tiny")[place], content, packed)
    assert [array.shape for array in load(tiny, 0)] == [file.shape for file in tiny.files]


def test_autodiff_data_comes_before_the_cache(
    tiny: IdxDataset, folder: Path, content: dict[str, bytes]
) -> None:
    put(folder, content)
    put(folders("tiny")[1], dict.fromkeys(content, b"never read"))
    assert len(load(tiny, 0)) == 4


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("damage", ["truncated", "empty", "a sister", "changed"])
def test_a_bad_file_is_named(
    damage: str, packed: bool, tiny: IdxDataset, folder: Path, content: dict[str, bytes]
) -> None:
    put(folder, content, packed)
    bad, sister = (
        next(folder.glob(f"{name}*")) for name in (tiny.files[2].name, tiny.files[0].name)
    )
    raw = bad.read_bytes()
    bad.write_bytes(
        {
            "truncated": raw[: len(raw) // 2],
            "empty": b"",
            "a sister": sister.read_bytes(),
            "changed": raw[:30] + bytes([raw[30] ^ 1]) + raw[31:],
        }[damage]
    )
    with pytest.raises(ValueError, match="truncated, corrupt or another file") as caught:
        load(tiny, 0)
    message = str(caught.value)
    assert message.startswith(f"{bad} is")
    assert "Delete it" in message
    if not packed or damage == "a sister":
        assert "expected" in message
    assert bad.is_file()  # what to do with it is the user's decision


def test_the_right_array_with_another_checksum(
    tiny: IdxDataset, folder: Path, content: dict[str, bytes]
) -> None:
    put(folder, content)
    wrong = replace(tiny, files=(replace(tiny.files[0], md5="0" * 32),))
    with pytest.raises(ValueError, match=f"a-images.gz .*MD5.*expected {'0' * 32}"):
        load(wrong, 0)


def test_a_folder_that_cannot_be_made_fails_before_the_download(
    mirrors: Mirrors, tiny: IdxDataset, folder: Path
) -> None:
    folder.parent.write_text("a file in the way")
    with pytest.raises((FileExistsError, NotADirectoryError), match="own"):
        load(replace(tiny, mirrors=(mirrors.url("good"),)), 10)
    assert mirrors.requests == []


def test_the_cache_is_where_the_system_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert user_cache() == tmp_path / "xdg" / "autodiff"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    for platform, expected in {
        "linux": ".cache/autodiff",
        "darwin": "Library/Caches/autodiff",
        "win32": "local/autodiff/Cache",
    }.items():
        monkeypatch.setattr(sys, "platform", platform)
        assert user_cache() == tmp_path / expected
    monkeypatch.delenv("AUTODIFF_DATA", raising=False)
    assert folders("mnist") == [user_cache() / "mnist"]
    monkeypatch.setenv("AUTODIFF_DATA", "")
    assert folders("mnist") == [user_cache() / "mnist"]
