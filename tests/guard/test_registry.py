"""Every op of the registry on the guard: values and gradients as on the CPU, data where it lies."""

from __future__ import annotations

import dataclasses
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff import _nest
from autodiff.engine._op import registry
from autodiff.testing import check_gradients, sample_call
from tests.guard.backend import DEVICE
from tests.guard.counters import resident

SEEDS = range(6)
#: Bessel functions that CuPy has not, and to which order it has others, whose derivatives are those
MISSING = {"iv", "ive", "jv", "kv", "kve", "yv"}
ORDERS = {"j0": 1, "i0": 1, "i0e": 1, "j1": 0, "i1": 0, "i1e": 0}
#: all but what leaves the device
OPS = sorted({name for name, op in registry.items() if op.sample} - {"to_device"} - MISSING)
#: what has to be brought along: indices that the host gives
BRINGING = {"getitem", "scatter", "put"}


def run(call: Any, order: int, device: str, quiet: bool) -> list[Any]:
    """Outputs and gradients up to an order, as NumPy arrays."""
    random = np.random.default_rng(0)
    with ad.device(device):
        xs = [ad.asarray(a) for a in call.arrays]
        floats = [x for x in xs if x.dtype.kind in "fc"]
        made: dict[Any, Any] = {}

        def weights(*key: Any) -> Any:
            if key not in made:
                made[key] = ad.asarray(random.uniform(0.5, 1.5, key[1]).astype(key[2]))
            return made[key]

        def weighted(ys: Any) -> Any:
            """A number that depends on every element."""
            total: Any = 0.0
            for k, y in enumerate(y for y in ys if y is not None and y.dtype.kind in "fc"):
                total = ad.sum(ad.real(y * weights(k, y.shape, ad.real(y).dtype))) + total
            return total

        def derive(order: int) -> tuple[list[Any], list[Any]]:
            if order == 0:
                ys = _nest.flatten(call(*xs))
                return list(ys), list(ys)
            with ad.GradientTape() as tape:
                tape.watch(floats)
                found, last = derive(order - 1)
                total = weighted(last)
            if not isinstance(total, ad.Tensor):
                return found, []
            gradients = tape.gradient(total, floats)
            return [*found, *gradients], gradients

        derive(order)  # what is new is brought along here
        with resident() if quiet else nullcontext():
            found, _ = derive(order)
        return [None if y is None else y.numpy() for y in found]


@pytest.mark.parametrize("name", OPS)
def test_as_on_the_cpu(name: str) -> None:
    op = registry[name]
    for seed in SEEDS:
        call = sample_call(op, seed)
        if seed == SEEDS[-1]:
            call = in_single_precision(call)
        order = 0 if not op.rules else min(2 if seed < 2 else 1, ORDERS.get(name, 2))
        ours = run(call, order, "cpu", False)
        theirs = run(call, order, DEVICE, name not in BRINGING)
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                assert (a.shape, a.dtype) == (b.shape, b.dtype)
                exact = a.dtype not in (np.float32, np.complex64)
                rtol, atol = (1e-7, 1e-9) if exact else (1e-4, 1e-5)
                np.testing.assert_allclose(b, a, rtol, atol)


def in_single_precision(call: Any) -> Any:
    """The call with its floats in float32."""

    def single(x: Any) -> Any:
        return x.astype(np.float32) if x.dtype.kind == "f" else x

    inputs = call.inputs
    if call.op.variadic:
        return dataclasses.replace(call, inputs=([single(x) for x in inputs[0]],))
    return dataclasses.replace(call, inputs=tuple(map(single, inputs)))


@pytest.mark.parametrize("name", [n for n in OPS if registry[n].rules and ORDERS.get(n, 1)])
def test_promises_of_gradients_hold_there(name: str) -> None:
    """Used-up, persistent and nested tapes, stacks of upstream gradients, memory of their own."""
    with ad.device(DEVICE):
        call = sample_call(registry[name], 1)
        check_gradients(call, *call.arrays, order=1)


def test_what_cupy_has_not_is_said() -> None:
    with ad.device(DEVICE), pytest.raises(NotImplementedError, match=r"special has no function jv"):
        ad.special.jv(2, ad.asarray([1.0, 2.0]))
