"""GradientTape: what to record, and the gradients of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from . import _backward, _memory, _nest
from ._backend import DEVICE_ARRAYS, NAMESPACES
from ._calls import constant
from ._device import beside, device_of, made, near
from ._graph import LEAF, UNREAD, Graph, TracingError, Watcher, thread
from ._tensor import Tensor, convert
from ._variable import Variable

if TYPE_CHECKING:
    from .diagram import Diagram

Unconnected = Literal["none", "zero", "raise"]


class GradientTape:
    """Records ops while it is entered, and gives gradients by what it watched.

    TensorFlow's `tf.GradientTape`: trainable Variables are watched when they are read, Tensors by
    `watch`. A tape gives gradients once, unless it is persistent. Tapes nest, for derivatives of
    derivatives. A tape records the thread that entered it; a Tensor from another thread is a
    constant there.

    Args:
        persistent: keep the record, for several gradients or diagrams.
        watch_accessed_variables: watch trainable Variables by themselves.

    Entering for the first time lets large arrays stay in the process's memory (`_memory`).

    >>> x = Variable(3.0)
    >>> with GradientTape() as tape:
    ...     y = 2 * x**2 + 3
    >>> tape.gradient(y, x)
    Tensor(12., dtype=float32)
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._auto = watch_accessed_variables
        self._graph: Graph | None = None
        self._watcher = Watcher(watch_accessed_variables)
        #: ranges of the graph's records made while this tape recorded
        self._spans: list[tuple[int, int]] = []
        self._started: int | None = None
        self._spent = False

    # -- recording -------------------------------------------------------------------------------

    def __enter__(self) -> GradientTape:
        if self._started is not None:
            raise RuntimeError("this GradientTape is recording already; enter another one")
        if self._spent:
            raise RuntimeError(_SPENT)
        _memory.keep_large_arrays()
        if self._graph is None:
            self._graph = thread.graph or Graph()
            self._graph.tapes += 1
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def _start(self) -> None:
        assert self._graph is not None
        self._graph.start(self._watcher)
        self._started = len(self._graph.records)

    def _stop(self) -> None:
        if self._started is not None and self._graph is not None:
            self._graph.stop(self._watcher)
            self._spans.append((self._started, len(self._graph.records)))
            self._started = None

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Not record on this tape, inside a `with`; tapes around it go on.

        Raises:
            RuntimeError: the tape is not recording.
        """
        if self._started is None:
            raise RuntimeError("stop_recording: this GradientTape is not recording")
        self._stop()
        try:
            yield
        finally:
            if self._graph is not None:  # neither spent nor reset meanwhile
                self._start()

    def reset(self) -> None:
        """Forget everything recorded and watched, as if newly made; goes on recording if it was."""
        recording = self._started is not None
        self._stop()
        self._release()
        self._spent = False
        self._watcher = Watcher(self._auto)
        if recording:
            self.__enter__()

    def _release(self) -> None:
        """Let go of the graph."""
        self._graph = None
        self._spans = []

    def watch(self, tensor: Any) -> None:
        """Record what happens to a Tensor or Variable, or to each of a nested structure.

        Raises:
            RuntimeError: the tape is not recording.
            TypeError: no Tensor, or one of integers or booleans, which have no gradient.

        Of an analytic function the gradient by a complex Tensor is the derivative, without a
        conjugate; of a real one ∂/∂x − i ∂/∂y (docs/complex.md).
        """
        graph = self._graph
        if self._started is None or graph is None:
            raise RuntimeError("watch: this GradientTape is not recording; call it inside the with")
        for x in _nest.flatten(tensor):
            _check_float(x, "watch")
            if x._token is graph.token:
                self._watcher.nodes.add(x._node)
                continue
            self._watcher.nodes.add(graph.leaf(x))
            if isinstance(x, Variable):
                self._watcher.variables[x] = None
            if x._token is None or x._token is LEAF:
                x._node = UNREAD
                x._token = LEAF

    def watched_variables(self) -> tuple[Variable, ...]:
        """The Variables watched so far, in the order in which they were first read."""
        return tuple(v for v in self._watcher.variables if isinstance(v, Variable))

    # -- gradients -------------------------------------------------------------------------------

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: Unconnected = "none",
    ) -> Any:
        """The gradient of `target` by each of `sources`, as Tensors in the sources' structure.

        Args:
            target: a Tensor, or a nested structure of some, whose sum is differentiated.
            sources: Tensors or Variables, nested in lists, tuples and dictionaries.
            output_gradients: upstream gradient of each target, in the target's structure; ones
                where None.
            unconnected_gradients: what a source gets on which no target depends: "none" gives
                None, "zero" zeros, "raise" a ValueError that names it.

        Raises:
            RuntimeError: a spent tape, or one that recorded nothing.
            TypeError: a source or target that is no Tensor, an integer source.
            ValueError: upstream gradients of another number or shape; an unconnected source.

        >>> x = Variable([1.0, 2.0])
        >>> with GradientTape() as tape:
        ...     y = x * x
        >>> tape.gradient(y, [x], output_gradients=[10.0, 1.0])
        [Tensor([20.,  4.], dtype=float32)]
        """
        self._usable()
        targets = _nest.flatten(target)
        if output_gradients is None:
            upstream = [_upstream(y, None) for y in targets]
        else:
            try:
                given = _nest.flatten_like(target, output_gradients)
            except (ValueError, KeyError) as error:
                raise ValueError(
                    f"gradient: output_gradients have another structure than the target: {error}"
                ) from None
            upstream = [_upstream(y, g) for y, g in zip(targets, given, strict=True)]
        found = self._walk(targets, upstream, sources, unconnected_gradients)
        return _nest.rebuild(sources, found)

    def jacobian(
        self, target: Tensor, sources: Any, unconnected_gradients: Unconnected = "none"
    ) -> Any:
        """All first derivatives: for each source a Tensor of shape target.shape + source.shape.

        One walk carries all rows at once, as extra leading axes of the upstream gradient.
        Arguments and errors as for `gradient`; `target` is one Tensor.

        >>> x = Variable([1.0, 2.0])
        >>> with GradientTape() as tape:
        ...     y = x * x
        >>> tape.jacobian(y, x)
        Tensor([[2., 0.],
                [0., 4.]], dtype=float32)
        """
        _check_float(target, "jacobian: the target")
        shape, n = target.shape, target.size
        rows = beside(np.eye(n, dtype=target.dtype).reshape((n, *shape)), target._data)
        found = self._walk([target], [constant(rows)], sources, unconnected_gradients, (n,))
        return _nest.rebuild(
            sources, [None if j is None else j.reshape(shape + j.shape[1:]) for j in found]
        )

    def batch_jacobian(
        self, target: Tensor, source: Any, unconnected_gradients: Unconnected = "none"
    ) -> Any:
        """Derivatives of each row of `target` by the same row of `source`.

        Shape (batch, *target.shape[1:], *source.shape[1:]), for a target whose rows depend on one
        row of the source each. Arguments and errors as for `jacobian`.

        >>> x = Variable([[1.0], [2.0]])
        >>> with GradientTape() as tape:
        ...     y = x * x
        >>> tape.batch_jacobian(y, x).numpy().ravel().tolist()
        [2.0, 4.0]
        """
        _check_float(target, "batch_jacobian: the target")
        _check_float(source, "batch_jacobian: the source")
        if not target.ndim or target.shape[:1] != source.shape[:1]:
            raise ValueError(
                f"batch_jacobian: target {target.shape} and source {source.shape} "
                "must have the same first axis"
            )
        inner = target.shape[1:]
        n = math.prod(inner)
        rows = np.eye(n, dtype=target.dtype).reshape((n, 1, *inner))
        rows = beside(np.repeat(rows, target.shape[0], axis=1), target._data)
        (j,) = self._walk([target], [constant(rows)], source, unconnected_gradients, (n,))
        if j is None:
            return None
        j = j.transpose((1, 0, *range(2, j.ndim)))
        return j.reshape((j.shape[0], *inner, *j.shape[2:]))

    def _usable(self) -> Graph:
        if self._spent:
            raise RuntimeError(_SPENT)
        if self._graph is None:
            raise RuntimeError("this GradientTape recorded nothing: enter it with `with` first")
        if self._graph.trace is not None and self._graph.trace.ended:
            raise TracingError(
                "this GradientTape recorded inside a function that was traced, which has ended: "
                "take the gradients there, and return them"
            )
        return self._graph

    def _walk(
        self,
        targets: list[Tensor],
        upstream: list[Tensor],
        sources: Any,
        unconnected: Unconnected,
        lead: tuple[int, ...] = (),
    ) -> list[Any]:
        """A gradient for each source, flattened; `lead` are extra axes in front of `upstream`."""
        if unconnected not in ("none", "zero", "raise"):
            raise ValueError(
                f'unconnected_gradients is {unconnected!r}; expected "none", "zero" or "raise"'
            )
        graph = self._usable()
        wanted = _nest.flatten(sources)
        for x in wanted:
            if not isinstance(x, Tensor) or x._data.dtype.kind not in "fc":
                _check_float(x, "gradient: a source")
        nodes = list(map(graph.nodes_of, wanted))
        every = [node for group in nodes for node in group]
        if not self._persistent:  # spent from here on, also if a rule should raise
            self._stop()
        spans = list(self._spans)
        if not self._persistent:
            self._spent = True
            self._release()
        elif self._started is not None:
            spans.append((self._started, len(graph.records)))
        recording = thread.graph is not None  # an outer tape, or this one if it is persistent
        if recording and thread.graph is not graph:
            _refuse_ended(graph)
        seeds: list[tuple[int, Any]] = []
        for y, g in zip(targets, upstream, strict=True):
            for node in graph.nodes_of(y)[-1:]:
                seeds.append((node, g if recording else g._data))
        beside_them = upstream[0]._data if recording and upstream else None
        with np.errstate(all="ignore"), near(beside_them):
            if graph.tapes == 1 and not self._persistent and not recording:
                found = _backward.consume(graph, seeds, every)
            else:
                first = len(graph.records)
                found = _backward.sweep(graph, self._watcher.nodes, spans, seeds, every, recording)
                if graph.trace is not None:
                    graph.trace.walked(first, () if lead else seeds, found)
        taken = {id(g) for _, g in seeds}
        gradients: list[Any] = []
        for k, group in enumerate(nodes):
            total: Any = found.get(group[0]) if len(group) == 1 else _total(found, group)
            if type(total) is np.ndarray or type(total) in DEVICE_ARRAYS:  # in memory of its own
                if id(total) in taken or total.base is not None:
                    total = total.copy()
                taken.add(id(total))
                gradients.append(constant(total))
            elif total is None:
                gradients.append(_unconnected(wanted[k], k, unconnected, lead))
            else:
                gradients.append(total if isinstance(total, Tensor) else constant(total))
        return gradients

    def diagram(self, target: Any, **options: Any) -> Diagram:
        """The graph behind `target` as a diagram; see `autodiff.diagram.draw`.

        Raises:
            RuntimeError: a spent tape.
        """
        from .diagram import draw

        return draw(self, target, **options)


_SPENT = (
    "this GradientTape has given its gradient and is spent; "
    "make it with persistent=True for several gradients, or for a diagram after a gradient"
)


def _check_float(x: Any, what: str) -> None:
    if not isinstance(x, Tensor):
        raise TypeError(f"{what} is {type(x).__name__} {x!r:.60}; expected a Tensor or Variable")
    if x._data.dtype.kind not in "fc":
        raise TypeError(f"{what} has dtype {x.dtype}, which has no gradient; expected floats")


def _refuse_ended(graph: Graph) -> None:
    """A tape that ended before the one that records now began is a constant to it.

    For Variables that is TensorFlow's answer too; where the new tape watches the same Tensor,
    TensorFlow differentiates part of the gradient, which is worse than an error.
    """
    assert thread.graph is not None
    if any(x in thread.graph.leaves and not isinstance(x, Variable) for x in graph.leaves):
        raise RuntimeError(
            "gradient: this tape ended before the tape that records now began, and both watch the "
            "same Tensor; take the gradient inside nested tapes to differentiate it again"
        )


def _upstream(y: Tensor, g: Any) -> Tensor:
    """The upstream gradient of a target: given, or ones."""
    if not isinstance(y, Tensor):
        raise TypeError(f"gradient: a target is {type(y).__name__}; expected a Tensor")
    if g is None:
        if y._data.ndim or type(y._data) in DEVICE_ARRAYS:
            return constant(NAMESPACES[type(y._data)].ones_like(y._data))
        return constant(y._data.dtype.type(1))
    if isinstance(g, Variable):
        from .ops.elementwise import positive

        g = positive(g)  # its value now
    if not isinstance(g, Tensor):
        g = constant(convert(g, y.dtype, y.device))
    if g.shape != y.shape:
        raise ValueError(
            f"gradient: output_gradients has shape {g.shape} for a target of shape {y.shape}"
        )
    if g.dtype != y.dtype:
        from .ops.creation import astype

        return astype(g, y.dtype)
    return g  # type: ignore[no-any-return]


def _total(found: dict[int, Any], nodes: list[int]) -> Any:
    """The gradient of a leaf that was read at several nodes, or at none."""
    total = None
    for node in nodes:
        if node in found:
            total = found[node] if total is None else total + found[node]
    return total


def _unconnected(x: Tensor, k: int, mode: Unconnected, lead: tuple[int, ...]) -> Tensor | None:
    if mode == "raise":
        name = getattr(x, "name", None) or f"source {k}"
        raise ValueError(f"gradient: no target depends on {name} of shape {x.shape}")
    return (
        None if mode == "none" else constant(made(device_of(x), "zeros", lead + x.shape, x.dtype))
    )
