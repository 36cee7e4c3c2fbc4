"""Questions about dtypes, and about this namespace itself, as the Array API standard asks them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine._tensor import DEFAULT_DTYPES, Tensor
from ._device import current, there

__all__ = [
    "__array_api_version__",
    "__array_namespace_info__",
    "can_cast",
    "finfo",
    "iinfo",
    "isdtype",
    "result_type",
]

#: the standard that this namespace keeps
__array_api_version__ = "2024.12"

#: the standard's dtypes by kind
KINDS = {
    "bool": ("bool",),
    "signed integer": ("int8", "int16", "int32", "int64"),
    "unsigned integer": ("uint8", "uint16", "uint32", "uint64"),
    "integral": (
        *("int8", "int16", "int32", "int64"),
        *("uint8", "uint16", "uint32", "uint64"),
    ),
    "real floating": ("float32", "float64"),
    "complex floating": ("complex64", "complex128"),
    "numeric": (
        *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float32", "float64", "complex64", "complex128"),
    ),
}


def _plain(x: Any) -> Any:
    """What NumPy's promotion knows: dtypes, and numbers of Python."""
    return x.dtype if isinstance(x, Tensor) else x


def result_type(*arrays_and_dtypes: Any) -> np.dtype[Any]:
    """The dtype that arrays, dtypes and Python numbers have together.

    >>> import autodiff as ad
    >>> result_type(ad.float32, ad.asarray([1.0], dtype="float64")), result_type(ad.int8, 3)
    (dtype('float64'), dtype('int8'))
    """
    return np.result_type(*map(_plain, arrays_and_dtypes))


def can_cast(from_: Any, to: Any, /) -> bool:
    """Whether an array, or all numbers of a dtype, can be cast to a dtype without loss.

    >>> can_cast("int8", "int16"), can_cast("int16", "int8")
    (True, False)
    """
    return bool(np.can_cast(_plain(from_), to))


def isdtype(dtype: Any, kind: Any) -> bool:
    """Whether a dtype is another one, or of a kind, or any of several of those.

    Args:
        dtype: a dtype.
        kind: a dtype; "bool", "signed integer", "unsigned integer", "integral", "real floating",
            "complex floating" or "numeric"; or a tuple of those.

    >>> isdtype(np.float32, "real floating"), isdtype(np.int8, ("bool", np.int8))
    (True, True)
    """
    return bool(np.isdtype(np.dtype(dtype), kind))


def finfo(type: Any, /) -> Any:
    """The limits of a dtype of floats or complex numbers, or of an array's.

    >>> finfo(np.float32).eps
    1.1920928955078125e-07
    """
    found = np.finfo(_plain(type))
    return Limits(found)


class Limits:
    """Limits of floating-point numbers, as Python floats."""

    def __init__(self, found: Any) -> None:
        self.bits = int(found.bits)
        self.eps = float(found.eps)
        self.max = float(found.max)
        self.min = float(found.min)
        self.smallest_normal = float(found.smallest_normal)
        self.dtype: np.dtype[Any] = np.dtype(found.dtype)

    def __repr__(self) -> str:
        return f"finfo({self.dtype}, min={self.min}, max={self.max}, eps={self.eps})"


def iinfo(type: Any, /) -> Any:
    """The limits of a dtype of integers, or of an array's.

    >>> iinfo(np.int8).max
    127
    """
    return np.iinfo(_plain(type))


class Info:
    """What this namespace has, by the standard's names."""

    def capabilities(self) -> dict[str, Any]:
        """What is optional in the standard, and whether it is here."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> str:
        """Where arrays are made if nothing else is said: the current device."""
        return str(current())

    def devices(self) -> list[str]:
        """Where arrays may be made: "cpu", and "cuda:0", "cuda:1", … of the GPUs that there are.

        A library of arrays is imported for it only where there is a driver.
        """
        return [str(device) for device in there()]

    def default_dtypes(self, *, device: Any = None) -> dict[str, np.dtype[Any]]:
        """The dtypes of Python's numbers, and of indices."""
        whole: np.dtype[Any] = np.dtype(np.int64)
        return {
            "real floating": DEFAULT_DTYPES["f"],
            "complex floating": DEFAULT_DTYPES["c"],
            "integral": whole,
            "indexing": np.dtype(np.intp),
        }

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, np.dtype[Any]]:
        """The standard's dtypes, all or those of a kind or several.

        Raises:
            ValueError: no such kind.
        """
        if isinstance(kind, tuple):
            return {name: d for part in kind for name, d in self.dtypes(kind=part).items()}
        if kind is not None and kind not in KINDS:
            raise ValueError(f"kind must be one of {tuple(KINDS)}; given {kind!r}")
        names = (*KINDS["bool"], *KINDS["numeric"]) if kind is None else KINDS[kind]
        return {name: np.dtype(name) for name in names}


def __array_namespace_info__() -> Info:  # noqa: N807
    """What this namespace has: its `capabilities`, `devices`, `dtypes` and their defaults.

    >>> __array_namespace_info__().default_dtypes()["real floating"]
    dtype('float32')
    """
    return Info()
