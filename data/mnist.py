"""MNIST: 70,000 handwritten digits of 28×28 pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data._dataset import IdxDataset, IdxFile, load

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]

FILES = IdxDataset(
    name="mnist",
    files=(
        IdxFile("train-images-idx3-ubyte", (60000, 28, 28), "6bbc9ace898e44ae57da46a324031adb"),
        IdxFile("train-labels-idx1-ubyte", (60000,), "a25bea736e30d166cdddb491f175f624"),
        IdxFile("t10k-images-idx3-ubyte", (10000, 28, 28), "2646ac647ad5339dbf082846283269ea"),
        IdxFile("t10k-labels-idx1-ubyte", (10000,), "27ae3e4e09519cfbb04c329615203637"),
    ),
    mirrors=(
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://raw.githubusercontent.com/fgnt/mnist/master/",
    ),
)


def load_data(time_limit: float = 120.0) -> tuple[Pair, Pair]:
    """((x_train, y_train), (x_test, y_test)), as Keras' function of this name gives them.

    x: uint8, (60000, 28, 28) and (10000, 28, 28), 0 is the background, 255 full ink.
    y: uint8, (60000,) and (10000,), the digits 0 to 9.
    time_limit: seconds for all downloads together; 0 reads from disk only.

    The four files, compressed (.gz) or not, are looked for in `$AUTODIFF_DATA/mnist`, then in the
    user's cache folder; a missing one is downloaded into the first of these from public mirrors.
    Every file's MD5 is checked. ValueError names a file that is not what it should be; OSError
    lists why no mirror served one that is missing.

    >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    >>> [file.shape for file in FILES.files]
    [(60000, 28, 28), (60000,), (10000, 28, 28), (10000,)]

    Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits" (1998).
    """
    x_train, y_train, x_test, y_test = load(FILES, time_limit)
    return (x_train, y_train), (x_test, y_test)
