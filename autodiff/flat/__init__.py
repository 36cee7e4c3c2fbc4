"""Flat programs: `function` records a Python function once and runs straight-line NumPy after."""

from __future__ import annotations

import builtins
import functools
import inspect
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

import numpy as np

from .. import _nest
from ..arrays._device import CPU
from ..engine import _variable
from ..engine._graph import thread
from ..engine._tensor import Tensor
from ..engine._variable import writing
from . import _there
from ._cost import Cost as Cost
from ._cost import LineCost as LineCost
from ._run import Runner
from .fuse._kernels import wanted
from .lower._lower import identifier, lower
from .trace._guard import check, check_again, check_captured
from .trace._signature import is_array, signature
from .trace._trace import Trace, run

if TYPE_CHECKING:
    from ..diagram import Diagram

P = ParamSpec("P")
R = TypeVar("R")

#: so many signatures are a sign that something varies which should be an array
MANY = 16
#: programs kept per function; beyond it, the one that was made first goes
MOST = 128


class _Last:
    """A program and the arrays that it takes, for calls with the like of the last call's."""

    __slots__ = ("device", "moves", "program", "specs")

    def __init__(self, program: Any, arrays: list[Any]) -> None:
        self.program = program
        self.moves = _variable.moves
        self.device = thread.device
        self.specs = [(type(data), data.shape, data.dtype) for data in arrays]

    def fits(self, args: tuple[Any, ...]) -> list[Any] | None:
        """The raw arrays of a call that this program can answer."""
        if len(args) != len(self.specs) or self.moves != _variable.moves:
            return None
        if self.device is not thread.device:
            return None
        arrays = []
        for x, (kind, shape, dtype) in zip(args, self.specs):  # noqa: B905  (it costs 0.2 µs)
            data = x._data if type(x) is Tensor else x
            if type(data) is kind and data.dtype is dtype and data.shape == shape:
                arrays.append(data)
            else:
                return None
        return arrays


class Function(Generic[P, R]):
    """A function that runs as a flat program; made by `function`."""

    def __init__(self, f: Callable[P, R], fuse: bool = False) -> None:
        functools.update_wrapper(self, f)
        self._f = f
        self._fuse = fuse
        #: by signature; None for one that runs op by op
        self._programs: dict[Any, Any] = {}
        #: how many Variables had been brought to other devices when the first of them was made
        self._moves = 0
        #: the program of the last call, if its arguments were arrays: found without a look-up
        self._last: _Last | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        # a tape or another trace records: join it; or every op shall be looked at
        if thread.graph is not None or thread.anomaly is not None:
            return self._f(*args, **kwargs)
        last = self._last  # another thread may set it meanwhile
        if not kwargs and last is not None:
            arrays = last.fits(args)
            if arrays is not None:
                return last.program(arrays)  # type: ignore[no-any-return]
        self.forget_moved()
        if _there.lies_there(args, kwargs):
            return _there.call(self, args, kwargs)  # type: ignore[no-any-return]
        key, arrays = signature(args, kwargs, self._f)
        program = self._made(key, args, kwargs, arrays)
        if program is None:
            return _there.run(self._f, args, kwargs)  # type: ignore[no-any-return]
        if not kwargs and all(type(x) is np.ndarray or type(x) is Tensor for x in args):
            self.remember(program, arrays)
        return program(arrays)  # type: ignore[no-any-return]

    def forget_moved(self) -> None:
        """Forget programs that were made before a Variable was brought to another device."""
        if self._moves != _variable.moves:
            self._programs, self._moves = {}, _variable.moves

    def remember(self, program: Any, arrays: list[Any]) -> None:
        """The next call may be of the same program: for arguments that are Tensors."""
        self._last = _Last(program, arrays)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """A function of a class is bound to its objects, as methods are."""
        return self if instance is None else _Bound(self, instance)

    def _made(self, key: Any, args: Any, kwargs: Any, arrays: list[Any]) -> Any:
        """The program of a signature; None for one that runs op by op."""
        if key in self._programs:
            return self._programs[key]
        return self._trace(key, args, kwargs, arrays)

    def _trace(self, key: Any, args: Any, kwargs: Any, arrays: list[Any]) -> Any:
        """Run the function and make its program; Variables and generators are put back.

        What a call gives, to the last bit, does not depend on whether it is the first. None where
        it touches a device that has no programs.
        """
        name = self._text_name()
        with writing:  # Variables must not change meanwhile
            if key in self._programs:  # another thread was first
                return self._programs[key]
            runner = self._compiled(args, kwargs, arrays)
            if self._moves != _variable.moves:  # Variables were moved meanwhile
                self._programs, self._moves = {}, _variable.moves
            while len(self._programs) >= MOST:
                self._programs.pop(next(iter(self._programs), None), None)
            self._programs[key] = runner
        if len(self._programs) == MANY:
            warnings.warn(
                f"ad.function {name}: {MANY} signatures traced; Python numbers and shapes that "
                "change at every call make a new program each: pass arrays, keep shapes",
                stacklevel=4,
            )
        return runner

    def _compiled(
        self, args: Any, kwargs: Any, arrays: list[Any], first: Trace | None = None
    ) -> Any:
        """The program of a run; of a second one after the `first`, if that made Variables."""
        name = self._text_name()
        with self._recorded(args, kwargs, arrays) as (trace, result):
            where = _there.place_of(trace, arrays)
            machine = _there.machine_of(where)
            if where != CPU and machine is None:
                return None
            if first is not None:
                check_again(first, trace)
            if not trace.created:
                program = lower(trace, result, self._names(args, kwargs))
                runner = _there.runner(program, name, machine, where) if machine else None
                runner = runner or Runner(program, name, self._fuse)
                check_captured(runner.constants, trace.around, name)
                return runner
        return self._compiled(args, kwargs, arrays, trace)

    @contextmanager
    def _recorded(self, args: Any, kwargs: Any, arrays: list[Any]) -> Iterator[tuple[Trace, Any]]:
        """Run the function on Tensors in place of arrays, for what it did and what it gave."""

        def call(tensors: Any) -> Any:
            rest = iter(tensors)
            return _nest.replace((args, kwargs), lambda x: next(rest) if is_array(x) else x)

        with writing:
            recording, thread.graph = thread.graph, None  # asked for while a tape records
            try:
                trace, result = run(self._f, call, arrays)
            finally:
                thread.graph = recording
            try:
                check(trace, result)
                yield trace, result
            finally:
                trace.undo()
                trace.end()

    def _text_name(self) -> str:
        """The function's name in texts, which themselves use NumPy and what Python has built in."""
        name = identifier(getattr(self._f, "__name__", type(self._f).__name__))
        return f"_{name}" if name in ("np", "scipy") or hasattr(builtins, name) else name

    def _names(self, args: Any, kwargs: Any) -> list[str]:
        """Names of the array arguments, from the parameters."""
        try:
            bound = inspect.signature(self._f).bind(*args, **kwargs).arguments
        except (TypeError, ValueError):
            bound = {f"argument{k}": x for k, x in enumerate((*args, *kwargs.values()))}
        names = []
        for name, part in bound.items():
            count = sum(is_array(x) for x in _nest.flatten(part))
            names += [name] if count == 1 else [f"{name}{k}" for k in range(count)]
        return names

    def source(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """The program for these arguments as Python to read; Variables stay as they are.

        One line for each step of the computation, with the names that the function gives its
        values, the shape of each, and the derivative rule of each gate of a backward pass. The
        text runs by itself with NumPy; its docstring says what it is to be given.

        >>> import autodiff as ad
        >>> @function
        ... def f(x):
        ...     y = x * 2.0
        ...     return ad.exp(y)
        >>> for line in f.source(ad.asarray(0.5)).splitlines()[-4:]:
        ...     print(line)
            # forward
            y = x * 2.0    # ()  multiply
            e = np.exp(y)  # ()  exp
            return (e,)
        """
        return str(self._runner(args, kwargs).readable.source)

    def kernels(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """The kernels of the program for these arguments, which lie on a device, as CUDA C.

        Raises:
            RuntimeError: the program runs on the CPU, or op by op.
        """
        runner = self._runner(args, kwargs)
        if not isinstance(runner, Runner):
            return str(runner.text)
        raise RuntimeError(
            f"ad.function {self._text_name()}: kernels in CUDA C are of programs on a device; "
            "these arguments lie on the CPU"
        )

    def cost(self, *args: P.args, **kwargs: P.kwargs) -> Cost:
        """What a call with these arguments costs, line by line; Variables stay as they are.

        See `Cost`, which prints as a table.

        >>> import autodiff as ad
        >>> f = function(lambda x, y: ad.sum(x @ y))
        >>> cost = f.cost(ad.ones((2, 3)), ad.ones((3, 4)))
        >>> cost.flops, [line.flops for line in cost.lines]
        (56, [48, 8])
        """
        runner = self._runner(args, kwargs)
        return runner.cost  # type: ignore[no-any-return]

    def diagram(self, *args: Any, **kwargs: Any) -> Diagram:
        """The graph of what the function computes from these arguments; Variables stay as they are.

        Shows what the function returns, with gradients on the wires, or what it differentiates if
        it returns no more than gradients. With `backward=True` instead all that it returns and
        assigns, its own backward pass as gates. `names` maps Variables, and what the function calls
        its values, to the names that are shown. Options `copies`, `constants`, `decimals`, `title`,
        `max_nodes`, `depth`, `flow`, `highlight`, `costs` and `theme` are those of
        `GradientTape.diagram`; other arguments are the function's.

        Raises:
            TypeError: `names` of anything else.
            ValueError: `names` of nothing in the function; the function computes no floats; more
                than `max_nodes` nodes.

        >>> import autodiff as ad
        >>> @function
        ... def f(x, y):
        ...     product = x * y
        ...     return ad.tanh(product)
        >>> wires = f.diagram(ad.asarray(0.5), ad.asarray(2.0)).picture.wires
        >>> [(wire.name, float(wire.value), float(wire.gradient)) for wire in wires]
        [('x', 0.5, 0.84), ('y', 2.0, 0.21), ('product', 1.0, 0.42), ('', 0.762, 1.0)]
        """
        from ._picture import OPTIONS, picture

        _there.refuse(self._text_name(), "a diagram", args, kwargs)
        options = {name: kwargs.pop(name) for name in OPTIONS & {*kwargs}}
        _, arrays = signature(args, kwargs, self._f)
        with self._recorded(args, kwargs, arrays) as (trace, result):
            return picture(trace, result, self._names(args, kwargs), **options)

    def _runner(self, args: Any, kwargs: Any) -> Any:
        """The program for these arguments."""
        _there.refuse(self._text_name(), "its text or cost", args, kwargs)
        if _there.lies_there(args, kwargs):
            return _there.program(self, args, kwargs)[0]
        key, arrays = signature(args, kwargs, self._f)
        found = self._made(key, args, kwargs, arrays)
        if found is None:
            raise RuntimeError(f"ad.function {self._text_name()} reads Variables on a device")
        return found


class _Bound:
    """A flat method of one object."""

    def __init__(self, function: Function[Any, Any], instance: Any) -> None:
        self._function, self._instance = function, instance

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._function(self._instance, *args, **kwargs)

    def source(self, *args: Any, **kwargs: Any) -> str:
        """The text of the program for these arguments."""
        return self._function.source(self._instance, *args, **kwargs)

    def cost(self, *args: Any, **kwargs: Any) -> Cost:
        """What a call with these arguments costs."""
        return self._function.cost(self._instance, *args, **kwargs)

    def diagram(self, *args: Any, **kwargs: Any) -> Diagram:
        """The graph of what the method computes from these arguments."""
        return self._function.diagram(self._instance, *args, **kwargs)


@overload
def function(f: Callable[P, R], *, fuse: bool | None = None) -> Function[P, R]: ...
@overload
def function(*, fuse: bool | None = None) -> Callable[[Callable[P, R]], Function[P, R]]: ...
def function(f: Any = None, *, fuse: bool | None = None) -> Any:
    """Run a function as a flat program: straight-line NumPy that writes into its own buffers.

    The first call with arguments of given shapes, dtypes and Python values runs the function once
    to record what it does; this call and later ones run the program. The function may open tapes,
    assign Variables and apply optimizers. Arrays and Tensors, nested in lists, tuples and
    dictionaries, are the program's inputs; Variables are read and assigned anew at every call.
    Everything else is fixed per program: Python values, small arrays that the function captures.
    What the function does beside computing, such as printing or appending to a list, happens when
    it is recorded (twice, if it makes Variables then) and never again. Programs do not warn of
    divisions by zero and the like. Where arguments or Variables lie on a GPU, a program is kernels
    in CUDA C and products of matrices, recorded as one graph that later calls replay.

    `source`, `cost` and `diagram` of the same arguments show the program, count its operations and
    draw what it computes. `docs/flat-programs.md` walks through one.

    Threads may call functions at once. Calls that assign Variables or draw take turns, and so does
    what is recorded (it must not wait for another thread that calls functions); calls that only
    read Variables see all of what another call assigned, or nothing. Python code that reads a
    Variable while another thread's call assigns it may see a part of that: keep the two apart.
    Python's build without the GIL is not supported.

    Args:
        f: the function; without it, what is returned decorates one.
        fuse: whether neighbouring operations on elements run as one loop that Numba compiles
            (the extra `fuser`), a tenth of a second or more for each when it is first met. Sums
            are then made in another order, and exp and the like by another library: results
            differ in the last bits. None: if the environment has AUTODIFF_FUSE=1.

    Raises:
        TracingError: the function does what a program could not repeat: it needs the value of a
            Tensor, makes Variables at every call, draws from a generator of NumPy's or Python's,
            captures a large array, returns a tape. Also where a Tensor that it kept is used
            afterwards.
        TypeError: an argument that is neither an array nor hashable.
        ImportError: programs are to be fused, and Numba is not installed.

    >>> import autodiff as ad
    >>> @function
    ... def f(x):
    ...     return ad.sum(x * x)
    >>> f(ad.asarray([1.0, 2.0])), f(ad.asarray([3.0, 4.0]))
    (Tensor(5., dtype=float32), Tensor(25., dtype=float32))
    """
    fuse = wanted(fuse)
    return partial(Function, fuse=fuse) if f is None else Function(f, fuse)
