"""Fashion-MNIST: MNIST's files under other checksums."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from data import fashion_mnist, mnist
from data._dataset import IdxDataset
from tests.data.test_mnist import put


def test_pairs_are_train_and_test(
    tiny: IdxDataset,
    folder: Path,
    content: dict[str, bytes],
    arrays: dict[str, np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(folder, content)
    monkeypatch.setattr(fashion_mnist, "FILES", tiny)
    (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data(time_limit=0)
    for got, expected in zip((x_train, y_train, x_test, y_test), arrays.values(), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_it_is_not_taken_for_mnist() -> None:
    ours, theirs = fashion_mnist.FILES, mnist.FILES
    assert ours.name != theirs.name
    assert [f.name for f in ours.files] == [f.name for f in theirs.files]
    assert [f.shape for f in ours.files] == [f.shape for f in theirs.files]
    assert not {f.md5 for f in ours.files} & {f.md5 for f in theirs.files}
    assert not set(ours.mirrors) & set(theirs.mirrors)
    assert len(set(fashion_mnist.CLASSES)) == 10


def test_mnist_in_its_place_is_refused(mnist_dir: Path, folder: Path) -> None:
    name = "train-images-idx3-ubyte.gz"
    place = folder.parent / "fashion-mnist"
    place.mkdir(parents=True)
    (place / name).write_bytes((mnist_dir / name).read_bytes())
    with pytest.raises(ValueError, match=r"another file: MD5 .*, expected f4a8712d"):
        fashion_mnist.load_data(time_limit=0)


def test_the_real_one() -> None:
    root = os.environ.get("AUTODIFF_DATA")
    if not root or not (Path(root) / "fashion-mnist").is_dir():
        pytest.skip("AUTODIFF_DATA does not name a folder with fashion-mnist/")
    (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data(time_limit=0)
    assert (x_train.shape, x_test.shape) == ((60000, 28, 28), (10000, 28, 28))
    assert np.bincount(y_train).tolist() == [6000] * 10
    assert np.bincount(y_test).tolist() == [1000] * 10
