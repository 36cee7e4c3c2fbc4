"""Data sets as NumPy arrays, read from disk or downloaded once, and what prepares them.

    (x_train, y_train), (x_test, y_test) = data.mnist.load_data()    # or data.digits, no download
    for x, y in data.batches(x_train, y_train, batch_size=32, seed=0): ...

`FileRows` are those of a file that is larger than memory.
`synthetic` draws seeded points with a known law; `to_categorical` makes labels one-hot.
"""

from data import digits, mnist, synthetic
from data._labels import to_categorical
from nn._batches import batches
from nn._rows import FileRows

__all__ = ["FileRows", "batches", "digits", "mnist", "synthetic", "to_categorical"]
