"""What is fused and what is not, and that it computes the same; kernels are run by Python here."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

import autodiff as ad
from autodiff.flat._run import Runner
from autodiff.flat.fuse import _kernels
from autodiff.flat.fuse._clusters import FEW, Cluster
from optim import SGD, Adam, Optimizer, RMSprop

from ..agreement import Program, assert_agree
from ..interpreted import by_python, fused, interpret
from ..test_programs import EVERYTHING, MIXED, TRANSPOSED, assert_runs_alike
from ..test_traps_flat import OF_ITSELF, with_variables

OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {
    "SGD": lambda: SGD(0.1),
    "momentum": lambda: SGD(0.1, momentum=0.9, nesterov=True),
    "RMSprop": lambda: RMSprop(0.01),
    "Adam": lambda: Adam(0.01),
}


@pytest.fixture(autouse=True)
def _by_python() -> Iterator[None]:
    with by_python():
        yield


def array(*shape: int, dtype: str = "float32") -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(dtype)


def runner_of(f: Callable[..., Any], *args: Any) -> Runner:
    """The fused program of a function."""
    flat = fused(f)
    flat(*args)
    (runner,) = flat._programs.values()
    assert isinstance(runner, Runner)
    return runner


def clusters_of(f: Callable[..., Any], *args: Any) -> list[Cluster]:
    """The clusters of a function's program, in order."""
    order = runner_of(f, *args).plan.order
    return list(dict.fromkeys(v.attrs["cluster"] for v in order if v.op == "fused"))


def operations(cluster: Cluster) -> list[str]:
    return [v.op for v in cluster.nest.members]


def perceptron(optimizer: Optimizer, *widths: int, activation: Any = ad.relu) -> Program:
    """A training step, and its Variables."""
    random = np.random.default_rng(1)
    pairs = list(pairwise(widths))
    weights = [ad.Variable(random.normal(0, 0.3, p).astype(np.float32), name="w") for p in pairs]
    biases = [ad.Variable(np.zeros(m, np.float32), name="b") for _, m in pairs]
    vs = [*weights, *biases]

    def step(x: Any, y: Any) -> Any:
        with ad.GradientTape() as tape:
            for w, b in zip(weights[:-1], biases[:-1], strict=True):
                x = activation(x @ w + b)
            loss = ad.mean(ad.softmax_cross_entropy(x @ weights[-1] + biases[-1], y))
        optimizer.apply_gradients(zip(tape.gradient(loss, vs), vs, strict=True))
        return loss

    return step, vs


# -- what is fused ---------------------------------------------------------------------------------


def test_a_layer_is_one_loop_over_what_the_product_gave() -> None:
    b = ad.Variable(array(5), name="b")
    runner = runner_of(lambda x, w: ad.relu(x @ w + b) @ w.T, array(4, 3), array(3, 5))
    (line,) = [line for line in runner.text.splitlines() if line.startswith("    kernel")]
    assert line == "    kernel(z, b)"
    assert len(set(runner.plan.slot.values())) == 1, "written over the product"


def test_a_training_step_is_products_and_a_loop_between_each_two() -> None:
    step, _ = perceptron(SGD(0.1), 6, 5, 4, 3)
    found = clusters_of(step, array(7, 6), np.arange(7) % 3)
    assert len(found) == 6
    forward, second, loss, back, first, update = found
    assert operations(forward) == operations(second) == ["add", "maximum"]
    assert {"within", "max", "exp", "sum", "log", "take", "rows", "divide"} <= {*operations(loss)}
    assert sorted(v.op for v in loss.outputs) == ["multiply", "sum", "sum", "within"]
    assert operations(back) == operations(first)
    assert [v.op for v in back.outputs] == ["multiply", "sum"]
    assert operations(update) == ["cast", "multiply", "subtract"]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_update_is_one_loop_that_writes_over_the_state(name: str) -> None:
    step, variables = perceptron(OPTIMIZERS[name](), 6, 5, 3)
    runner = runner_of(step, array(7, 6), np.arange(7) % 3)
    last = [v for v in runner.plan.order if v.op == "fused"][-1].attrs["cluster"]
    outputs = [v for v in runner.plan.order if v.attrs.get("cluster") is last]
    assert len(outputs) == {"SGD": 1, "momentum": 2, "RMSprop": 2, "Adam": 3}[name]
    assert all(v in runner.plan.over for v in outputs)
    assert all(v.size == sum(p.size for p in variables) for v in outputs)


def test_what_is_needed_inside_alone_has_no_memory() -> None:
    def f(x: Any) -> Any:
        return ad.sum(((x * 2 + 1) * x - 3) / 7 * x, axis=0)

    x = array(50, 40)
    plain = ad.function(f)
    plain(x)
    (unfused,) = plain._programs.values()
    assert unfused._bytes >= x.nbytes
    assert runner_of(f, x)._bytes == 0


def test_a_sum_of_rows_is_used_inside_and_a_sum_of_columns_after() -> None:
    x = array(4, 3)
    (only,) = clusters_of(lambda x: x / ad.sum(x * x, axis=1, keepdims=True), x)
    assert operations(only) == ["multiply", "sum", "divide"]
    first, second = clusters_of(lambda x: x / ad.sum(x * x, axis=0) - 1, x)
    assert operations(first) == ["multiply", "sum"]
    assert operations(second) == ["divide", "subtract"]


def test_a_value_between_two_products_is_computed_between_them() -> None:
    def f(x: Any, w: Any) -> Any:
        h = x * 2 + 1
        return (h @ w) * h - 1

    first, second = clusters_of(f, array(3, 3), array(3, 3))
    assert operations(first) == ["multiply", "add"]
    assert operations(second) == ["multiply", "subtract"]


def test_loops_over_what_is_shared_are_one() -> None:
    found = clusters_of(lambda x, y: (x * y + 1, x - y * 2), array(4, 5), array(4, 5))
    assert [len(c.outputs) for c in found] == [2]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x + 1,  # a call of NumPy's costs as much
        lambda x: ad.tanh(ad.exp(x)),  # NumPy computes several at a time
        lambda x: x.T + x * 1,  # in another order
        lambda x: ad.sum(ad.broadcast_to(ad.sum(x, axis=0), (2000, 4)), axis=0),  # repeated
        lambda x: ad.astype(ad.astype(x, "float16") * 2 + 1, "float16"),
        lambda x: ad.astype(x * 8, "int64") * 3 + 1,  # integers
        lambda x: ad.max(x, axis=0) - 1,
    ],
)
def test_what_is_better_left_to_numpy(f: Callable[..., Any]) -> None:
    assert not clusters_of(f, array(4, 4) if "T" in f.__code__.co_names else array(2000, 4))


def test_functions_are_fused_where_they_are_few() -> None:
    def f(x: Any) -> Any:
        return ad.exp(x * 2) + 1

    (few,) = clusters_of(f, array(FEW))
    assert operations(few) == ["multiply", "exp", "add"]
    assert clusters_of(f, array(FEW + 1)) == []


def test_a_row_is_gone_through_again_and_what_costs_is_kept() -> None:
    (softmax,) = clusters_of(lambda x, b: ad.softmax(x + b, -1), array(5, 4), array(4))
    nest = softmax.nest
    assert [v.op for v in nest.kept] == ["exp"], "a sum of two arrays is computed again"
    assert [nest.times[v] for v in nest.members if v.op in ("add", "subtract")] == [[0, 1], [1]]


def test_elements_of_rows_alone_need_no_loop_over_columns() -> None:
    """A product needs the softmax, and with it the sums of rows, before the labels are met."""

    def f(x: Any, y: Any, w: Any) -> Any:
        product = ad.softmax(x, -1) @ w
        return product, ad.mean(ad.softmax_cross_entropy(x, y))

    x, y, w = array(FEW // 5 + 1, 5), np.arange(FEW // 5 + 1) % 5, array(5, 2)
    *_, last = clusters_of(f, x, y, w)
    assert operations(last) == ["within", "log", "take", "subtract", "sum"]
    assert_agree(lambda: (f, []), [[x, y, w], [x * 3, 4 - y, w]], ulps=16, function=fused)


# -- what it computes ------------------------------------------------------------------------------


@EVERYTHING
@settings(max_examples=60)
def test_fused_is_eager(**program: Any) -> None:
    assert_runs_alike(**program, function=fused)


@MIXED
@settings(max_examples=30)
def test_mixed_dtypes(**program: Any) -> None:
    assert_runs_alike(**program, function=fused)


@TRANSPOSED
@settings(max_examples=30)
def test_other_memory_orders(**program: Any) -> None:
    assert_runs_alike(**program, layouts=True, function=fused)


@pytest.mark.long
@EVERYTHING
@settings(max_examples=2000)
def test_fused_is_eager_two_thousand_times(**program: Any) -> None:
    assert_runs_alike(**program, function=fused)


@pytest.mark.parametrize("change", OF_ITSELF)
def test_what_reads_the_value_that_it_replaces(change: str) -> None:
    square = np.arange(-4, 5, dtype=np.float32).reshape(3, 3)

    def f(v: Any, x: Any) -> None:
        OF_ITSELF[change](v, x)
        v.assign(v * 2 - x)
        OF_ITSELF[change](v, x)

    assert_agree(with_variables(f, square), [[square.T + k] for k in range(3)], function=fused)


@pytest.mark.parametrize("activation", [ad.relu, ad.sigmoid, ad.tanh])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_steps(name: str, activation: Any) -> None:
    calls = [[array(7, 6) * (k + 1), (np.arange(7) * (k + 2)) % 3] for k in range(4)]
    build = lambda: perceptron(OPTIMIZERS[name](), 6, 5, 4, 3, activation=activation)  # noqa: E731
    assert_agree(build, calls, ulps=64, function=fused, least=1e-3)


def test_labels_outside_change_nothing() -> None:
    step, variables = perceptron(Adam(0.1), 6, 5, 3)
    flat = fused(step)
    flat(array(7, 6), np.arange(7) % 3)
    before = [v.numpy() for v in variables]
    for wrong in (3, -1, 2**40):
        with pytest.raises(ValueError, match="labels outside 0 to 2"):
            flat(array(7, 6), np.array([0, 1, 2, wrong, 0, 1, 2]))
    for v, old in zip(variables, before, strict=True):
        np.testing.assert_array_equal(v.numpy(), old)


def test_variables_that_do_not_lie_in_order() -> None:
    v = ad.Variable(np.asfortranarray(array(3, 4)))
    w = ad.Variable(array(8)[::2])
    f = fused(lambda x: [v.assign((v * 2 + w) * x)])
    want = v.numpy()
    for k in range(3):
        x = np.asfortranarray(array(3, 4) + k)
        f(x)
        want = (want * 2 + w.numpy()) * x
        np.testing.assert_array_equal(v.numpy(), want)
        v.assign(np.asfortranarray(v.numpy()))


def test_the_source_is_numpy() -> None:
    step, _ = perceptron(SGD(0.1), 6, 5, 3)
    args = array(7, 6), np.arange(7) % 3
    plain = ad.function(step).source(*args)
    assert fused(step).source(*args) == plain
    assert "kernel(" not in plain


# -- the switch ------------------------------------------------------------------------------------


def test_numba_is_asked_for_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"Numba, which is not installed: pip install 'autodiff"):
        ad.function(lambda x: x, fuse=True)
    with pytest.raises(ImportError, match="Numba"):
        ad.function(fuse=True)
    monkeypatch.setenv("AUTODIFF_FUSE", "1")
    with pytest.raises(ImportError, match="AUTODIFF_FUSE"):
        ad.function(lambda x: x)
    assert ad.function(lambda x: x, fuse=False)(ad.Tensor(2.0)) == 2.0


@pytest.mark.parametrize(
    ("setting", "fuse", "result"),
    [
        *(("1", None, True), ("0", None, False), ("", None, False)),
        *(("1", False, False), ("0", True, True)),
    ],
)
def test_the_environment_is_asked_if_the_caller_does_not_say(
    setting: str, fuse: bool | None, result: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTODIFF_FUSE", setting)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    assert _kernels.wanted(fuse) is result


def test_kernels_of_one_text_are_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[Any] = []

    def noting(code: Any) -> Any:
        codes.append(code)
        return interpret(code)

    monkeypatch.setattr(_kernels, "_compile", noting)
    f = fused(lambda x, b: ad.relu(x + b))
    for shape in ((4, 3), (5, 3), (6, 7)):
        f(array(*shape), array(shape[1]))
    assert len(codes) == 1


def test_nothing_is_compiled_to_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_kernels, "_compile", lambda code: pytest.fail("compiled"))
    step, _ = perceptron(SGD(0.1), 6, 5, 3)
    args = array(7, 6), np.arange(7) % 3
    flat = fused(step)
    assert "np.dot" in flat.source(*args)
    assert flat.cost(*args).flops == ad.function(step).cost(*args).flops
