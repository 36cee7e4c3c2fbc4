"""Training on more data than there may be memory: run as a program.

python large_data.py KIND FOLDER MIB STEPS: data of so many MiB, so many steps. Prints how much
memory there may be, how much data there is, and the most memory that was taken for itself, in bytes
above what was taken before, after a tenth of the steps and at the end.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import data
from nn import layers, models, utils
from nn.callbacks import Callback

FEATURES, BATCH, SHARDS = 1024, 64, 64
ROOM = 96 << 20  # bytes beside what the libraries take


def sparse(path: Path, rows: int) -> None:
    """A file of rows, of which every 1000th holds other numbers than zeros."""
    x = np.lib.format.open_memmap(path, "w+", np.float32, (rows, FEATURES))
    x[::1000] = np.arange(FEATURES) / FEATURES
    x.flush()


def status(name: str) -> int:
    """An entry of /proc/self/status in bytes."""
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith(name))


class Memory(Callback):
    """The most memory that is this process's own, after each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.before = status("RssAnon")
        self.taken: list[int] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.taken.append(status("RssAnon") - self.before)


def in_shards(folder: Path, labels: Any) -> Iterator[tuple[Any, Any]]:
    """Batches of one file after the other, each mapped while it is read."""
    for path in sorted(folder.glob("shard*.npy")):
        yield from data.batches(np.load(path, mmap_mode="r"), labels, BATCH)


def main(kind: str, folder: Path, mib: int, steps: int) -> None:
    utils.set_random_seed(0)
    rows = (mib << 20) // (4 * FEATURES)
    labels = np.arange(rows) % 2
    cap = resource.RLIMIT_DATA if kind == "memmap" else resource.RLIMIT_AS
    if kind == "shards":
        for k in range(SHARDS):
            sparse(folder / f"shard{k:02d}.npy", rows // SHARDS)
    else:
        sparse(folder / "x.npy", rows)
    model = models.Sequential([layers.Dense(2, "softmax", input_shape=(FEATURES,))])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    room = status("VmData" if kind == "memmap" else "VmSize") + ROOM
    resource.setrlimit(cap, (room, room))
    x: Any
    if kind == "memmap":
        x = np.load(folder / "x.npy", mmap_mode="r")
    elif kind == "rows":
        try:
            np.load(folder / "x.npy", mmap_mode="r")
        except OSError:
            x = data.FileRows(folder / "x.npy")
        else:
            raise AssertionError("address space is not capped")
    memory, epochs = Memory(), 10
    every: dict[str, Any] = {"epochs": epochs, "steps_per_epoch": steps // epochs, "verbose": 0}
    if kind == "shards":
        history = model.fit(in_shards(folder, labels[: rows // SHARDS]), **every, callbacks=memory)
    else:
        history = model.fit(x, labels, BATCH, **every, callbacks=memory)
        assert np.isfinite(model.evaluate(x, labels, 256, steps=5, verbose=0)).all()
    assert len(history.epoch) == epochs
    figures = {
        "cap": room,
        "data": rows * 4 * FEATURES,
        "taken": [memory.taken[0], max(memory.taken)],
        "loss": history.history["loss"],
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:]))
