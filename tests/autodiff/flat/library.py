"""What random programs compute with: this library, as its users call it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import autodiff as ad
from autodiff.engine._graph import thread
from autodiff.engine._op import registry
from autodiff.testing import Call

if TYPE_CHECKING:
    from .run import Run, Step


class Ours:
    """Ops by name; what other libraries spell in another way has a method."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(ad, name, None) or getattr(registry.get(name), "function", None)
        if found is None:
            raise AttributeError(f"no op {name!r}")
        return found

    def is_float(self, x: Any) -> bool:
        """Whether gradients may be asked for."""
        return bool(x.dtype.kind == "f")

    def constant(self, array: np.ndarray, like: Any) -> Any:
        """A constant; floats in the dtype of another value."""
        return ad.Tensor(array, like.dtype if array.dtype.kind == "f" else None)

    def call(self, call: Call, inputs: list[Any]) -> Any:
        """A declared op with the statics of a sample."""
        return call(*inputs)

    def read(self, variable: Any) -> Any:
        """A Variable in an expression."""
        return variable

    def differentiate(
        self, run: Run, x: Any, body: tuple[Step, ...], persistent: bool, weighted: bool
    ) -> list[Any]:
        """Gradients of what the body makes by x and the Variables; twice if persistent."""
        with ad.GradientTape(persistent=persistent) as tape:
            tape.watch(x)
            run.tapes.append(tape)
            made = run.made(body) or [x * x]
            run.tapes.pop()
            y = run.target(made)
        sources = [x, *run.variables]
        upstream = ad.cos(y) if weighted else None
        found = list(tape.gradient(y, sources, upstream, unconnected_gradients="zero"))
        if persistent:
            found += tape.gradient(made[0], sources, unconnected_gradients="zero")
        return found

    @property
    def tracing(self) -> bool:
        """Whether a flat program is being recorded."""
        return thread.graph is not None and thread.graph.trace is not None


OURS = Ours()
