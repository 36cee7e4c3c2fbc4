"""What runs when an op is called, and when its gradients are pulled: closures made per op.

Four kinds of call (one input, one with statics, two inputs, anything) say one thing four times,
because the time of an op on small arrays is the time of these lines: unwrap, forward, and if an
input is tracked by the graph that records on this thread, append a record and return a tracked
Tensor.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays._backend import DEVICE_ARRAYS, NAMESPACES, PYTHON_SCALARS, as_data
from ._broadcast import elementwise_undo, pair_plan, shape_of
from ._complaints import COMPLAINTS, explain, signature, together, unsupported
from ._graph import LEAF, thread
from ._results import constant as constant
from ._results import finisher
from ._tensor import Tensor, operand
from ._variable import Variable

if TYPE_CHECKING:
    from ._op import Op

_new = object.__new__
_ndarray = np.ndarray
_EMPTY = inspect.Parameter.empty


def make_call(op: Op) -> Callable[..., Any]:
    """The function users call."""
    if op.variadic or op.outputs or len(op.inputs) > 2 or (op.statics and len(op.inputs) > 1):
        return _general(op)
    if len(op.inputs) == 2:
        return _binary(op)
    return _unary_with_statics(op) if op.statics else _unary(op)


def _unary(op: Op) -> Callable[..., Any]:
    forward, uses_xp, data_only = op.forward, op.uses_xp, not op.rules
    name = op.inputs[0]
    needs = op.keeps.get(name, frozenset())
    keep_x, keep_out = name in needs, "out" in needs
    shaped, make_undo = bool(op.extras), op.undo

    def call(x: Any, /) -> Any:
        if type(x) is Tensor or type(x) is Variable:
            a = x._data
            token = x._token
        else:
            x = as_tensor(op, name, x)
            a = x._data
            token = x._token
        try:
            r = forward(NAMESPACES[type(a)] if uses_xp else None, a)
        except COMPLAINTS as error:
            raise explain(op, error, (a,)) from None
        graph = thread.graph
        if graph is None or token is None or (data_only and graph.trace is None):
            return constant(r)
        if token is graph.token:
            i = x._node
        elif token is LEAF and x._node[0] is graph.epoch:
            i = x._node[1]
        else:
            i = graph.read(x)
        if i is None:
            return constant(r)
        if graph.trace is not None:
            r = as_data(r)
        records = graph.records
        result = _new(Tensor)
        result._data = r
        result._token = graph.token
        result._node = len(records)
        how = None if make_undo is None else make_undo((a,), r)
        record = (op, how, r if keep_out else None, i, a if keep_x else None)
        records.append((*record, a.shape) if shaped else record)
        return result

    return call


def as_tensor(op: Op, name: str, value: Any) -> Tensor:
    """The Tensor for an input that is not one, Python numbers included."""
    known = operand(value)
    if known is NotImplemented:
        raise unsupported(op, name, value)
    return known if isinstance(known, Tensor) else Tensor(known)


def _binary(op: Op, operator: bool = False) -> Callable[..., Any]:
    forward, uses_xp, data_only = op.forward, op.uses_xp, not op.rules
    x_name, y_name = op.inputs
    x_needs, y_needs = (op.keeps.get(name, frozenset()) for name in op.inputs)
    x_for_x, y_for_x, out_for_x = x_name in x_needs, y_name in x_needs, "out" in x_needs
    x_for_y, y_for_y, out_for_y = x_name in y_needs, y_name in y_needs, "out" in y_needs
    x_for_any, y_for_any, out_for_any = (
        x_for_x or x_for_y,
        y_for_x or y_for_y,
        out_for_x or out_for_y,
    )
    shaped = bool(op.extras)
    finish = finisher(op)
    make_undo = op.undo
    elementwise = make_undo is elementwise_undo or data_only

    def call(x: Any, y: Any, /) -> Any:
        if type(x) is Tensor or type(x) is Variable:
            a = x._data
            x_token = x._token
        elif elementwise and (type(x) is float or type(x) is int):
            a = x
            x_token = None
        else:
            given, x = x, operand(x)
            if x is NotImplemented:
                if operator:
                    return x
                raise unsupported(op, x_name, given)
            if not elementwise and not isinstance(x, Tensor):
                x = Tensor(x)
            a, x_token = (x._data, x._token) if isinstance(x, Tensor) else (x, None)
        if type(y) is Tensor or type(y) is Variable:
            b = y._data
            y_token = y._token
        elif elementwise and (type(y) is float or type(y) is int):
            if type(x) in PYTHON_SCALARS:  # neither has a dtype: the default one
                a = Tensor(x)._data
            b = y
            y_token = None
        else:
            given, y = y, operand(y)
            if y is NotImplemented:
                if operator:
                    return y
                raise unsupported(op, y_name, given)
            if not isinstance(y, Tensor) and (not elementwise or type(x) in PYTHON_SCALARS):
                y = Tensor(y)
            b, y_token = (y._data, y._token) if isinstance(y, Tensor) else (y, None)
        try:
            if uses_xp:
                xp = NAMESPACES[type(b if type(a) in PYTHON_SCALARS else a)]
                r = forward(xp, a, b)
            else:
                r = forward(None, a, b)
        except COMPLAINTS as error:
            raise explain(op, error, (a, b)) from None
        graph = thread.graph
        kind = type(r)
        if kind is not _ndarray:
            if DEVICE_ARRAYS and kind in DEVICE_ARRAYS:  # the first is the usual answer, sooner
                together(op, (a, b))
                return finish((x, y), (a, b), [], r)
        elif graph is None:
            result = _new(Tensor)
            result._data = r
            result._token = None
            return result
        if graph is None or (data_only and graph.trace is None):
            return constant(r)
        token = graph.token
        if x_token is None:
            i = None
        elif x_token is token:
            i = x._node
        elif x_token is LEAF and x._node[0] is graph.epoch:
            i = x._node[1]
        else:
            i = graph.read(x)
        if y_token is None:
            j = None
        elif y_token is token:
            j = y._node
        elif y_token is LEAF and y._node[0] is graph.epoch:
            j = y._node[1]
        else:
            j = graph.read(y)
        if i is None and j is None:
            return constant(r)
        if graph.trace is not None:
            r = as_data(r)  # comparisons are recorded too
            kind = type(r)
        if kind is _ndarray:
            if not elementwise:
                how = None if make_undo is None else make_undo((a, b), r)
            elif type(a) is kind and type(b) is kind and a.dtype is b.dtype:
                x_shape = a.shape
                y_shape = b.shape
                how = None if x_shape == y_shape else pair_plan(x_shape, y_shape, r.shape)
            elif (i is None or (a.shape == r.shape and a.dtype is r.dtype)) and (
                j is None or (b.shape == r.shape and b.dtype is r.dtype)
            ):
                how = None
            else:
                how = elementwise_undo((a, b), r)
        elif (i is None or type(a) is kind) and (j is None or type(b) is kind):
            how = None
        else:
            r = as_data(r)  # Python's complex times NumPy's float is Python's
            how = None if make_undo is None else make_undo((a, b), r)
        records = graph.records
        result = _new(Tensor)
        result._data = r
        result._token = token
        result._node = len(records)
        if j is None:
            record = (op, how, r if out_for_x else None, i, j, a if x_for_x else None, b)
        elif i is None:
            record = (op, how, r if out_for_y else None, i, j, a, b if y_for_y else None)
        else:
            out = r if out_for_any else None
            x_kept = a if x_for_any else None
            record = (op, how, out, i, j, x_kept, b if y_for_any else None)
        records.append((*record, shape_of(a), shape_of(b)) if shaped else record)
        return result

    return call


def binder(op: Op) -> Callable[[tuple[Any, ...], dict[str, Any]], list[Any]]:
    """A function that puts the static arguments of a call in order: `bind(positional, named)`."""
    defaults = op.defaults
    place = {name: k for k, name in enumerate(op.statics)}
    required = frozenset(k for k, default in enumerate(defaults) if default is _EMPTY)

    def bind(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        if len(args) > len(defaults):
            raise TypeError(f"{op.name} takes {signature(op)}; given too many arguments")
        values = [*args, *defaults[len(args) :]]
        for key, value in kwargs.items():
            if key not in place:
                raise TypeError(f"{op.name} has no argument {key!r}; it takes {signature(op)}")
            values[place[key]] = value
        for k in required:
            if values[k] is _EMPTY:
                raise TypeError(f"{op.name} needs {op.statics[k]!r}; it takes {signature(op)}")
        return values

    return bind


def _unary_with_statics(op: Op) -> Callable[..., Any]:
    forward, make_undo, data_only = op.forward, op.undo, not op.rules
    name = op.inputs[0]
    needs = op.keeps.get(name, frozenset())
    keep_x, keep_out = name in needs, "out" in needs
    shaped = bool(op.extras)
    bind = binder(op)
    defaults = None if _EMPTY in op.defaults else op.defaults
    normalise = tuple((op.statics.index(static), f) for static, f in op.normalise.items())
    in_dtype = op.in_dtype
    special = in_dtype or bool(op.without)

    def call(x: Any, /, *args: Any, **kwargs: Any) -> Any:
        if type(x) is not Tensor and type(x) is not Variable:
            x = as_tensor(op, name, x)
        if special and kwargs:
            for key in op.without:
                check_without(op, x, key, kwargs.pop(key, None))
            if in_dtype and (dtype := kwargs.pop("dtype", None)) is not None:
                return cast(call(cast(x, dtype), *args, **kwargs), dtype)
        a = x._data
        if args or kwargs or defaults is None:
            values = bind(args, kwargs)
        else:
            values = [*defaults]
        try:
            for place, normal in normalise:
                values[place] = normal(values[place], a)
            r = forward(NAMESPACES[type(a)], a, *values)
        except COMPLAINTS as error:
            raise explain(op, error, (a,)) from None
        if type(r) is not _ndarray or not r.ndim:
            r = as_data(r)
        graph = thread.graph
        if graph is None or x._token is None or (data_only and graph.trace is None):
            return constant(r)
        i = x._node if x._token is graph.token else graph.read(x)
        if i is None or (r.dtype.kind not in "fc" and graph.trace is None):
            return constant(r)
        records = graph.records
        result = _new(Tensor)
        result._data = r
        result._token = graph.token
        result._node = len(records)
        how = None if make_undo is None else make_undo((a,), r)
        kept = (op, how, r if keep_out else None, i, a if keep_x else None, *values)
        records.append((*kept, a.shape) if shaped else kept)
        return result

    return call


def check_without(op: Op, x: Tensor, name: str, value: Any) -> None:
    """An argument that has no consequence has none: a device must be that of x."""
    if name == "device" and value not in (None, x.device):
        raise ValueError(f"{op.name}: x lies on {x.device}; bring it to {value} by to_device")


def cast(x: Tensor, dtype: Any) -> Tensor:
    """x in a dtype, recorded; itself where that is its own."""
    from ..ops.creation import astype

    return x if x.dtype == dtype else astype(x, dtype)


def _general(op: Op) -> Callable[..., Any]:
    """Several inputs and statics, or one sequence of inputs."""
    inputs, statics, variadic = op.inputs, op.statics, op.variadic
    forward, outputs, finish = op.forward, op.outputs, finisher(op)
    elementwise = op.undo is elementwise_undo
    n = len(inputs)
    bind = binder(op)

    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) < n:
            raise TypeError(f"{op.name} takes {signature(op)}; given {len(args)} positional")
        values = bind(args[n:], kwargs)
        given = sequence(op, args[0]) if variadic else args[:n]
        tensors, arrays = [], []
        for k, x in enumerate(given):
            known = operand(x)
            if known is NotImplemented:
                raise unsupported(op, inputs[min(k, n - 1)], x)
            # a number among others has their dtype
            alone = variadic or (k == 0 and (not elementwise or type(known) is bool))
            if alone and not isinstance(known, Tensor):
                known = Tensor(known)
            tensors.append(known)
            arrays.append(known._data if isinstance(known, Tensor) else known)
        first = next((a for a in arrays if type(a) not in PYTHON_SCALARS), None)
        if first is None:  # none has a dtype: the default one
            tensors[0] = Tensor(tensors[0])
            arrays[0] = first = tensors[0]._data
        xp = NAMESPACES[type(first)]
        try:
            for name, normal in op.normalise.items():
                place = statics.index(name)
                values[place] = normal(values[place], arrays[0])
            found = forward(xp, arrays, *values) if variadic else forward(xp, *arrays, *values)
        except COMPLAINTS as error:
            raise explain(op, error, tuple(arrays)) from None
        r: Any = tuple(map(as_data, found)) if outputs else as_data(found)
        if type(r if not outputs else r[0]) in DEVICE_ARRAYS:
            together(op, tuple(arrays))
        return finish(tensors, arrays, values, r)

    return call


def sequence(op: Op, arrays: Any) -> Sequence[Any]:
    """The arrays of a variadic op; a Tensor or array stands for its rows."""
    name = op.inputs[0]
    if not isinstance(arrays, (list, tuple, Tensor, _ndarray)):
        raise TypeError(
            f"{op.name}: {name} is {type(arrays).__name__}; expected a list or tuple of arrays"
        )
    if not len(arrays):
        raise ValueError(f"{op.name}: {name} is empty; expected at least one array")
    return list(arrays)


def make_operator(op: Op, reflected: bool = False) -> Callable[..., Any]:
    """The method behind a Python operator; NotImplemented for what is no array."""
    if len(op.inputs) == 2:
        call = _binary(op, operator=True)
        return (lambda y, x, /: call(x, y)) if reflected else call
    return op.function
