"""A table of all ops, from their declarations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import autodiff as ad
from autodiff.engine._op import Op, registry
from autodiff.flat.lower._rules import Form, Rule
from autodiff.testing import sample_call
from docs._building import names

#: functions of the Array API standard 2024.12: its own, and those of its two namespaces
MAIN = """
abs acos acosh add all any argmax argmin argsort asin asinh astype atan atan2 atanh bitwise_and
bitwise_invert bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor broadcast_to ceil clip
concat conj copysign cos cosh count_nonzero cumulative_prod cumulative_sum diff divide equal exp
expand_dims expm1 flip floor floor_divide greater greater_equal hypot imag isfinite isinf isnan less
less_equal log log10 log1p log2 logaddexp logical_and logical_not logical_or logical_xor matmul
matrix_transpose max maximum mean min minimum moveaxis multiply negative nextafter nonzero not_equal
permute_dims positive pow prod real reciprocal remainder repeat reshape roll round searchsorted sign
signbit sin sinh sort sqrt square squeeze stack std subtract sum take take_along_axis tan tanh
tensordot tile tril triu trunc unique_all unique_counts unique_inverse unique_values unstack var
vecdot where
"""
LINALG = """
cholesky cross det diagonal eigh eigvalsh inv matmul matrix_norm matrix_power matrix_rank
matrix_transpose outer pinv qr slogdet solve svd svdvals tensordot trace vecdot vector_norm
"""
FFT = """
fft fftfreq fftn fftshift hfft ifft ifftn ifftshift ihfft irfft irfftn rfft rfftfreq rfftn
"""
STANDARD = {
    f"autodiff.{space}{name}"
    for space, listed in {"": MAIN, "linalg.": LINALG, "fft.": FFT}.items()
    for name in listed.split()
}


def table() -> Iterator[str]:
    """A row for each op that has a name of its own."""
    yield from (".. list-table::", "   :header-rows: 1", "   :class: ops", "   :widths: auto", "")
    yield from row(["Op", "NumPy", "Derivative rules", "Array API", "Flops"])
    paths = {op: names.canonical().get(id(op.function), "") for op in registry.values()}
    # those of the main namespace first
    for op in sorted(filter(paths.get, paths), key=lambda op: (paths[op].count("."), paths[op])):
        yield from row(cells(op, paths[op]))
    yield ""


def row(texts: list[str]) -> Iterator[str]:
    """One line of the table."""
    for k, text in enumerate(texts):
        yield f"   {'* ' if not k else '  '}- {text or chr(92) + ' '}"


def cells(op: Op, path: str) -> list[str]:
    """What the table says of an op."""
    shown = path.removeprefix("autodiff.")
    numpy = ", ".join(f"``{called(function)}``" for function in op.numpy)
    rules = "; ".join(f"``{text}``" for text in rules_of(op)) or ("in code" if op.rules else "none")
    cost = str(op.flops) if isinstance(op.flops, int) else "formula"
    return [f":py:obj:`{shown} <{path}>`", numpy, rules, "✓" * (path in STANDARD), cost]


def called(function: Any) -> str:
    """A NumPy function's name, with its module."""
    module = (getattr(function, "__module__", None) or "numpy").replace("numpy", "np", 1)
    inner = module.split(".")[1:2]
    return ".".join(["np", *(x for x in inner if x in ("linalg", "fft")), function.__name__])


def rules_of(op: Op) -> Iterator[str]:
    """The rules of an op that have a text, as the comments of flat programs spell them."""
    if op.variadic or op.outputs or not op.rules:
        return
    arrays, out, statics = sampled(op)
    forms = [Form(a.shape, a.dtype) for a in arrays]
    for place, name in enumerate(op.inputs):
        if name in op.rules:
            text = Rule(op, place, forms, Form(out.shape, out.dtype), statics, None).text()
            if text.startswith(f"d{name} = "):
                yield text


def sampled(op: Op) -> tuple[list[Any], Any, dict[str, Any]]:
    """Inputs, output and statics of a call with what the op's own sample draws."""
    call = sample_call(op, seed=1)
    tensors = [ad.asarray(a) for a in call.arrays]
    with ad.GradientTape(persistent=True) as tape:
        tape.watch([x for x in tensors if x.dtype.kind == "f"])
        out = call(*tensors)
    assert tape._graph is not None
    statics = op.static_values(tape._graph.records[out._node])
    return [np.asarray(a) for a in call.arrays], out.numpy(), statics
