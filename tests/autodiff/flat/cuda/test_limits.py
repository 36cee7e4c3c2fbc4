"""What is large: indices of 64 bits, shared memory, parameters."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.flat.cuda import _kernel, _nest_text
from autodiff.flat.cuda._kernel import MOST_PARAMETERS
from autodiff.flat.cuda._program import Multiplied
from tests.autodiff.flat.agreement import assert_agree
from tests.guard.flat import GuardFunction
from tests.guard.machine import COMPILER

from .test_programs_cuda import all_ops

pytestmark = pytest.mark.skipif(COMPILER is None, reason="kernels are compiled by g++")

SIZES = {"bool": 1, "int": 4, "float": 4, "double": 8, "long long": 8}


def shared(text: str) -> int:
    """The most bytes of shared memory that a kernel of these names by itself."""
    kernels = text.split('extern "C"')
    found = [re.findall(r"__shared__ (\w+(?: long)?) \w+\[(\d+)\]", kernel) for kernel in kernels]
    return max(sum(SIZES[kind] * int(n) for kind, n in arrays) for arrays in found)


def test_indices_of_64_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    program = all_ops("float32")
    monkeypatch.setattr(_kernel, "WIDE", 2)
    made: list[GuardFunction] = []

    def function(f: Any) -> GuardFunction:
        made.append(GuardFunction(f))
        return made[-1]

    assert_agree(*program, function=function, reordered=True)
    assert not re.search(r"for \(int (e|first|j) =", made[0].runner.text)
    # tables of places are of 32 bits, and so are cuBLAS' lengths
    assert {"put", "scatter"} <= {*made[0].runner.device.others}
    monkeypatch.setattr("autodiff.flat.cuda._gemm.LARGE", 1)
    runner = GuardFunction(lambda x: x @ x).made(np.eye(4))
    assert not any(isinstance(step, Multiplied) for step in runner.device.steps)


@pytest.mark.parametrize(("shape", "room"), [((300, 100), 5000), ((40, 10), 100)])
def test_what_shared_memory_has_no_room_for_lies_elsewhere(
    shape: tuple[int, int], room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def f(x: Any) -> Any:
        y, found = x, []
        for k in range(3):
            z = ad.exp(y - ad.max(y, axis=1, keepdims=True))
            y = ad.tanh(z / ad.sum(z * (k + 1), axis=1, keepdims=True))
            found.append(ad.sum(y, axis=0))
        return found, y

    x = np.random.default_rng(0).normal(size=shape)
    texts = []
    for most in (48 << 10, room):
        monkeypatch.setattr(_nest_text, "SHARED", most)
        made: list[GuardFunction] = []

        def function(f: Any, made: list[GuardFunction] = made) -> GuardFunction:
            made.append(GuardFunction(f))
            return made[-1]

        assert_agree(lambda: (f, []), [[x], [x * 2]], function=function, reordered=True)
        texts.append(made[0].runner.text)
        assert shared(texts[-1]) <= most
    assert shared(texts[0]) > room


def test_kernels_do_not_have_more_parameters_than_they_can() -> None:
    n = MOST_PARAMETERS + 20

    def f(*xs: Any) -> Any:
        total = xs[0]
        for x in xs[1:]:
            total = total + ad.tanh(x)
        return total, ad.concat(xs, axis=0)

    runner = GuardFunction(f).made(*[np.ones(2)] * n)
    assert max(runner.device.parameters.values()) <= MOST_PARAMETERS
    assert runner.device.others == ["concat"]
