"""Data sets as NumPy arrays, read from disk or downloaded once, and what prepares them.

    (x_train, y_train), (x_test, y_test) = data.mnist.load_data()    # or data.digits, no download
    for x, y in data.batches(x_train, y_train, batch_size=32, seed=0): ...

`mnist`, `fashion_mnist` and `digits` are images; `synthetic` draws seeded points with a known law;
`from_csv` and `from_npz` read files of one's own, `FileRows` are those of a file that is larger
than memory. `to_categorical` makes labels one-hot, `train_test_split` holds rows out, `batches` and
`prefetch` feed training.
"""

from data import digits, fashion_mnist, mnist, synthetic
from data._csv import from_csv
from data._labels import to_categorical
from data._npz import from_npz
from data._split import train_test_split
from nn._batches import batches
from nn._prefetch import prefetch
from nn._rows import FileRows

__all__ = [
    "FileRows",
    "batches",
    "digits",
    "fashion_mnist",
    "from_csv",
    "from_npz",
    "mnist",
    "prefetch",
    "synthetic",
    "to_categorical",
    "train_test_split",
]
