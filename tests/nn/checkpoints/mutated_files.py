"""Mutated checkpoint, weights and IDX files: run as a program, with how many and a seed.

Memory is capped a little above what reading the unchanged files takes. Prints, for each kind of
file, how many of its mutants were refused and how many held what the unchanged file does: gzip has
bytes that mean nothing. Anything else ends the program with an error.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import struct
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import optim
from data._idx import IdxError, parse
from nn import layers, models
from nn._batches import batches
from nn._safetensors import FormatError
from nn.checkpoints import Checkpoint

#: bytes of address space beside what is taken already
ROOM = 48 << 20
SHAPE = (5, 28, 28)
Load = Callable[[bytes], Any]


# -- files ---------------------------------------------------------------------------------------


class Trained:
    """A model and its optimizer, whose values tell whether anything was loaded."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "file"
        self.model = models.Sequential([layers.Dense(4, input_shape=(3,)), layers.Dense(2)])
        self.optimizer = optim.Adam()
        self.optimizer.build(self.model.trainable_variables)
        self.steps = batches(np.zeros((10, 3)), batch_size=4)
        self.checkpoint = Checkpoint(model=self.model, optimizer=self.optimizer, steps=self.steps)

    def checkpoint_file(self) -> bytes:
        self.checkpoint.save(self.path, epoch=3, history={"loss": [0.5, 0.25]})
        return self.path.read_bytes()

    def weights_file(self) -> bytes:
        self.model.save_weights(self.path)
        return self.path.read_bytes()

    def restore(self, raw: bytes) -> Any:
        return self._read(raw, lambda: self.checkpoint.restore(self.path))

    def load_weights(self, raw: bytes) -> Any:
        return self._read(raw, lambda: self.model.load_weights(self.path))

    def _read(self, raw: bytes, read: Callable[[], Any]) -> Any:
        self.path.write_bytes(raw)
        before = self._values()
        try:
            result = read()
        except ValueError:
            assert self._values() == before, "refused, and changed all the same"
            raise
        return result, self._values()

    def _values(self) -> list[bytes]:
        variables = [*self.model.variables, *self.optimizer.variables]
        return [*(v.numpy().tobytes() for v in variables), str(self.steps.state_dict()).encode()]


def files(folder: Path) -> dict[str, tuple[bytes, Load]]:
    """Kind -> a file's bytes and what reads them."""
    trained = Trained(folder)
    plain = struct.pack(">HBBIII", 0, 8, 3, *SHAPE) + random.Random(0).randbytes(5 * 28 * 28)
    md5 = hashlib.md5(plain, usedforsecurity=False).hexdigest()

    def idx(raw: bytes) -> Any:
        return parse(io.BytesIO(raw), SHAPE, md5).tobytes()

    return {
        "checkpoint": (trained.checkpoint_file(), trained.restore),
        "weights": (trained.weights_file(), trained.load_weights),
        "idx": (plain, idx),
        "idx.gz": (gzip.compress(plain, mtime=0), idx),
    }


# -- mutations -----------------------------------------------------------------------------------


def flip(raw: bytes, rng: random.Random) -> bytes:
    changed = bytearray(raw)
    for _ in range(rng.choice([1, 1, 1, 2, 8])):
        changed[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def truncate(raw: bytes, rng: random.Random) -> bytes:
    return raw[: rng.randrange(len(raw))]


def insert(raw: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(raw) + 1)
    return raw[:at] + rng.randbytes(rng.choice([1, 1, 8, 100])) + raw[at:]


def remove(raw: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(raw))
    return raw[:at] + raw[at + rng.choice([1, 1, 8, 100]) :]


def overwrite(raw: bytes, rng: random.Random) -> bytes:
    at, more = rng.randrange(len(raw)), rng.choice([1, 2, 8, 100])
    filling = rng.choice([bytes(more), b"\xff" * more, rng.randbytes(more)])
    return raw[:at] + filling + raw[at + more :]


def announce(raw: bytes, rng: random.Random) -> bytes:
    """Lengths and shapes at the beginning that are much too large."""
    at, size = rng.randrange(16), rng.choice([1, 2, 4, 8])
    return raw[:at] + b"\xff" * size + raw[at + size :]


def repeat(raw: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(raw))
    return raw[:at] + raw[rng.randrange(len(raw)) :]


def edit(raw: bytes, rng: random.Random) -> bytes:
    """Another number, or other words, in a header whose length is right."""
    (length,) = struct.unpack("<Q", raw[:8])
    try:
        words = raw[8 : 8 + length].decode().replace(":", " : ").replace(",", " , ").split(" ")
    except UnicodeDecodeError:
        return flip(raw, rng)
    new = ["0", "-1", "1e9", str(2**40), str(2**63), "[]", "{}", "null", '"F64"', '"a"', "[" * 999]
    words[rng.randrange(len(words))] = rng.choice([*new, rng.choice(words)])
    text = "".join(words).encode()
    return struct.pack("<Q", len(text)) + text + raw[8 + length :]


MUTATIONS = (flip, truncate, insert, remove, overwrite, announce, repeat, edit)


def main(count: int, seed: int) -> None:
    import resource  # of POSIX systems

    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        kinds = files(Path(folder))
        expected = {kind: load(raw) for kind, (raw, load) in kinds.items()}
        with open("/proc/self/statm") as statm:
            taken = int(statm.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + ROOM, taken + ROOM))
        try:
            bytearray(2 * ROOM)
        except MemoryError:
            pass
        else:
            raise AssertionError("memory is not capped")
        found: dict[str, Counter[str]] = {kind: Counter() for kind in kinds}
        while (done := sum(counter.total() for counter in found.values())) < count:
            kind = list(kinds)[done % len(kinds)]
            raw, load = kinds[kind]
            mutated = rng.choice(MUTATIONS)(raw, rng)
            if mutated == raw:
                continue
            refusal = IdxError if kind.startswith("idx") else FormatError
            try:
                result = load(mutated)
            except refusal:
                found[kind]["refused"] += 1
            else:
                assert result == expected[kind], f"{kind}: {mutated!r}"
                found[kind]["the same"] += 1
        print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
