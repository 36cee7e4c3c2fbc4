"""The digits to learn: MNIST where it is at hand, else those that scikit-learn brings along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import data

CHOICES = ("auto", "mnist", "digits")
#: seconds that the demo waits for MNIST's mirrors, all together
PATIENCE = 10.0

Images = NDArray[np.float32]
Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Digits:
    """Images (N, height, width) from 0 (background) to 1 (ink), and which digit each shows."""

    title: str
    epochs: int  # as many as it takes
    x_train: Images
    y_train: Labels
    x_test: Images
    y_test: Labels


def choose(dataset: str) -> Digits:
    """The data set of this name; "auto" says which one it takes, and why."""
    try:
        if dataset == "digits":
            return _digits()
        if dataset == "mnist":
            return _mnist(data.mnist.load_data())
        print(f"Looking for MNIST, for {PATIENCE:.0f} s at most ...", flush=True)
        try:
            mnist = data.mnist.load_data(time_limit=PATIENCE)
        except (OSError, ValueError) as error:
            print(f"{error}\nSo these are the smaller digits that come with scikit-learn.\n")
            return _digits()
        return _mnist(mnist)
    except (OSError, ValueError, ImportError) as error:
        raise SystemExit(str(error)) from None


def _mnist(pairs: Any) -> Digits:
    return _digits_of("MNIST", 5, 255, pairs)


def _digits() -> Digits:
    return _digits_of("8×8 digits", 20, 16, data.digits.load_data())


def _digits_of(title: str, epochs: int, ink: int, pairs: Any) -> Digits:
    (x_train, y_train), (x_test, y_test) = pairs
    scale = np.float32(1 / ink)
    found = Digits(title, epochs, x_train * scale, y_train, x_test * scale, y_test)
    height, width = x_train.shape[1:]
    print(
        f"{title}: {len(y_train):,} handwritten digits of {height}×{width} pixels to learn from, "
        f"{len(y_test):,} held out.\n"
    )
    return found
