"""Programs of kernels on the guard, as users meet them: `ad.function`, `fit`, Variables, draws."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autodiff as ad
import nn
import optim
import tests.guard.backend  # noqa: F401  makes the device known
from nn import layers, models
from tests.guard.counters import counted, resident
from tests.guard.machine import COMPILER, GuardMachine, HostMachine, machines
from tests.guard.test_training import compiled, digits, lenet, mlp, trained

pytestmark = pytest.mark.skipif(COMPILER is None, reason="kernels are compiled by g++")


@pytest.fixture(autouse=True)
def machine() -> Iterator[dict[int, HostMachine]]:
    with machines() as made:
        yield made


def runner_of(function: Any, *args: Any) -> Any:
    return function._runner(args, {})


# -- training --------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [mlp, lenet])
def test_fit_is_the_same_as_on_the_cpu(make: Any, machine: dict[int, GuardMachine]) -> None:
    run = [trained(make, optim.Adam(0.01), device, epochs=2) for device in ("cpu", "guard")]
    (ours, there), (theirs, here) = run
    assert {v.device for v in here.variables} == {"guard:0"}
    for name, values in ours.items():
        np.testing.assert_allclose(theirs[name], values, rtol=1e-4)
    for a, b in zip(there.get_weights(), here.get_weights(), strict=True):
        assert a.dtype == b.dtype == np.float32
        np.testing.assert_allclose(b, a, rtol=1e-3, atol=1e-5)
    assert machine[0].counts["replays"] > 0


def test_a_step_of_fit_is_one_replay(machine: dict[int, GuardMachine]) -> None:
    model, x, y = mlp()
    compiled(model)
    model.fit(x, y, batch_size=8, verbose=0, device="guard")
    before = machine[0].counts.copy()
    with counted() as found:
        model.fit(x, y, batch_size=8, verbose=0)
    steps = 40 // 8
    made = machine[0].counts - before
    assert (made["replays"], made["launches"], made["transfers"]) == (steps, 0, 0)
    # batches go there beside; what comes back is the report of the epoch
    assert found.beside == 2 * steps
    assert found.uploads - found.beside <= 2
    assert found.downloads <= 6


def test_nothing_is_waited_for_between_steps() -> None:
    with ad.device("guard"):
        model, x, y = mlp()
        compiled(model)
        data = ad.asarray(x[:4]), ad.asarray(y[:4])
        step = ad.function(lambda x, y: model.train_step((x, y)))
        model.prepare((x[:4], y[:4]))
        step(*data)
        with resident():
            for _ in range(3):
                step(*data)
    assert runner_of(step, *data).captured


def test_dropout_draws_the_cpus_numbers() -> None:
    def make() -> Any:
        nn.utils.set_random_seed(1)
        model = models.Sequential(
            [layers.Input((28, 28)), layers.Flatten(), layers.Dropout(0.5), layers.Dense(10)]
        )
        return model, *digits(16, 28, 28)

    (_, there), (_, here) = (trained(make, optim.SGD(0.1), d) for d in ("cpu", "guard"))
    for a, b in zip(there.get_weights(), here.get_weights(), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-6)


def test_a_replay_is_given_its_draws_and_nothing_else(machine: dict[int, GuardMachine]) -> None:
    with ad.device("guard"):
        model = models.Sequential(
            [
                layers.Dense(8, activation="relu", input_shape=(6,)),
                layers.Dropout(0.5, seed=0),
                layers.Dense(3, activation="softmax"),
            ]
        )
        model.compile("adam", "categorical_crossentropy", metrics=[nn.metrics.AUC()])
        x, y = np.ones((4, 6), np.float32), np.eye(4, 3, dtype=np.float32)
        model.prepare((x, y))
        data = ad.asarray(x), ad.asarray(y)
        step = ad.function(lambda x, y: model.train_step((x, y)))
        step(*data)
        before = machine[0].counts.copy()
        with counted() as found:
            step(*data)
        made = machine[0].counts - before
    assert (made["replays"], made["launches"], made["transfers"]) == (1, 0, 1)
    assert (found.uploads, found.downloads, found.waits) == (1, 0, 0)


# -- checks ----------------------------------------------------------------------------------------


def test_a_step_with_a_label_out_of_range_changes_nothing() -> None:
    w = ad.Variable(np.ones((3, 4), np.float32), device="guard")
    optimizer = optim.SGD(0.1)

    @ad.function
    def step(x: Any, y: Any) -> Any:
        with ad.GradientTape() as tape:
            loss = ad.mean(ad.softmax_cross_entropy(x @ w, y))
        optimizer.apply_gradients([(tape.gradient(loss, w), w)])
        return loss

    with ad.device("guard"):
        x, good, bad = ad.ones((2, 3)), ad.asarray([0, 3]), ad.asarray([0, 4])
        for _ in range(3):
            step(x, good)
        before = w.numpy()
        with pytest.raises(ValueError, match="labels outside 0 to 3"):
            float(step(x, bad))
        np.testing.assert_array_equal(w.numpy(), before)
        assert np.isfinite(float(step(x, good)))
        assert np.abs(w.numpy() - before).max() > 0


# -- Variables -------------------------------------------------------------------------------------


def counting() -> tuple[ad.Variable, ad.Variable, Any]:
    v, w = (ad.Variable(np.full(4, x, np.float32), device="guard") for x in (1, 2))

    @ad.function
    def step(x: Any) -> Any:
        v.assign(v + x)
        w.assign(w + x)
        return ad.sum(v * w)

    return v, w, step


def test_values_that_were_read_stay(machine: dict[int, GuardMachine]) -> None:
    v, w, step = counting()
    with ad.device("guard"):
        x = ad.ones((4,))
        seen = []
        for k in range(4):
            step(x)
            seen.append((ad.stop_gradient(v), ad.reshape(w, (2, 2)), k + 2.0))
        for a, b, value in seen:
            assert a.tolist() == [value] * 4
            assert b.tolist() == [[value + 1] * 2] * 2


def test_what_is_assigned_between_calls_is_seen() -> None:
    v, _, step = counting()
    with ad.device("guard"):
        x = ad.ones((4,))
        for _ in range(2):
            step(x)
        runner = runner_of(step, x)
        replay = runner._replay
        v.assign([10.0] * 4)
        assert float(step(x)) == 4 * 11 * 5
        assert runner._replay is replay, "copied into its place, nothing recorded again"


def test_programs_of_several_shapes_share_the_variables() -> None:
    _, _, step = counting()
    with ad.device("guard"):
        x, y = ad.ones((4,)), ad.ones((1,))
        for _ in range(2):
            step(x), step(y)
        replays = [runner_of(step, a)._replay for a in (x, y)]
        assert float(step(x)) == 4 * 6 * 7
        assert float(step(y)) == 4 * 7 * 8
        assert [runner_of(step, a)._replay for a in (x, y)] == replays


def test_results_stay_what_they_are() -> None:
    _, _, step = counting()
    with ad.device("guard"):
        x = ad.ones((4,))
        found = [step(x) for _ in range(4)]
        assert [float(y) for y in found] == [4 * n * (n + 1) for n in (2, 3, 4, 5)]


def test_variables_alone_say_where_a_function_runs() -> None:
    v = ad.Variable([1.0, 2.0], device="guard")
    read = ad.function(lambda: v * 2.0)
    assert [read().device for _ in range(3)] == ["guard:0"] * 3
    assert read().tolist() == [2.0, 4.0]


# -- what is said ----------------------------------------------------------------------------------


def test_what_is_not_recorded_says_why() -> None:
    step = ad.function(lambda x: ad.sum(ad.abs(ad.fft.fft(x))))
    with ad.device("guard"):
        x = ad.asarray(np.arange(4.0))
        for _ in range(3):
            np.testing.assert_allclose(step(x).numpy(), 6 + 2 * 2**1.5 + 2, rtol=1e-6)
        runner = runner_of(step, x)
    assert not runner.captured
    assert runner.reason.startswith("no kernel computes")


def test_kernels_and_the_program_can_be_read() -> None:
    @ad.function
    def f(x: Any) -> Any:
        return ad.tanh(x) * 2.0

    with ad.device("guard"):
        x = ad.ones((3,))
        assert "__global__" in f.kernels(x)
        assert "np.tanh" in f.source(x)
    said = r"f: kernels in CUDA C are of programs on a device"
    with ad.device("cpu"), pytest.raises(RuntimeError, match=said):
        f.kernels(np.ones(3))


# -- data that stay there --------------------------------------------------------------------------


def test_batches_are_gathered_from_data_that_lie_there(
    machine: dict[int, GuardMachine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autodiff.flat.cuda._runner.LARGE", 1000)
    images, labels = digits(40, 28, 28)
    w = ad.Variable(np.zeros((784, 10), np.float32), device="guard")
    total = ad.Variable(0.0, trainable=False, device="guard")

    @ad.function
    def steps(x: Any, y: Any, batches: Any) -> None:
        for k in range(2):  # two in one replay
            rows = batches[k]
            with ad.GradientTape() as tape:
                logits = ad.reshape(ad.take(x, rows, axis=0), (-1, 784)) @ w
                loss = ad.mean(ad.softmax_cross_entropy(logits, ad.take(y, rows, axis=0)))
            w.assign_sub(0.1 * tape.gradient(loss, w))
            total.assign_add(loss)

    with ad.device("guard"):
        x, y = ad.asarray(images), ad.asarray(labels)
        order = np.random.default_rng(0).permutation(40).reshape(5, 2, 4)
        for rows in order:
            before = machine[0].counts.copy() if machine else None
            steps(x, y, ad.asarray(rows))
        made = machine[0].counts - before  # type: ignore[operator]
        # labels and rows are copied on the device, the images are not, nothing is returned
        assert made == {"replays": 1, "copies": 2}
        assert np.isfinite(float(total))
        got = w.numpy()
        beyond = ad.asarray(order[0] + 30)
        with pytest.raises(IndexError, match="take: an index is out of range"):
            steps(x, y, beyond)
        np.testing.assert_array_equal(w.numpy(), got)

    weights = np.zeros((784, 10))
    for rows in order.reshape(10, 4):
        z = images[rows].reshape(4, 784) @ weights
        p = np.exp(z - z.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        p[np.arange(4), labels[rows]] -= 1
        weights -= 0.1 * images[rows].reshape(4, 784).T @ p / 4
    np.testing.assert_allclose(got, weights, rtol=1e-3, atol=1e-6)
