"""Variables in a safetensors file: names, shapes, dtypes and values, and nothing that runs."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path

from autodiff import Variable
from nn import _safetensors
from nn._safetensors import Entry, reading

#: what the metadata say of files written here; a damaged digest does not make them foreign
KIND, VERSION = "autodiff", "weights 1"


def save(path: str | PathLike[str], by_path: Mapping[str, Variable]) -> None:
    """Write the Variables by their paths; the file is replaced whole or left as it was."""
    arrays = {name: v.numpy() for name, v in by_path.items()}
    _safetensors.write(Path(path), arrays, {KIND: VERSION})


def load(path: str | PathLike[str], by_path: Mapping[str, Variable]) -> None:
    """Assign every Variable its value in the file, after all of them were checked.

    Raises ValueError, and assigns nothing, for a file that is not safetensors, is truncated or
    was changed, or holds other names, shapes or dtypes.
    """
    with reading(path, "weights") as reader:
        if KIND in reader.metadata or reader.digest is not None:
            reader.check_digest()
        check_fits(reader.entries, by_path, str(path), "the model")
        arrays = {name: reader.read(name) for name in by_path}
    for name, v in by_path.items():
        v.assign(arrays[name])


def check_fits(
    entries: Mapping[str, Entry], by_path: Mapping[str, Variable], path: str, owner: str
) -> None:
    """ValueError unless these arrays of a file are those that `by_path` has."""
    wrong = [f"it lacks {name!r}" for name in by_path if name not in entries]
    wrong += [f"it has {name!r}, which {owner} has not" for name in entries if name not in by_path]
    for name, v in by_path.items():
        if name in entries and (entries[name].dtype, entries[name].shape) != (v.dtype, v.shape):
            wrong.append(f"{name!r} is {entries[name]}; expected {v.dtype}{list(v.shape)}")
    if wrong:
        raise ValueError(f"{path} does not fit {owner}: {_first(wrong)}")


def _first(wrong: list[str], many: int = 20) -> str:
    more = [f"and {len(wrong) - many} more"] if len(wrong) > many else []
    return "; ".join([*wrong[:many], *more])
