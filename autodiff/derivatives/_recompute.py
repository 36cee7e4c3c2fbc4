"""recompute_grad: what a function computes on the way is computed again backward, instead of kept.

Where a tape records, the function runs in a graph that records nothing and notes what the function
depends on: Tensors, Variables, random bits. These are kept as they were; what came between is let
go. The backward pass puts them back, runs the function again on a tape of its own, and takes the
gradients of that.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import _nest
from ..arrays._backend import namespace
from ..arrays._device import host
from ..engine._backward import tensor
from ..engine._graph import LEAF, UNREAD, Graph, Watcher, thread
from ..engine._tape import GradientTape
from ..engine._tensor import Tensor
from ..engine._variable import Variable, writing
from ..ops.shaping import reshape
from ._custom import Custom, record_call, tracked_node

#: what a Tensor holds: raw data, token, node
State = tuple[Any, Any, Any]


class Rehearsal(Graph):
    """Where a function runs unrecorded while `outer` records; notes what it depends on.

    Tapes that the function itself enters record here, as in any graph.
    """

    __slots__ = ("before", "bits", "inputs", "outer")

    def __init__(self, outer: Graph) -> None:
        super().__init__()
        self.outer = outer
        #: Tensors and Variables that are read or assigned, as they were before
        self.before: dict[Tensor, State] = {}
        #: those that the outer graph tracks, and their nodes there
        self.inputs: dict[Tensor, int] = {}
        #: random bits, and where they stood before the first draw
        self.bits: dict[Any, Any] = {}

    def read(self, x: Tensor) -> int | None:
        """Note the Tensor; its node if a tape of the function's own watches it."""
        if x not in self.inputs:
            self.before.setdefault(x, _state(x))
            node = x._node if x._token is self.outer.token else self.outer.read(x)
            if node is not None and x.dtype.kind in "fc":
                self.inputs[x] = node
        return super().read(x) if self.watchers else None

    def assigning(self, variable: Variable) -> None:
        """Note the value before."""
        self.before.setdefault(variable, _state(variable))

    def drawing(self, bits: Any) -> None:
        """Note where they stand."""
        self.bits.setdefault(bits, bits.state)

    def stop(self, watcher: Watcher) -> None:
        """No longer record; the rehearsal goes on."""
        super().stop(watcher)
        thread.graph = self


@dataclass(frozen=True, slots=True)
class _Argument:
    """A Tensor among the arguments: its value, and its node in the graph at hand."""

    data: Any
    node: int | None


class _Call:
    """A call of f: its arguments as they were, and whatever else the result depends on."""

    def __init__(self, f: Callable[..., Any], given: Any, graph: Graph) -> None:
        self.f = f
        self.token = graph.token
        self.given = _nest.replace(given, lambda x: _kept(x, graph))
        #: what f depends on, of what the graph tracks: the place of an argument, or a Tensor
        self.inputs: list[int | Tensor] = []
        self.before: dict[Tensor, State] = {}
        self.bits: dict[Any, Any] = {}
        #: raw values of the Tensors that it gave
        self.outs: list[Any] = []

    def rehearse(self, graph: Graph) -> tuple[Any, dict[Tensor, int]]:
        """What f gives, unrecorded; and what that depends on, with its nodes."""
        rehearsal = Rehearsal(graph)
        arguments = self._arguments(self.token)
        args, kwargs = self._given(arguments)
        thread.graph = rehearsal
        try:
            value = self.f(*args, **kwargs)
        finally:
            thread.graph = graph
        for y in _tensors(value):
            if y._token is not None and y._token is not rehearsal.token:
                rehearsal.read(y)  # given back as it is
        places = {id(x): k for k, x in enumerate(arguments)}
        self.inputs = [places.get(id(x), x) for x in rehearsal.inputs]
        self.before = {x: s for x, s in rehearsal.before.items() if id(x) not in places}
        self.bits = rehearsal.bits
        self.outs = [y._data for y in _tensors(value)]
        return value, rehearsal.inputs

    def gradients(
        self, upstream: Sequence[Tensor], lead: tuple[int, ...], wanted: Sequence[bool]
    ) -> list[Tensor | None]:
        """The gradients by those inputs that are wanted, by running f again."""
        graph = thread.graph
        shared = graph is not None and graph.token is self.token
        arguments = self._arguments(self.token if shared else None)
        sources = [arguments[k] if isinstance(k, int) else k for k in self.inputs]
        chosen = [x for x, want in zip(sources, wanted, strict=True) if want]
        with self._as_it_was(), GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(chosen)
            # as they are, but not what is watched: f may assign to their items
            args, kwargs = self._given([reshape(x, x.shape) for x in arguments])
            outs = _tensors(self.f(*args, **kwargs))
        self._compare(outs)
        floats = [(y, g) for y, g in zip(outs, upstream, strict=True) if y.dtype.kind in "fc"]
        ys, gs = [y for y, _ in floats], [g for _, g in floats]
        found = iter(tape._begin(chosen, "none").gradients(ys, gs, lead))
        return [next(found) if want else None for want in wanted]

    def _arguments(self, token: Any) -> list[Tensor]:
        """The Tensors among the arguments, made anew; tracked by the graph of that token."""
        found = (x for x in _nest.flatten(self.given) if isinstance(x, _Argument))
        return [tensor(x.data, token, None if token is None else x.node) for x in found]

    def _given(self, arguments: list[Tensor]) -> Any:
        """What to call f with."""
        rest = iter(arguments)
        return _nest.replace(self.given, lambda x: next(rest) if isinstance(x, _Argument) else x)

    @contextmanager
    def _as_it_was(self) -> Iterator[None]:
        """Put back what f depends on; afterwards all is as it is now, whatever f did to it."""
        with writing:
            now = {x: _state(x) for x in self.before}
            bits = {source: source.state for source in self.bits}
            try:
                _restore(self.before, self.bits)
                yield
            finally:
                _restore(now, bits)

    def _compare(self, outs: Sequence[Tensor]) -> None:
        """Raise where f has given something else than the first time."""
        same = len(outs) == len(self.outs)
        for y, before in zip(outs, self.outs, strict=False):
            same = same and y.shape == before.shape and y.dtype == before.dtype
            same = same and _close(y._data, before)
        if not same:
            raise RuntimeError(
                f"recompute_grad {_name(self.f)}: run again for the gradient, it gave something "
                "else than before. It must depend on nothing but its arguments, Tensors, "
                "Variables, and draws of ad.random: not on arrays or objects that change, nor on "
                "random numbers of NumPy's or Python's own"
            )


class _Recomputed(Custom):
    """Record of a call that is run again: inputs are what it depends on."""

    role = "recomputed"

    def _call(
        self,
        rule: Any,
        upstream: list[Tensor],
        lead: tuple[int, ...],
        inputs: Any,
        nodes: Sequence[int | None],
    ) -> list[Tensor | None]:
        found: list[Tensor | None] = rule(upstream, lead, [node is not None for node in nodes])
        return found


def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """f, which trades time for memory: what it computes on the way is not kept for the gradient.

    TensorFlow's `tf.recompute_grad`, or gradient checkpointing (T. Chen et al., "Training deep nets
    with sublinear memory cost", 2016): tapes keep what f takes and gives, and run it again when
    they need its gradient. Of a chain of n steps, checkpointed in √n parts, about 2√n values are
    held at a time, at the price of one more forward pass.

    Running again, f sees its arguments, Variables and Tensors around it with the values that they
    had, draws the same random numbers (`ad.random`), and has no lasting effect: Variables that it
    assigns are assigned once, and generators go on from where they are. Gradients are those of f
    itself, of any order; those of second order keep what the second run computes. A flat program
    (`ad.function`) plans its memory itself and runs f once: it takes as much as without this.

    Args:
        f: takes anything and gives Tensors, alone or in nested structures. It must give the same
            whenever it is called with the same.

    Raises:
        RuntimeError: run again, f gave something else than before; when a gradient is taken.

    >>> import autodiff as ad
    >>> @recompute_grad
    ... def block(x):
    ...     return ad.tanh(ad.tanh(x) * 2)
    >>> ad.grad(block)(0.0)
    Tensor(2., dtype=float32)
    """
    op = _Recomputed(_name(f))

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        graph = thread.graph
        if graph is None or graph.trace is not None or isinstance(graph, Rehearsal):
            return f(*args, **kwargs)
        if thread.anomaly is not None:  # which shall see where it came up first
            return f(*args, **kwargs)
        call = _Call(f, (args, kwargs), graph)
        value, inputs = call.rehearse(graph)
        outs = record_call(op, graph, inputs.values(), inputs, _tensors(value), call.gradients)
        rest = iter(outs)
        return _nest.replace(value, lambda x: next(rest) if isinstance(x, Tensor) else x)

    return wrapped


def _name(f: Callable[..., Any]) -> str:
    return getattr(f, "__name__", type(f).__name__)


def _kept(x: Any, graph: Graph) -> Any:
    """An argument that nobody changes later; Variables are noted when they are read."""
    if isinstance(x, Tensor) and not isinstance(x, Variable):
        return _Argument(x._data, tracked_node(graph, x))
    return x.copy() if isinstance(x, np.ndarray) else x


def _tensors(value: Any) -> list[Tensor]:
    return [y for y in _nest.flatten(value) if isinstance(y, Tensor)]


def _state(x: Tensor) -> State:
    token = x._token
    return x._data, token, UNREAD if token is LEAF else None if token is None else x._node


def _restore(states: dict[Tensor, State], bits: dict[Any, Any]) -> None:
    for x, state in states.items():
        if x._data is not state[0]:
            x._data, x._token, x._node = state
    for source, where in bits.items():
        source.state = where


def _close(y: Any, before: Any) -> bool:
    """Equal but for rounding, which may depend on where arrays lie in memory."""
    with np.errstate(all="ignore"):
        equal = (y == before) | ((y != y) & (before != before))
        if bool(host(equal.all())):
            return True
        if before.dtype.kind not in "fc":
            return False
        xp = namespace(before)
        size = xp.abs(before)
        most = xp.max(xp.where(xp.isfinite(size), size, xp.zeros_like(size)), None)
        near = xp.abs(y - before) <= float(np.finfo(before.dtype).eps) ** 0.5 * most
        return bool(host((equal | near).all()))
