"""What a constructor was given, kept so that it can be written down."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Self


class Recorded:
    """Something that can be made again from the arguments that it was made with."""

    __slots__ = ("_given",)

    _given: tuple[tuple[Any, ...], dict[str, Any]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = super().__new__(cls)
        self._given = args, kwargs
        return self

    def get_config(self) -> dict[str, Any]:
        """The arguments that make another one like this, by name; those not given are left out.

        Raises TypeError for arguments that have no names.

        >>> from nn.layers import Dense
        >>> Dense(3, "relu").get_config()
        {'units': 3, 'activation': 'relu'}
        """
        args, kwargs = self._given
        signature = inspect.signature(type(self).__init__)
        config: dict[str, Any] = {}
        for name, value in list(signature.bind(self, *args, **kwargs).arguments.items())[1:]:
            kind = signature.parameters[name].kind
            if kind is inspect.Parameter.VAR_POSITIONAL:
                raise TypeError(
                    f"{type(self).__name__} was given {value!r:.80}, which have no names: "
                    "state get_config() and from_config(config)"
                )
            config |= value if kind is inspect.Parameter.VAR_KEYWORD else {name: value}
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """One with the arguments that `get_config` gave."""
        return cls(**config)
