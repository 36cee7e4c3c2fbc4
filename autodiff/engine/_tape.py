"""GradientTape: what to record, and the gradients of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .. import _nest
from ..arrays import _memory
from ..arrays._backend import DEVICE_ARRAYS, NAMESPACES
from ..derivatives import _jacobian
from ._calls import constant
from ._graph import LEAF, UNREAD, Graph, TracingError, Watcher, thread
from ._tensor import Tensor, convert
from ._variable import Variable
from ._walk import Unconnected, Walk

if TYPE_CHECKING:
    from ..diagram import Diagram


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
        self,
        target: Tensor,
        sources: Any,
        unconnected_gradients: Unconnected = "none",
        chunk_size: int | None = None,
    ) -> Any:
        """All first derivatives: for each source a Tensor of shape target.shape + source.shape.

        TensorFlow's `jacobian`, for Tensors of any ranks. A walk carries many rows at once, as
        extra leading axes of the upstream gradient.

        Args:
            target: one Tensor.
            sources: as for `gradient`.
            unconnected_gradients: as for `gradient`.
            chunk_size: rows that one walk carries, as in PyTorch's `jacrev`; None for as many as
                keep the largest gradient on the way within 2 MiB.

        Raises:
            ValueError: chunk_size less than 1; and what `gradient` raises.

        >>> x = Variable([1.0, 2.0])
        >>> with GradientTape() as tape:
        ...     y = x * x
        >>> tape.jacobian(y, x)
        Tensor([[2., 0.],
                [0., 4.]], dtype=float32)
        """
        self._usable()
        _check_float(target, "jacobian: the target")
        walk = self._begin(sources, unconnected_gradients)
        return _nest.rebuild(sources, _jacobian.jacobian(walk, target, chunk_size))

    def batch_jacobian(
        self,
        target: Tensor,
        source: Any,
        unconnected_gradients: Unconnected = "none",
        chunk_size: int | None = None,
    ) -> Any:
        """Derivatives of each row of `target` by the same row of `source`.

        TensorFlow's `batch_jacobian`: shape (batch, *target.shape[1:], *source.shape[1:]), for a
        target whose rows depend on one row of the source each; where they depend on others, what
        is given is the sum over these. `source` may be a nested structure of Tensors, else
        arguments and errors are those of `jacobian`.

        Raises:
            ValueError: target and source differ in their first axis.

        >>> x = Variable([[1.0], [2.0]])
        >>> with GradientTape() as tape:
        ...     y = x * x
        >>> tape.batch_jacobian(y, x).numpy().ravel().tolist()
        [2.0, 4.0]
        """
        self._usable()
        _check_float(target, "batch_jacobian: the target")
        for x in _nest.flatten(source):
            _check_float(x, "batch_jacobian: the source")
            if not target.ndim or target.shape[:1] != x.shape[:1]:
                raise ValueError(
                    f"batch_jacobian: target {target.shape} and source {x.shape} "
                    "must have the same first axis"
                )
        walk = self._begin(source, unconnected_gradients)
        return _nest.rebuild(source, _jacobian.batch_jacobian(walk, target, chunk_size))

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
        return self._begin(sources, unconnected).gradients(targets, upstream, lead)

    def _begin(self, sources: Any, unconnected: Unconnected) -> Walk:
        """The walk back to the sources; a tape that is not persistent is spent from here on."""
        if unconnected not in ("none", "zero", "raise"):
            raise ValueError(
                f'unconnected_gradients is {unconnected!r}; expected "none", "zero" or "raise"'
            )
        graph = self._usable()
        wanted = _nest.flatten(sources)
        for x in wanted:
            if not isinstance(x, Tensor) or x._data.dtype.kind not in "fc":
                _check_float(x, "gradient: a source")
        if not self._persistent:  # spent from here on, also if a rule should raise
            self._stop()
        spans = list(self._spans)
        if not self._persistent:
            self._spent = True
            self._release()
        elif self._started is not None:
            spans.append((self._started, len(graph.records)))
        once = not self._persistent
        return Walk(graph, self._watcher.nodes, spans, wanted, unconnected, once)

    def diagram(self, target: Any, **options: Any) -> Diagram:
        """The graph behind `target` as a diagram; see `autodiff.diagram.draw`.

        Raises:
            RuntimeError: a spent tape.
        """
        from ..diagram import draw

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


def _upstream(y: Tensor, g: Any) -> Tensor:
    """The upstream gradient of a target: given, or ones."""
    if not isinstance(y, Tensor):
        raise TypeError(f"gradient: a target is {type(y).__name__}; expected a Tensor")
    if g is None:
        if y._data.ndim or type(y._data) in DEVICE_ARRAYS:
            return constant(NAMESPACES[type(y._data)].ones_like(y._data))
        return constant(y._data.dtype.type(1))
    if isinstance(g, Variable):
        from ..ops.elementwise import positive

        g = positive(g)  # its value now
    if not isinstance(g, Tensor):
        g = constant(convert(g, y.dtype, y.device))
    if g.shape != y.shape:
        raise ValueError(
            f"gradient: output_gradients has shape {g.shape} for a target of shape {y.shape}"
        )
    if g.dtype != y.dtype:
        from ..ops.creation import astype

        return astype(g, y.dtype)
    return g  # type: ignore[no-any-return]
