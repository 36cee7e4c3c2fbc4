"""Dtype policies: in which dtype a layer computes, and in which its Variables are."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

#: name -> dtypes of computation and of Variables
_POLICIES = {
    "float16": ("float16", "float16"),
    "float32": ("float32", "float32"),
    "float64": ("float64", "float64"),
    "mixed_float16": ("float16", "float32"),
}


class DTypePolicy:
    """The dtype that a layer computes in, and that of its Variables.

    name: "float16", "float32" or "float64" for both, or "mixed_float16", which computes in float16
        with Variables of float32; by default the global policy's.

    Raises ValueError for other names: NumPy has no bfloat16, so that there is no "mixed_bfloat16".

    >>> policy = DTypePolicy("mixed_float16")
    >>> policy, policy.compute_dtype, policy.variable_dtype
    (<DTypePolicy "mixed_float16">, dtype('float16'), dtype('float32'))
    """

    __slots__ = ("_name",)

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = dtype_policy().name
        if not isinstance(name, str):
            raise TypeError(f"a dtype policy has a name, such as 'mixed_float16'; got {name!r:.60}")
        if name not in _POLICIES:
            why = "NumPy has no bfloat16; " if name.endswith("bfloat16") else ""
            raise ValueError(
                f"unknown dtype policy {name!r:.60}: {why}known are {', '.join(_POLICIES)}"
            )
        self._name = name

    @property
    def name(self) -> str:
        """What it is called."""
        return self._name

    @property
    def compute_dtype(self) -> np.dtype[Any]:
        """The dtype of computations, and of what comes out."""
        return np.dtype(_POLICIES[self._name][0])

    @property
    def variable_dtype(self) -> np.dtype[Any]:
        """The dtype of Variables."""
        return np.dtype(_POLICIES[self._name][1])

    def get_config(self) -> dict[str, Any]:
        """What makes another one like this."""
        return {"name": self._name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> DTypePolicy:
        """One of what `get_config` gave."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and self._name == other._name

    def __hash__(self) -> int:
        return hash(self._name)

    def __reduce__(self) -> tuple[Any, ...]:
        return DTypePolicy, (self._name,)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self._name}">'


FLOAT32 = DTypePolicy("float32")


class _Here(threading.local):
    #: the policy of this thread's `using`
    policy: DTypePolicy | None = None


_here = _Here()
_global = FLOAT32


def dtype_policy() -> DTypePolicy:
    """The policy of layers that are not given one: float32, if `set_dtype_policy` says no other."""
    return _here.policy or _global


def set_dtype_policy(policy: str | DTypePolicy) -> None:
    """Let layers that are made from now on, and are not given a dtype, have this policy.

    In all threads. Raises TypeError or ValueError for what is no policy, which changes nothing.

    >>> from nn import layers
    >>> set_dtype_policy("mixed_float16")
    >>> layers.Dense(10).dtype_policy, layers.Dense(10, dtype="float32").dtype_policy
    (<DTypePolicy "mixed_float16">, <DTypePolicy "float32">)
    >>> set_dtype_policy("float32")
    """
    global _global
    if not isinstance(policy, str | DTypePolicy):
        raise TypeError(f"expected a dtype policy or its name, got {policy!r:.60}")
    _global = get(policy)


@contextmanager
def using(policy: DTypePolicy) -> Iterator[None]:
    """Inside the `with` block layers of this thread have this policy, whatever is global."""
    before, _here.policy = _here.policy, policy
    try:
        yield
    finally:
        _here.policy = before


def get(identifier: Any, whose: str = "") -> DTypePolicy:
    """The policy that a layer's `dtype` says: a policy, a name, a dtype, or None for the global.

    Raises TypeError for a dtype that is no float, ValueError for an unknown name, saying `whose`.
    """
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    try:
        if isinstance(identifier, str) and "float" in identifier:
            return DTypePolicy(identifier)
        dtype = np.dtype(identifier)
        if dtype.kind != "f":
            raise TypeError(f"dtype must be a float, got {dtype}")
        return DTypePolicy(dtype.name)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{whose}{error}") from None
