"""Checkpoint: all that a training needs to go on from where it was, in one file."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nn import _safetensors
from nn._safetensors import FormatError, Reader, reading
from nn._weights import KIND, check_fits
from nn.checkpoints._parts import State, parts_of
from nn.checkpoints._values import Arrays, names_in, pack, unpack

VERSION = "checkpoint 1"
OWNER = "this training"


class Checkpoint:
    """The state of a training, saved and restored as a whole, so that it goes on bit for bit.

    parts: by name, and nested in lists and dictionaries as you like: layers and models (Variables,
        and the random generators of Dropout and the like), optimizers (step counter, learning rate
        and slots), metrics, Variables, random generators of NumPy and of `ad.random`, `batches`,
        and whatever has state_dict() and load_state_dict(state), as callbacks do. The generator
        behind `utils.set_random_seed` is always among them.

    A model is built, and `optimizer.build(model.trainable_variables)` called, before its state can
    be restored.

    The file is in safetensors format, which any program can read: Variables by their paths,
    "model/dense/kernel", everything else as JSON in its metadata, with a SHA-256 of the whole file.
    Reading it runs and imports nothing, and takes no more memory than the Variables and the state
    that was saved.

    >>> import optim, tempfile
    >>> from nn import layers, models
    >>> model = models.Sequential([layers.Dense(2, input_shape=(3,))])
    >>> optimizer = optim.SGD(0.1)
    >>> checkpoint = Checkpoint(model=model, optimizer=optimizer)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     checkpoint.save(f"{folder}/run.safetensors", epoch=3)
    ...     optimizer.learning_rate = 0.01
    ...     checkpoint.restore(f"{folder}/run.safetensors"), float(optimizer.learning_rate)
    ({'epoch': 3}, 0.1)
    """

    def __init__(self, **parts: Any) -> None:
        self._parts = parts
        parts_of(parts)

    def save(
        self,
        path: str | PathLike[str],
        /,
        *,
        previous: str | PathLike[str] | None = None,
        **values: Any,
    ) -> None:
        """Write the state as it is now; the file is replaced whole or left as it was.

        values: numbers, text, arrays and lists, tuples and dictionaries of them, which `restore`
            gives back.
        previous: where, in the same folder, the file that was there before is kept.

        Raises TypeError for a value that is none of these.
        """
        parts = parts_of(self._parts)
        arrays: Arrays = {name: v.numpy() for name, v in parts.variables.items()}
        packed = {
            "states": {
                name: pack(state.get(), name, arrays) for name, state in parts.states.items()
            },
            "values": pack(values, "values", arrays),
        }
        metadata = {KIND: VERSION, "state": json.dumps(packed, separators=(",", ":"))}
        kept = None if previous is None else Path(previous)
        _safetensors.write(Path(path), arrays, metadata, kept)

    def restore(self, path: str | PathLike[str]) -> dict[str, Any]:
        """Take on the state that a file holds; returns the values that were saved with it.

        Everything is checked before anything is changed. Raises ValueError, and leaves all as it
        was, for a file that is no checkpoint, was truncated or changed, or was saved with other
        parts, naming what differs.
        """
        parts = parts_of(self._parts)
        with reading(path, "a training's state") as reader:
            states, values = _packed(reader)
            own = {*names_in(list(states.values())), *names_in(values)}
            names = [name for name in reader.entries if name not in own]
            check_fits(reader, parts.variables, names, str(path), OWNER)
            if set(states) != set(parts.states):
                raise ValueError(f"{path} does not fit {OWNER}: {_differ(states, parts.states)}")
            given = {name: _unpacked(state, reader) for name, state in states.items()}
            result = _unpacked(values, reader)
            arrays = {name: reader.read(name) for name in parts.variables}
        _set_all(parts.states, given, path)
        for name, v in parts.variables.items():
            v.assign(arrays[name])
        return result

    def values(self, path: str | PathLike[str]) -> dict[str, Any]:
        """The values that a file was saved with, without restoring anything.

        Raises ValueError for a file that is no checkpoint, or was truncated or changed.
        """
        with reading(path, "a training's state") as reader:
            return _unpacked(_packed(reader)[1], reader)


def _packed(reader: Reader) -> tuple[dict[str, Any], dict[str, Any]]:
    """The states and values of a file whose digest is right."""
    if KIND not in reader.metadata:
        raise FormatError("it holds no state of a training")
    reader.check_digest()
    if reader.metadata[KIND] != VERSION:
        raise FormatError(f"it holds {reader.metadata[KIND]!r:.60}, expected {VERSION!r}")
    try:
        found = json.loads(reader.metadata["state"])
        names = names_in([found["states"], found["values"]])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FormatError(f"its state is none: {error!r:.200}") from None
    if not (isinstance(found["states"], dict) and isinstance(found["values"], dict)):
        raise FormatError("its state is none")
    missing = [name for name in names if not isinstance(name, str) or name not in reader.entries]
    if missing:
        raise FormatError(f"its state names {missing[0]!r:.60}, which it has not")
    return found["states"], found["values"]


def _unpacked(packed: Any, reader: Reader) -> Any:
    def read(name: str) -> NDArray[Any]:
        return reader.read(name)

    return unpack(packed, read)


def _set_all(states: Mapping[str, State], given: Mapping[str, Any], path: Any) -> None:
    """Set every state, or none if one of them does not take what it is given."""
    before: list[tuple[State, Any]] = []
    try:
        for name, state in states.items():
            before.append((state, copy.deepcopy(state.get())))
            state.set(given[name])
    except Exception as error:
        for state, value in before:
            with suppress(Exception):  # the one that takes nothing takes this neither
                state.set(value)
        raise ValueError(f"{path} does not fit {OWNER}: {name!r}: {error}") from error


def _differ(given: Mapping[str, Any], expected: Mapping[str, Any]) -> str:
    lacking = [f"it lacks {name!r}" for name in expected if name not in given]
    return "; ".join(
        [
            *lacking,
            *(f"it has {name!r}, which {OWNER} has not" for name in given if name not in expected),
        ]
    )
