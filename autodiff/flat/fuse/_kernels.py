"""Kernels compiled by Numba, and the lines of a program that call them."""

from __future__ import annotations

import importlib.util
import linecache
import math
import os
import threading
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ir._value import Value
from ..plan._buffers import owner
from ._kernel_text import Code, KernelText, scalar

if TYPE_CHECKING:
    from ..text._text import Text
    from ._clusters import Cluster

_compiled: dict[Code, Callable[..., Any]] = {}
_compiling = threading.Lock()
_numbers = count(1)


def wanted(fuse: bool | None) -> bool:
    """Whether programs are to have kernels: as asked for, or by the environment."""
    if fuse is None:
        fuse = os.environ.get("AUTODIFF_FUSE", "0") not in ("", "0")
    if fuse and importlib.util.find_spec("numba") is None:
        raise ImportError(
            "fused kernels are compiled by Numba, which is not installed: "
            "pip install 'autodiff-tape[fuser]', or leave fuse=True and AUTODIFF_FUSE out"
        )
    return fuse


def compiled(code: Code) -> Callable[..., Any]:
    """The machine code of a kernel, made once."""
    with _compiling:
        if code not in _compiled:
            _compiled[code] = _compile(code)
        return _compiled[code]


def _compile(code: Code) -> Callable[..., Any]:
    from numba import njit, types

    if "plus" not in _space:
        # sums alone may be made in another order: several lanes at a time
        _space["plus"] = njit(fastmath={"reassoc"})(_plus)

    def type_of(dtype: str, axes: int) -> Any:
        element = types.boolean if dtype == "bool" else getattr(types, dtype)
        if not axes:
            return element
        return types.Array(element, abs(axes), "C" if axes > 0 else "A", aligned=False)

    file = f"<kernel {next(_numbers)}>"
    linecache.cache[file] = (len(code.text), None, code.text.splitlines(True), file)
    space = dict(_space)
    exec(compile(code.text, file, "exec"), space)
    # as NumPy: dividing by zero gives infinities, and no rounding is left out
    function = njit(error_model="numpy", fastmath=False, nogil=code.long)(space["kernel"])
    function.compile(tuple(type_of(*kind) for kind in code.kinds))
    function.disable_compile()
    # the arguments' types are known: what is called does not look at them again
    (found,) = function.overloads.values()
    return found.entry_point  # type: ignore[no-any-return]


def _plus(x: Any, y: Any) -> Any:
    return x + y


DTYPES = (np.bool_, np.int8, np.int16, np.int32, np.int64, np.float32, np.float64)
UNSIGNED = (np.uint8, np.uint16, np.uint32, np.uint64)
#: what the text of a kernel may name
_space: dict[str, Any] = {
    "np": np,
    "math": math,
    **{scalar(np.dtype(kind)): kind for kind in (*DTYPES, *UNSIGNED)},
}


# -- lines -----------------------------------------------------------------------------------------


def write_call(text: Text, outputs: list[Value]) -> None:
    """The line that calls a cluster's kernel, which gives all its outputs."""
    cluster: Cluster = outputs[0].attrs["cluster"]
    nest = cluster.nest
    new = dict(zip(nest.inputs, outputs[0].inputs, strict=True))
    names = {old: text.operand(x) for old, x in new.items()}
    over = {}
    for old, value in zip(cluster.outputs, outputs, strict=True):
        new[old] = value
        out = text.out(value)
        names[old] = text.names[value]
        if out is None and value.shape:
            text.body.append(f"{names[old]} = np.empty({value.shape}, np.{value.dtype})")
        for x in nest.inputs:
            if value.shape and names[x] == names[old]:
                over[old] = x
    kernel = KernelText(nest, cluster.outputs, over).write()
    arguments = []
    for given, (_, axes) in zip(kernel.arguments, kernel.code.kinds, strict=True):
        if isinstance(given, Value):
            lengths = {-1: (kernel.rows,), 2: (kernel.rows, kernel.columns), 1: (given.size,)}
            shape = lengths.get(axes)
            arguments.append(_in_shape(text, new[given], names[given], shape, strided=axes < 0))
        else:
            arguments.append(text.free_name("row"))
            text.header.append(f"{arguments[-1]} = np.empty({kernel.columns}, np.{given.name})")
    call = f"{_name(text, kernel.code)}({', '.join(arguments)})"
    numbers = ", ".join(names[v] for v in kernel.returned)
    text.body.append(f"{numbers} = {call}" if numbers else call)
    for v in kernel.returned:
        if v.op != "within":
            text.body.append(f"{names[v]} = {_alias(text, v.dtype)}({names[v]})")


def _in_shape(
    text: Text, value: Value, name: str, shape: tuple[int, ...] | None, strided: bool
) -> str:
    """An argument as a kernel takes it: a vector or matrix that lies in order."""
    root = owner(value)
    plan = text.plan
    held = plan.over.get(value, value)
    if held.op == "variable" and value.shape:
        text.in_order.append(held.attrs["variable"])
    ours = root in plan.slot or root in plan.part or root.op == "fused"
    in_order = (ours or root in plan.over or root.op in ("variable", "flat")) and value is root
    if root.op == "constant":
        in_order = value is root and value.data.flags.c_contiguous
    if shape is None or (value.shape == shape and (in_order or strided)):
        return name
    line = name if in_order else f"np.ascontiguousarray({name})"
    if value.shape != shape:
        line += f".reshape({shape})"
    fixed = in_order and root not in plan.fresh and root not in plan.over and ours
    lines = text.header if fixed else text.body
    other = text.free_name(f"{name}_flat")
    lines.append(f"{other} = {line}")
    return other


def _name(text: Text, code: Code) -> str:
    """The name by which a program calls a kernel."""
    if code not in text.kernels:
        name = text.kernels[code] = text.free_name("kernel")
        text.header += [f"# {name}: compiled from", *(f"#   {x}" for x in code.text.splitlines())]
    return text.kernels[code]


def _alias(text: Text, dtype: np.dtype[Any]) -> str:
    function = f"np.{scalar(dtype)}"
    if function not in text.aliases:
        text.aliases[function] = text.free_name(scalar(dtype))
        text.header.append(f"{text.aliases[function]} = {function}")
    return text.aliases[function]
