"""Fashion-MNIST: 70,000 articles of clothing in 28×28 pixels, of the same shapes as MNIST."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data._dataset import IdxDataset, IdxFile, load

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]

#: what the labels 0 to 9 stand for
CLASSES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)

FILES = IdxDataset(
    name="fashion-mnist",
    files=(
        IdxFile("train-images-idx3-ubyte", (60000, 28, 28), "f4a8712d7a061bf5bd6d2ca38dc4d50a"),
        IdxFile("train-labels-idx1-ubyte", (60000,), "9018921c3c673c538a1fc5bad174d6f9"),
        IdxFile("t10k-images-idx3-ubyte", (10000, 28, 28), "8181f5470baa50b63fa0f6fddb340f0a"),
        IdxFile("t10k-labels-idx1-ubyte", (10000,), "15d484375f8d13e6eb1aabb0c3f46965"),
    ),
    mirrors=(
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
)


def load_data(time_limit: float = 120.0) -> tuple[Pair, Pair]:
    """((x_train, y_train), (x_test, y_test)), as Keras' function of this name gives them.

    x: uint8, (60000, 28, 28) and (10000, 28, 28), 0 is the background.
    y: uint8, (60000,) and (10000,), places in `CLASSES`, each as often as any other.
    time_limit: seconds for all downloads together; 0 reads from disk only.

    The files are looked for in `$AUTODIFF_DATA/fashion-mnist`, then in the user's cache folder,
    downloaded and checked as those of `data.mnist`; the errors are the same.

    >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    >>> CLASSES[9]
    'Ankle boot'

    Source: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking
    machine learning algorithms" (2017).
    """
    x_train, y_train, x_test, y_test = load(FILES, time_limit)
    return (x_train, y_train), (x_test, y_test)
