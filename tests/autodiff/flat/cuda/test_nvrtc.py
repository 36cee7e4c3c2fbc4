"""Kernels as a GPU gets them: compiled by NVRTC for two compute capabilities, without a driver."""

from __future__ import annotations

from typing import Any

import pytest

import autodiff as ad
from bench.steps.problems import NETS
from tests.guard.flat import GuardFunction

from .nvrtc import ARCHITECTURES, compiled, library
from .test_programs_cuda import all_ops
from .test_steps import lenet_step, step_of

pytestmark = pytest.mark.skipif(library() is None, reason="no NVRTC: pip install nvidia-cuda-nvrtc")


#: compiled in every run, and what else is in the long one
STEPS = [(1, "sm_75"), ("lenet", "sm_90")]
MORE = [(k, a) for k in (*range(len(NETS)), "lenet") for a in ARCHITECTURES if (k, a) not in STEPS]
OPS = [("float16", "sm_75")]
MORE_OPS = [(d, a) for d in ("float32", "float16", "float64") for a in ARCHITECTURES]


def assert_step_compiles(k: Any, architecture: str) -> None:
    step, _, images, labels = lenet_step(32) if k == "lenet" else step_of(NETS[k])
    runner = GuardFunction(step).made(images, labels[0])
    assert compiled(runner.text, architecture)[:4] == b"\x7fELF"


def assert_ops_compile(dtype: str, architecture: str) -> None:
    build, (arguments, _) = all_ops(dtype)
    f, _ = build()
    runner = GuardFunction(f).made(*map(ad.asarray, arguments))
    assert compiled(runner.text, architecture)[:4] == b"\x7fELF"


@pytest.mark.parametrize(("k", "architecture"), STEPS)
def test_steps_compile(k: Any, architecture: str) -> None:
    assert_step_compiles(k, architecture)


@pytest.mark.parametrize(("dtype", "architecture"), OPS)
def test_all_ops_compile(dtype: str, architecture: str) -> None:
    assert_ops_compile(dtype, architecture)


@pytest.mark.long
@pytest.mark.parametrize(("k", "architecture"), MORE)
def test_more_steps_compile(k: Any, architecture: str) -> None:
    assert_step_compiles(k, architecture)


@pytest.mark.long
@pytest.mark.parametrize(("dtype", "architecture"), MORE_OPS)
def test_more_ops_compile(dtype: str, architecture: str) -> None:
    assert_ops_compile(dtype, architecture)
