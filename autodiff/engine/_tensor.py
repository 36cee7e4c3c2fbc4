"""Tensor, the value that ops take and give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays._backend import DEVICE_ARRAYS, INEXACT_SCALARS, PYTHON_SCALARS, as_data
from ..arrays._device import CPU, adopt, device_of, here, host, on_device, place, resolve
from ..protocols._operators import Operators
from ._escaped import Escaped
from ._graph import Token, TracingError, thread

#: types of what lies on no device
ON_HOST = frozenset((*PYTHON_SCALARS, *INEXACT_SCALARS, list, tuple, np.ndarray))
#: dtype of Python floats and complexes, as in TensorFlow, PyTorch and JAX
DEFAULT_DTYPES = {"f": np.dtype(np.float32), "c": np.dtype(np.complex64)}


class Tensor(Operators):
    """An array value of any rank, recorded by the ops that make it while a tape watches.

    Args:
        value: number, nested list of numbers, NumPy array (copied) or Tensor.
        dtype: NumPy dtype; by default NumPy arrays and scalars keep theirs, Python floats become
            float32, Python ints int64.
        device: where to put it; by default on the current device, a Tensor stays where it lies.

    Raises:
        TypeError: the value is no array of numbers.
        RuntimeError: there is no such device.

    >>> Tensor([[1.0, 2.0], [3.0, 4.0]])
    Tensor([[1., 2.],
            [3., 4.]], dtype=float32)
    >>> (Tensor(3) * 2).dtype
    dtype('int64')
    """

    __slots__ = ("_data", "_node", "_origin", "_token")

    #: raw array; a NumPy scalar when 0-d and float or complex and not on a device
    _data: Any
    #: token of the graph that recorded it, LEAF for what tapes watch, None for constants
    _token: Token | None
    #: its node in that graph; of a LEAF (epoch, node) as last read, see `Graph.read`
    _node: Any
    #: what it was made of, where its op remembers that (`_origin`); else unset, or None
    _origin: Any

    def __init__(self, value: Any, dtype: Any = None, device: Any = None) -> None:
        self._data = convert(value, dtype, device)
        self._token = None
        if isinstance(value, Tensor) and value._token is not None:
            raise TypeError(
                "Tensor(...) of a recorded Tensor would cut it off; "
                "use ad.asarray(x) to go on, or ad.stop_gradient(x) to cut"
            )

    # -- what it is ------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return self._data.shape  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy dtype of the elements."""
        return self._data.dtype  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._data.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        """Number of elements."""
        return self._data.size  # type: ignore[no-any-return]

    @property
    def device(self) -> str:
        """Where the array lies: "cpu", or a GPU as "cuda:0"."""
        return str(device_of(self._data))

    @property
    def T(self) -> Tensor:
        """All axes reversed."""
        return self.transpose(None)

    @property
    def mT(self) -> Tensor:
        """The last two axes swapped: each matrix of a stack transposed.

        Raises:
            ValueError: fewer than two axes.
        """
        n = self.ndim
        if n < 2:
            raise ValueError(f"mT needs a matrix; given shape {self.shape}")
        return self.transpose((*range(n - 2), n - 1, n - 2))

    @property
    def real(self) -> Tensor:
        """The real part, recorded."""
        from ..ops.complex import real

        return real(self)

    @property
    def imag(self) -> Tensor:
        """The imaginary part, recorded."""
        from ..ops.complex import imag

        return imag(self)

    # -- leaving the graph -----------------------------------------------------------------------

    def numpy(self) -> np.ndarray[Any, Any]:
        """A copy as a NumPy array; waits for a device to compute it.

        >>> Tensor([1.0, 2.0]).numpy()
        array([1., 2.], dtype=float32)
        """
        return np.array(host(leave(self, "numpy()")))

    def item(self) -> Any:
        """The only element as a Python number; ValueError if there are more."""
        return host(leave(self, "item()")).item()

    def tolist(self) -> Any:
        """Nested lists of Python numbers."""
        return host(leave(self, "tolist()")).tolist()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if self._token is not None:
            refuse_recorded(self)
        data = host(leave(self, "conversion to a NumPy array"))
        if copy is False:
            view = np.asarray(data, dtype).view()
            view.flags.writeable = False
            return view
        return np.array(data, dtype)

    def __float__(self) -> float:
        return float(self._scalar("float"))

    def __int__(self) -> int:
        return int(self._scalar("int"))

    def __complex__(self) -> complex:
        return complex(self._scalar("complex"))

    def __index__(self) -> int:
        data = self._scalar("an index")
        if data.dtype.kind not in "iu":
            raise TypeError(f"a Tensor used as an index must hold integers; given {data.dtype}")
        return int(data)

    def _scalar(self, what: str) -> Any:
        if self._data.size != 1:
            raise TypeError(f"a Tensor of shape {self.shape} is no {what}; expected one element")
        return host(leave(self, f"use as {what}")).reshape(())[()]

    def __bool__(self) -> bool:
        if self._data.size != 1:
            raise ValueError(
                f"the truth value of a Tensor of shape {self.shape} is ambiguous; "
                "use ad.all(x) or ad.any(x)"
            )
        return bool(host(leave(self, "a Python condition")))

    # -- Python protocols ------------------------------------------------------------------------

    __hash__ = object.__hash__  # by identity, so that Variables can be keys of dictionaries

    def __len__(self) -> int:
        if not self._data.ndim:
            raise TypeError("a 0-d Tensor has no length")
        return len(self._data)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[k] for k in range(len(self)))

    def __repr__(self) -> str:
        name = type(self).__name__
        if type(self._data) is Escaped:
            return f"{name}({self._data!r})"
        return f"{name}({self._text(len(name) + 1)}, dtype={self.dtype})"

    def _text(self, indent: int) -> str:
        return np.array2string(np.asarray(host(self._data)), separator=", ", prefix=" " * indent)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def __copy__(self) -> Tensor:
        twin = Tensor.__new__(Tensor)
        twin._data, twin._token = self._data, self._token
        if self._token is not None:
            twin._node = self._node
            if thread.graph is not None and thread.graph.trace is not None:
                thread.graph.trace.copied(twin)
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        return Tensor, (self.numpy(),)

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        import autodiff

        return autodiff

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: Any = None,
        dl_device: Any = None,
        copy: Any = None,
    ) -> Any:
        from ..arrays._exchange import dlpack

        return dlpack(self, stream=stream, max_version=max_version, dl_device=dl_device, copy=copy)

    def __dlpack_device__(self) -> tuple[int, int]:
        from ..arrays._exchange import dlpack_device

        return dlpack_device(self)

    def __array_ufunc__(self, ufunc: Any, how: str, *inputs: Any, **kwargs: Any) -> Any:
        from ..protocols._functions import call_ufunc

        return call_ufunc(ufunc, how, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        from ..protocols._functions import call_function

        return call_function(function, args, kwargs)

    if TYPE_CHECKING:  # made by the ops' declarations

        def __setitem__(self, index: Any, value: Any) -> None: ...

        # a test compares these with the declarations
        all: Callable[..., Tensor]
        any: Callable[..., Tensor]
        argmax: Callable[..., Tensor]
        argmin: Callable[..., Tensor]
        argsort: Callable[..., Tensor]
        astype: Callable[..., Tensor]
        clip: Callable[..., Tensor]
        conj: Callable[..., Tensor]
        log_softmax: Callable[..., Tensor]
        logsumexp: Callable[..., Tensor]
        max: Callable[..., Tensor]
        mean: Callable[..., Tensor]
        min: Callable[..., Tensor]
        prod: Callable[..., Tensor]
        relu: Callable[..., Tensor]
        reshape: Callable[..., Tensor]
        sigmoid: Callable[..., Tensor]
        softmax: Callable[..., Tensor]
        sort: Callable[..., Tensor]
        squeeze: Callable[..., Tensor]
        std: Callable[..., Tensor]
        sum: Callable[..., Tensor]
        to_device: Callable[..., Tensor]
        transpose: Callable[..., Tensor]
        var: Callable[..., Tensor]


def leave(x: Tensor, how: str) -> Any:
    """The raw data of a Tensor that leaves the graph; refused where a function is traced."""
    graph = thread.graph
    if graph is not None and graph.trace is not None and graph.trace.knows(x):
        raise graph.trace.refusal(x, how)
    if type(x._data) is Escaped:
        raise TracingError(x._data.why)
    return x._data


def refuse_recorded(x: Tensor) -> None:
    """TypeError where a tape records what is made of x: an array of it would be a constant."""
    graph = thread.graph
    if graph is None or graph.trace is not None:
        return
    if x._token is graph.token or graph.would_read(x):
        raise TypeError(
            f"a {type(x).__name__} of shape {x.shape} that a tape records was about to become a "
            "NumPy array, and what is made of that has no gradient. Lists of Tensors go through "
            "ad.stack or ad.asarray; NumPy's functions take Tensors, though not in lists where "
            "they take one array. Where no gradient is meant: x.numpy()"
        )


def convert(value: Any, dtype: Any, device: Any = None) -> Any:
    """Raw data of anything that stands for an array; arrays of others are copied.

    What lies on no device yet goes to `device`, or to the current one.
    """
    if isinstance(value, Tensor):
        data = leave(value, "a new Tensor or Variable")
        data = data if dtype is None else as_data(data.astype(dtype, copy=False))
        return data if device is None else place(data, resolve(device))
    kind = type(value)
    if kind in ON_HOST or not on_device(value):
        data = value if dtype is None and kind in INEXACT_SCALARS else read(value, dtype)
        if device is None:
            return data if thread.device is CPU else here(data)
    else:
        data = adopt(value)
        data = data if dtype is None else data.astype(dtype, copy=False)
    return data if device is None else place(data, resolve(device))


def read(value: Any, dtype: Any) -> Any:
    """Raw data, on the host, of a number, a nested list of them, or an array."""
    kind = type(value)
    if holds_tensor(value):
        raise TypeError("a list that holds Tensors: use ad.asarray or ad.stack, which record it")
    try:
        data = np.array(value, dtype)
    except (TypeError, ValueError) as error:
        raise TypeError(f"cannot make a Tensor of {kind.__name__} {value!r:.80}: {error}") from None
    if data.dtype.kind not in "biufc":
        raise TypeError(
            f"cannot make a Tensor of {kind.__name__} {value!r:.80}; expected numbers, "
            f"NumPy found dtype {data.dtype}"
        )
    if dtype is None and data.dtype.kind in "fc" and is_python(value):
        data = data.astype(DEFAULT_DTYPES[data.dtype.kind])
    return as_data(data)


def is_python(value: Any) -> bool:
    """Whether a number or nested list holds Python numbers only, which have no dtype."""
    if isinstance(value, (list, tuple)):
        return all(map(is_python, value))
    return type(value) in PYTHON_SCALARS


def operand(value: Any) -> Any:
    """A Tensor, or the Python number itself, for an op's input; NotImplemented if it is neither.

    A caller's array is copied, since the caller may change it.
    """
    if type(value) in PYTHON_SCALARS or isinstance(value, Tensor):
        return value
    if isinstance(value, (np.ndarray, np.generic)) or type(value) in DEVICE_ARRAYS:
        if value.dtype.kind not in "biufc":
            return NotImplemented
        result = Tensor.__new__(Tensor)
        data = as_data(value.copy())
        result._data = data if type(data) in DEVICE_ARRAYS else here(data)
        result._token = None
        return result
    if isinstance(value, (list, tuple)):
        return stack_nested(value) if holds_tensor(value) else Tensor(value)
    return NotImplemented


def holds_tensor(value: Any) -> bool:
    """Whether a nested list holds a Tensor somewhere."""
    if isinstance(value, (list, tuple)):
        return any(map(holds_tensor, value))
    return isinstance(value, Tensor)


def stack_nested(value: Any) -> Tensor:
    """A nested list with Tensors in it as one Tensor, recorded."""
    if not isinstance(value, (list, tuple)):
        return value if isinstance(value, Tensor) else Tensor(value)
    from ..ops.shaping import stack

    result: Tensor = stack([stack_nested(v) for v in value])
    return result
