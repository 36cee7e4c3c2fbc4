"""Variables in a safetensors file: names, shapes, dtypes and values, and nothing that runs."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from autodiff import Variable
from autodiff._files import write_atomically


def save(path: str | PathLike[str], by_path: Mapping[str, Variable]) -> None:
    """Write the Variables by their paths; the file is replaced whole or left as it was."""
    safetensors = _safetensors()
    content = safetensors.numpy.save({name: v.numpy() for name, v in by_path.items()})
    write_atomically(Path(path), content)


def load(path: str | PathLike[str], by_path: Mapping[str, Variable]) -> None:
    """Assign every Variable its value in the file, after all of them were checked.

    Raises ValueError, and assigns nothing, for a file that is not safetensors, is truncated, or
    holds other names, shapes or dtypes.
    """
    safetensors = _safetensors()
    try:
        arrays: dict[str, Any] = safetensors.numpy.load(Path(path).read_bytes())
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is truncated or no safetensors file of weights: {error}"
        ) from None
    wrong = [f"it lacks {name!r}" for name in by_path if name not in arrays]
    wrong += [f"it has {name!r}, which the model has not" for name in arrays if name not in by_path]
    for name, v in by_path.items():
        if name in arrays and _kind(arrays[name]) != _kind(v):
            wrong.append(f"{name!r} is {_kind(arrays[name])}; expected {_kind(v)}")
    if wrong:
        raise ValueError(f"{path} does not fit the model: {'; '.join(wrong)}")
    for name, v in by_path.items():
        v.assign(arrays[name])


def _kind(array: Any) -> str:
    return f"{array.dtype}{list(array.shape)}"


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            "weights are kept in safetensors files, and safetensors is not installed: "
            "pip install 'autodiff-tape[weights]'"
        ) from error
    return safetensors
