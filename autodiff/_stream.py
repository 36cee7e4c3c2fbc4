"""A stream of random numbers: its state, its children, and the one place that draws."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from ._draws import DRAW, DRAWS, integer
from .arrays._backend import as_data
from .arrays._device import here
from .engine._calls import constant
from .engine._graph import TracingError, thread
from .engine._tensor import Tensor

#: what a state holds, and in how many bits
STATE = {"state": 128, "inc": 128, "has_uint32": 1, "uinteger": 32}


class Stream:
    """What `random.Generator` draws from: PCG64."""

    __slots__ = ("_source",)

    def __init__(self, bits: np.random.PCG64) -> None:
        self._source = np.random.Generator(bits)

    def spawn(self, n: int) -> list[Self]:
        """n Generators, independent of this one and of each other, for threads or parts.

        Their seeds of 128 bits are drawn from this one, which goes on from there: a checkpoint of
        `state` gives the same children again.

        >>> from autodiff.random import default_rng
        >>> a, b = default_rng(0).spawn(2)
        >>> bool((a.random(3) == b.random(3)).any())
        False
        """
        refuse_traced("spawn", "spawn Generators outside")
        if integer("spawn", "n", n) < 0:
            raise ValueError(f"spawn: n is {n}; expected 0 or more")
        seeds = self._source.integers(0, 2**64, (n, 2), np.uint64)
        return [type(self)(np.random.PCG64(seed.tolist())) for seed in seeds]

    @property
    def state(self) -> dict[str, int]:
        """Where the Generator stands, as four integers by name; set it to go on from there.

        >>> from autodiff.random import default_rng
        >>> rng = default_rng(0)
        >>> saved = rng.state
        >>> x = rng.random()
        >>> rng.state = saved
        >>> bool(x == rng.random())
        True
        """
        refuse_traced("state", "read and set it outside")
        whole: Any = self._source.bit_generator.state
        flat = {**whole, **whole["state"]}
        return {name: int(flat[name]) for name in STATE}

    @state.setter
    def state(self, state: Mapping[str, int]) -> None:
        refuse_traced("state", "read and set it outside")
        if not isinstance(state, Mapping) or set(state) != set(STATE):
            given = sorted(state) if isinstance(state, Mapping) else type(state).__name__
            raise ValueError(f"state: given {given}; expected integers {', '.join(STATE)}")
        values = {name: operator.index(state[name]) for name in STATE}
        for name, bits in STATE.items():
            if not 0 <= values[name] < 2**bits:
                raise ValueError(f"state: {name} is {values[name]}; expected {bits} bits")
        self._source.bit_generator.state = {
            "bit_generator": "PCG64",
            "state": {name: values.pop(name) for name in ("state", "inc")},
            **values,
        }

    def draw(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """The raw array of a draw by its name in `_draws.DRAWS`: every number comes from here."""
        return as_data(DRAWS[name](self._source, **arguments))

    def _give(self, name: str, **arguments: Any) -> Tensor:
        """A draw as a Tensor: a constant, or where a function is being traced a record."""
        graph = thread.graph
        if graph is not None:
            graph.drawing(self._source.bit_generator)
        result = constant(here(self.draw(name, arguments)))
        if graph is not None and graph.trace is not None:
            result._token = graph.token
            result._node = len(graph.records)
            graph.records.append((DRAW, None, result._data, self, name, arguments))
        return result


def refuse_traced(what: str, instead: str) -> None:
    """Raise where a function is being traced: a flat program could not repeat this."""
    graph = thread.graph
    if graph is not None and graph.trace is not None:
        raise TracingError(
            f"{what} inside a function being traced would be done once for all calls; {instead}"
        )
