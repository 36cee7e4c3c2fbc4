"""The parts of a training in a file: written, checked, and all of them set or none."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from nn import _safetensors
from nn._safetensors import Entry, FormatError, Reader, reading
from nn._weights import KIND, check_fits
from nn.checkpoints._parts import Parts, State
from nn.checkpoints._values import Arrays, names_in, pack, unpack

File = str | PathLike[str]


class Kind(NamedTuple):
    """What a file is of: its version, as the file says it, and words for messages."""

    version: str
    holds: str
    #: whose parts are to be those of the file
    owner: str


def write(
    path: File, kind: Kind, parts: Parts, values: dict[str, Any], previous: File | None = None
) -> None:
    """A file of the parts as they are now, and of the values."""
    arrays: Arrays = {name: v.numpy() for name, v in parts.variables.items()}
    packed = {
        "states": {name: pack(state.get(), name, arrays) for name, state in parts.states.items()},
        "values": pack(values, "values", arrays),
    }
    metadata = {KIND: kind.version, "state": json.dumps(packed, separators=(",", ":"))}
    kept = None if previous is None else Path(previous)
    _safetensors.write(Path(path), arrays, metadata, kept)


def read(
    path: File,
    kind: Kind,
    prepare: Callable[[dict[str, Any], Mapping[str, Entry]], Parts],
    ignored: Callable[[str], bool] = lambda name: False,
) -> dict[str, Any]:
    """Set parts to what a file of this kind holds, after everything was checked; its values.

    `prepare` gives the parts; it is told the values, and what the file says of its arrays, of which
    some may be `ignored`, by their names.

    Raises ValueError, and changes nothing, where the file does not fit the parts.
    """
    with reading(path, kind.holds) as reader:
        states, packed = _packed(reader, kind)
        values: dict[str, Any] = _unpacked(packed, reader)
        own = {*names_in(list(states.values())), *names_in(packed)}
        entries = {
            name: entry
            for name, entry in reader.entries.items()
            if name not in own and not ignored(name)
        }
        parts = prepare(values, entries)
        check_fits(entries, parts.variables, str(path), kind.owner)
        if set(states) != set(parts.states):
            different = _differ(states, parts.states, kind.owner)
            raise ValueError(f"{path} does not fit {kind.owner}: {different}")
        given = {name: _unpacked(state, reader) for name, state in states.items()}
        arrays = {name: reader.read(name) for name in parts.variables}
    _set_all(parts.states, given, f"{path} does not fit {kind.owner}")
    for name, v in parts.variables.items():
        v.assign(arrays[name])
    return values


def read_values(path: File, kind: Kind) -> dict[str, Any]:
    """The values that a file of this kind holds."""
    with reading(path, kind.holds) as reader:
        found: dict[str, Any] = _unpacked(_packed(reader, kind)[1], reader)
        return found


def _packed(reader: Reader, kind: Kind) -> tuple[dict[str, Any], dict[str, Any]]:
    """The states and values of a file of this kind whose digest is right."""
    if KIND not in reader.metadata:
        raise FormatError("it was written by something else")
    reader.check_digest()
    if reader.metadata[KIND] != kind.version:
        raise FormatError(f"it holds {reader.metadata[KIND]!r:.60}, expected {kind.version!r}")
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
    try:
        return unpack(packed, reader.read)
    except (TypeError, RecursionError) as error:
        raise FormatError(f"its state is none: {error!r:.200}") from None


def _set_all(states: Mapping[str, State], given: Mapping[str, Any], message: str) -> None:
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
        raise ValueError(f"{message}: {name!r}: {error}") from error


def _differ(given: Mapping[str, Any], expected: Mapping[str, Any], owner: str) -> str:
    lacking = [f"it lacks {name!r}" for name in expected if name not in given]
    more = [f"it has {name!r}, which {owner} has not" for name in given if name not in expected]
    return "; ".join([*lacking, *more])
