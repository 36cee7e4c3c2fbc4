"""Values in CUDA C: types, numbers, and how one element is made of others.

Elements have NumPy's bits where NumPy rounds once: text is compiled without contraction to fused
multiply-adds, NaN wins in maxima, float16 is computed in float32 and rounded after each operation.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..fuse._kernel_text import COMPARISONS
from ..ir._value import Value

#: how numbers lie in memory, by the characters of NumPy's dtypes
STORED = {
    "?": "bool",
    "b": "signed char",
    "B": "unsigned char",
    "h": "short",
    "H": "unsigned short",
    "i": "int",
    "I": "unsigned int",
    "l": "long long",
    "L": "unsigned long long",
    "q": "long long",
    "Q": "unsigned long long",
    "e": "half_t",
    "f": "float",
    "d": "double",
}
#: how an element is computed from the elements {0}, {1}, … of the inputs: {T} is its type, {f} the
#: letter at the end of the names of functions of floats
FORMULAS = {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1}",
    "negative": "-{0}",
    "positive": "{0}",
    "square": "{0} * {0}",
    "power": "power({0}, {1})",
    "absolute": "{0} < 0 ? -{0} : {0} + ({T})0",
    "sqrt": "sqrt{f}({0})",
    "exp": "exp{f}({0})",
    "expm1": "expm1{f}({0})",
    "log": "log{f}({0})",
    "log1p": "log1p{f}({0})",
    "sin": "sin{f}({0})",
    "cos": "cos{f}({0})",
    "tanh": "tanh{f}({0})",
    "tan": "tan{f}({0})",
    "arcsin": "asin{f}({0})",
    "arccos": "acos{f}({0})",
    "arctan": "atan{f}({0})",
    "arctan2": "atan2{f}({0}, {1})",
    "sinh": "sinh{f}({0})",
    "cosh": "cosh{f}({0})",
    "arcsinh": "asinh{f}({0})",
    "arccosh": "acosh{f}({0})",
    "arctanh": "atanh{f}({0})",
    "exp2": "exp2{f}({0})",
    "log2": "log2{f}({0})",
    "log10": "log10{f}({0})",
    "cbrt": "cbrt{f}({0})",
    "hypot": "hypot{f}({0}, {1})",
    "copysign": "copysign{f}({0}, {1})",
    "nextafter": "nextafter{f}({0}, {1})",
    "logaddexp": "logaddexp({0}, {1})",
    "floor": "floor{f}({0})",
    "ceil": "ceil{f}({0})",
    "trunc": "trunc{f}({0})",
    "rint": "rint{f}({0})",
    "reciprocal": "1 / {0}",
    "remainder": "remainder_of({0}, {1})",
    "floor_divide": "floor_divide({0}, {1})",
    "fmax": "{0} >= {1} || {1} != {1} ? {0} : {1}",
    "fmin": "{0} <= {1} || {1} != {1} ? {0} : {1}",
    "left_shift": "{0} << {1}",
    "right_shift": "{0} >> {1}",
    "logical_xor": "({0} != 0) != ({1} != 0)",
    "isinf": "{0} == {0} && {0} - {0} != 0",
    "signbit": "signbit({0})",
    # NaN is its own sign
    "sign": "{0} > 0 ? ({T})1 : {0} < 0 ? ({T})-1 : {0} == 0 ? ({T})0 : {0}",
    # NaN wins, whichever it is
    "maximum": "{0} > {1} || {0} != {0} ? {0} : {1}",
    "minimum": "{0} < {1} || {0} != {0} ? {0} : {1}",
    "equal": "{0} == {1}",
    "not_equal": "{0} != {1}",
    "less": "{0} < {1}",
    "less_equal": "{0} <= {1}",
    "greater": "{0} > {1}",
    "greater_equal": "{0} >= {1}",
    "logical_and": "{0} != 0 && {1} != 0",
    "logical_or": "{0} != 0 || {1} != 0",
    "logical_not": "{0} == 0",
    "bitwise_and": "{0} & {1}",
    "bitwise_or": "{0} | {1}",
    "bitwise_xor": "{0} ^ {1}",
    "invert": "~{0}",
    "isfinite": "{0} - {0} == 0",
    "isnan": "{0} != {0}",
    "where": "{0} ? {1} : {2}",
    "cast": "{0}",
}
#: those that are functions of floats
FLOATING = frozenset(
    (
        *("sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "tan", "arcsin", "arccos"),
        *("arctan", "arctan2", "sinh", "cosh", "arcsinh", "arccosh", "arctanh", "exp2", "log2"),
        *("log10", "cbrt", "hypot", "copysign", "nextafter", "logaddexp", "rint", "reciprocal"),
        *("floor", "ceil", "trunc", "fmax", "fmin"),
    )
)
#: structures of the prelude that combine two numbers, and the number that changes nothing
STEPS = {
    "sum": ("Sum", "0"),
    "prod": ("Product", "1"),
    "max": ("Max", "-inf"),
    "min": ("Min", "inf"),
    "any": ("Any", "false"),
    "all": ("All", "true"),
}


def known(*values: Any) -> bool:
    """Whether all dtypes are those of numbers that kernels know."""
    return all(x.dtype.char in STORED and x.dtype.isnative for x in values if isinstance(x, Value))


def stored(dtype: np.dtype[Any]) -> str:
    """The type of an element in memory."""
    return STORED[dtype.char]


def computed(dtype: np.dtype[Any]) -> str:
    """The type in which an element is computed."""
    return "float" if dtype.char == "e" else STORED[dtype.char]


def load(dtype: np.dtype[Any], place: str) -> str:
    """An element of memory as a number."""
    return f"from_half({place})" if dtype.char == "e" else place


def store(dtype: np.dtype[Any], place: str, x: str) -> str:
    """A number written to memory."""
    return f"{place} = to_half({x});" if dtype.char == "e" else f"{place} = {x};"


def literal(x: Any, dtype: np.dtype[Any] | None = None) -> str:
    """A Python number, or one of NumPy's, in a dtype (None: its own)."""
    if dtype is None:
        dtype = np.dtype(np.float64) if type(x) is float else np.asarray(x).dtype
    if dtype.kind == "b":
        return "true" if x else "false"
    if dtype.kind in "iu":
        n = int(x)
        if n == -(2**63):
            return f"({stored(dtype)})(-0x7fffffffffffffffLL - 1)"
        return f"({stored(dtype)}){n}{'ULL' if n >= 2**63 else 'LL'}"
    with np.errstate(all="ignore"):
        value = float(dtype.type(x))
    if math.isnan(value):
        return f"({computed(dtype)})not_a_number()"
    if math.isinf(value):
        return f"({computed(dtype)})({'-' if value < 0 else ''}infinite())"
    return f"({computed(dtype)}){value.hex()}"


def lowest(op: str, dtype: np.dtype[Any]) -> str:
    """What a reduction starts with."""
    start = STEPS[op][1]
    if start.endswith("inf"):
        if dtype.kind in "iu":
            ends = np.iinfo(dtype)
            return literal(ends.min if start[0] == "-" else ends.max, dtype)
        if dtype.kind == "b":
            return "false" if start[0] == "-" else "true"
        return literal(-math.inf if start[0] == "-" else math.inf, dtype)
    return f"({computed(dtype)}){start}"


def converted(text: str, source: np.dtype[Any], dtype: np.dtype[Any]) -> str:
    """A number in another dtype."""
    if source == dtype:
        return text
    if dtype.kind == "b":
        return f"({text} != 0)"
    text = f"({computed(dtype)}){text}"
    return f"rounded({text})" if dtype.char == "e" else text


def operand_dtypes(value: Value) -> list[np.dtype[Any]]:
    """The dtypes in which the inputs of an operation on elements are taken."""
    kinds = [x.dtype if isinstance(x, Value) else None for x in value.inputs]
    own = [np.dtype(type(x)) if k is None else k for k, x in zip(kinds, value.inputs, strict=True)]
    if value.op == "where":
        return [np.dtype(bool), value.dtype, value.dtype]
    if value.op in COMPARISONS:
        weak = [x if k is None else k for k, x in zip(kinds, value.inputs, strict=True)]
        return [np.result_type(*weak)] * 2
    if value.op in ("cast", "isfinite", "isnan", "isinf", "signbit"):
        return own
    if value.op.startswith("logical"):
        return [np.dtype(bool)] * len(own)
    return [value.dtype] * len(own)


def formula(value: Value, atoms: list[str]) -> str:
    """One element of a value, from elements in the dtypes of `operand_dtypes`."""
    op, dtype = value.op, value.dtype
    if op == "cast":
        (x,) = value.inputs
        source = x.dtype if isinstance(x, Value) else np.asarray(x).dtype
        return converted(atoms[0], source, dtype)
    if op == "absolute" and dtype.kind in "fub":
        return (
            f"fabs{'' if dtype.char == 'd' else 'f'}({atoms[0]})" if dtype.kind == "f" else atoms[0]
        )
    if op == "signbit" and value.operands[0].dtype.kind != "f":
        return f"{atoms[0]} < 0"
    if op == "nextafter" and dtype.char == "e":
        return f"next_half({atoms[0]}, {atoms[1]})"
    kind = computed(dtype)
    text = FORMULAS[op].format(*atoms, T=kind, f="" if dtype.char == "d" else "f")
    if dtype.kind == "b":
        if op == "invert":
            text = f"!{atoms[0]}"
        return f"({text}) != 0" if op.startswith("bitwise") else text
    if dtype.char == "e":
        return f"rounded({text})"
    # arithmetic on short integers is made in int
    return f"({kind})({text})" if dtype.kind in "iu" else text


def computes(value: Value) -> bool:
    """Whether kernels know an operation on elements, in these dtypes."""
    if not known(value, *value.inputs) or value.op not in FORMULAS:
        return False
    if value.op in FLOATING and value.dtype.kind != "f":
        return False
    kinds = {x.dtype for x in value.operands if x.dtype.kind in "iu"}
    if value.op in COMPARISONS and any(x.kind == "u" for x in kinds) and len(kinds) > 1:
        return False  # NumPy compares their values, C what is left of them in one type
    if value.op in COMPARISONS and any(type(x) is int for x in value.inputs):
        bounds = [np.iinfo(k) for k in kinds]
        numbers = [x for x in value.inputs if type(x) is int]
        if any(not b.min <= n <= b.max for b in bounds for n in numbers):
            return False
    if value.op in ("add", "multiply", "maximum", "minimum", "power") and value.dtype.kind == "b":
        return False
    whole = ("subtract", "negative", "sign", "divide", "remainder", "floor_divide")
    return not (value.op in whole and value.dtype.kind == "b")


def accumulated(dtype: np.dtype[Any]) -> str:
    """The type in which elements are taken together."""
    return "int" if dtype.char in "bBhH" else computed(dtype)
