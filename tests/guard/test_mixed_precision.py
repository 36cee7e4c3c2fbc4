"""Mixed precision on a device: the CPU's scales and skips, and nobody asks which steps count."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autodiff as ad
import nn
import optim
import tests.guard.backend  # noqa: F401  makes the device known
from nn import layers, mixed_precision, models
from tests.autodiff.flat.cuda.nvrtc import ARCHITECTURES, compiled, library
from tests.guard.counters import counted, resident
from tests.guard.machine import COMPILER, HostMachine, machines
from tests.guard.test_training import digits

pytestmark = pytest.mark.skipif(COMPILER is None, reason="kernels are compiled by g++")


@pytest.fixture(autouse=True)
def machine() -> Iterator[dict[int, HostMachine]]:
    mixed_precision.set_global_policy("mixed_float16")
    with machines() as made:
        yield made
    mixed_precision.set_global_policy("float32")


def mlp() -> tuple[Any, np.ndarray, np.ndarray]:
    """784-16-16-10."""
    nn.utils.set_random_seed(1)
    model = models.Sequential(
        [
            layers.Flatten(input_shape=(28, 28)),
            layers.Dense(16, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(10, dtype="float32"),
        ]
    )
    return model, *digits(40, 28, 28)


def convolutional() -> tuple[Any, np.ndarray, np.ndarray]:
    """Two convolutions with all that LeNet-5 has."""
    nn.utils.set_random_seed(2)
    model = models.Sequential(
        [
            layers.Conv2D(4, 3, padding="same", activation="relu", input_shape=(8, 8, 1)),
            layers.MaxPooling2D(),
            layers.Conv2D(6, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(10, dtype="float32"),
        ]
    )
    return model, *digits(24, 8, 8, 1)


def trained(make: Any, inner: Any, device: str, scale: float) -> Any:
    """The model after two epochs, and what the scale was after each."""
    model, x, y = make()
    scaling = optim.LossScaleOptimizer(inner(), scale, 3)
    loss = nn.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(scaling, loss, metrics=["accuracy"])
    nn.utils.set_random_seed(3)
    seen: list[Any] = []
    note = nn.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(float(scaling.dynamic_scale))
    )
    history = model.fit(
        x, y, batch_size=8, epochs=2, verbose=0, device=device, callbacks=[note]
    ).history
    return model, history, seen


INNER = {
    "sgd": lambda: optim.SGD(0.05, momentum=0.9),
    "adam": lambda: optim.Adam(
        0.01, epsilon=1e-3, use_ema=True, global_clipnorm=1.0, gradient_accumulation_steps=2
    ),
}


@pytest.mark.parametrize(("make", "inner"), [(mlp, "adam"), (convolutional, "sgd")])
def test_scales_and_skips_are_the_cpus(make: Any, inner: str) -> None:
    runs = [trained(make, INNER[inner], device, 2.0**23) for device in ("cpu", "guard")]
    (here, ours, scales), (there, theirs, others) = runs
    assert others == scales
    assert scales[0] < 2.0**23  # some steps were left out
    state, expected = (m.optimizer.state_dict() for m in (there, here))
    for name in ("dynamic_scale", "step_counter", "iterations"):
        assert state[name] == expected[name]
    assert 0 < int(state["iterations"]) < 10 if make is mlp else True
    np.testing.assert_allclose(theirs["loss"], ours["loss"], rtol=5e-3)
    for a, b in zip(here.get_weights(), there.get_weights(), strict=True):
        assert a.dtype == b.dtype == np.float32
        np.testing.assert_allclose(b, a, rtol=2e-2, atol=5e-3)


def test_a_step_is_one_replay_and_reads_nothing(machine: dict[int, Any]) -> None:
    with ad.device("guard"):
        model, x, y = mlp()
        scaling = optim.LossScaleOptimizer(optim.SGD(0.05, momentum=0.9))
        model.compile(scaling, nn.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.prepare((x[:8], y[:8], y[:8]))
        step = ad.function(lambda x, y, w: model.train_step((x, y, w)))
        data = ad.asarray(x[:8]), ad.asarray(y[:8])
        good, bad = (ad.asarray(np.full(8, w, np.float32)) for w in (1.0, 1e7))
        step(*data, good)
        with resident():
            before = machine[0].counts.copy()
            with counted() as found:
                for weight in (good, bad, good):
                    step(*data, weight)
            made = machine[0].counts - before
    assert (made["replays"], made["launches"], made["transfers"]) == (3, 0, 0)
    assert (found.uploads, found.downloads, found.waits) == (0, 0, 0)
    assert float(scaling.dynamic_scale) == 2.0**14
    assert (int(scaling.iterations), int(scaling.step_counter)) == (3, 1)
    assert all(np.isfinite(v.numpy()).all() for v in model.weights)


def test_op_by_op_nothing_is_read_either() -> None:
    with ad.device("guard"):
        model, x, y = mlp()
        scaling = optim.LossScaleOptimizer(optim.Adam(0.01))
        model.compile(scaling, nn.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.prepare((x[:8], y[:8]))
        data = ad.asarray(x[:8]), ad.asarray(y[:8])
        model.train_step(data)
        with resident():
            model.train_step(data)
    assert int(scaling.iterations) == 2


@pytest.mark.skipif(library() is None, reason="no NVRTC: pip install nvidia-cuda-nvrtc")
@pytest.mark.parametrize(
    ("make", "architectures"),
    [
        (mlp, ARCHITECTURES[:1]),
        pytest.param(convolutional, ARCHITECTURES, marks=pytest.mark.long),
    ],
)
def test_kernels_compile_for_gpus(make: Any, architectures: Any) -> None:
    with ad.device("guard"):
        model, x, y = make()
        scaling = optim.LossScaleOptimizer(optim.Adam(0.01, global_clipnorm=1.0))
        model.compile(scaling, nn.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.prepare((x[:8], y[:8]))
        step = ad.function(lambda x, y: model.train_step((x, y)))
        text = step.kernels(ad.asarray(x[:8]), ad.asarray(y[:8]))
    assert "half_t" in text
    for architecture in architectures:
        assert compiled(text, architecture)[:4] == b"\x7fELF"
