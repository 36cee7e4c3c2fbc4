"""Training on the guard: the CPU's numbers, and nothing between host and device but batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad
import nn
import optim
from nn import layers, models
from tests.guard.backend import DEVICE
from tests.guard.counters import counted, resident

OPTIMIZERS = {
    "sgd": lambda: optim.SGD(0.05, momentum=0.9, nesterov=True),
    "rmsprop": lambda: optim.RMSprop(0.01),
    "adam": lambda: optim.Adam(0.01, global_clipnorm=1.0, use_ema=True),
    "adamw": lambda: optim.AdamW(0.01),
    "nadam": lambda: optim.Nadam(optim.schedules.ExponentialDecay(0.01, 5, 0.5)),
    "adagrad": lambda: optim.Adagrad(0.05),
}  # fmt: skip


def digits(*shape: int) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels that have nothing to do with each other, the same every time."""
    random = np.random.default_rng(0)
    return random.random(shape, np.float32), random.integers(0, 10, shape[0])


def mlp() -> tuple[Any, np.ndarray, np.ndarray]:
    """784-16-16-10 and digits that are none."""
    nn.utils.set_random_seed(1)
    model = models.Sequential([layers.Flatten(input_shape=(28, 28))])
    for width in (16, 16):
        model.add(layers.Dense(width, activation="relu"))
    model.add(layers.Dense(10, activation="softmax"))
    return model, *digits(40, 28, 28)


def lenet() -> tuple[Any, np.ndarray, np.ndarray]:
    """LeNet-5 with its max-pooling, and digits that are none."""
    nn.utils.set_random_seed(2)
    model = models.Sequential(
        [
            layers.Conv2D(6, 5, padding="same", activation="relu", input_shape=(28, 28, 1)),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(120, activation="relu"),
            layers.Dense(84, activation="relu"),
            layers.Dense(10),
        ]
    )
    return model, *digits(12, 28, 28, 1)


def compiled(model: Any, optimizer: Any = "adam") -> Any:
    logits = model.layers[-1].activation is nn.activations.linear
    loss = nn.losses.SparseCategoricalCrossentropy(from_logits=logits)
    model.compile(optimizer, loss, metrics=["accuracy"])
    return model


def trained(make: Any, optimizer: Any, device: str, **more: Any) -> tuple[dict[str, Any], Any]:
    """What `fit` reports, and the weights that it ends with."""
    model, x, y = make()
    compiled(model, optimizer)
    nn.utils.set_random_seed(3)
    history = model.fit(x, y, batch_size=8, verbose=0, device=device, **more)
    return history.history, model


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_seeded_fit_is_the_same_as_on_the_cpu(optimizer: str) -> None:
    run = [trained(mlp, OPTIMIZERS[optimizer](), device, epochs=2) for device in ("cpu", DEVICE)]
    (ours, there), (theirs, here) = run
    assert {v.device for v in here.variables} == {f"{DEVICE.partition(':')[0]}:0"}
    assert {v.device for v in here.optimizer.variables} == {f"{DEVICE.partition(':')[0]}:0"}
    for name, values in ours.items():
        np.testing.assert_allclose(theirs[name], values, rtol=1e-4)
    for a, b in zip(there.get_weights(), here.get_weights(), strict=True):
        assert a.dtype == b.dtype == np.float32
        np.testing.assert_allclose(b, a, rtol=1e-3, atol=1e-5)


def test_lenet_is_the_same_as_on_the_cpu() -> None:
    run = [trained(lenet, optim.SGD(0.01, momentum=0.9), device) for device in ("cpu", DEVICE)]
    (ours, there), (theirs, here) = run
    np.testing.assert_allclose(theirs["loss"], ours["loss"], rtol=1e-4)
    for a, b in zip(there.get_weights(), here.get_weights(), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("make", [mlp, lenet])
def test_a_step_moves_nothing_but_its_batch(make: Any) -> None:
    with ad.device("guard"):
        model, x, y = make()
        compiled(model)
        model.prepare((x[:4], y[:4]))
        data = ad.asarray(x[:4]), ad.asarray(y[:4])
        model.train_step(data)
        with resident():
            with counted() as first:
                model.train_step(data)
            with counted() as second:
                model.train_step(data)
    assert first == second
    assert (first.uploads, first.downloads, first.waits) == (0, 0, 0)
    assert 50 < first.launches < 1500
    assert first.products == (8 if make is mlp else 14)  # three a layer; the data need no gradient


METRICS = {
    "auc": lambda: nn.metrics.AUC(num_thresholds=20),
    "auc of labels": lambda: nn.metrics.AUC(multi_label=True, label_weights=[1, 2, 3]),
    "precision": lambda: nn.metrics.Precision(thresholds=[0.25, 0.5]),
    "recall": lambda: nn.metrics.Recall(top_k=1),
    "false positives": lambda: nn.metrics.FalsePositives(0.4),
    "accuracy": lambda: nn.metrics.CategoricalAccuracy(),
}


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_moves_nothing(name: str) -> None:
    random = np.random.default_rng(0)
    y, p = random.integers(0, 2, (6, 3)), random.random((6, 3), np.float32)
    with ad.device("cpu"):
        expected = METRICS[name]()
        for _ in range(3):
            expected.update_state(y, p)
        result = expected.result().numpy()
    with ad.device("guard"):
        metric = METRICS[name]()
        given = ad.asarray(y), ad.asarray(p)
        metric.update_state(*given)
        metric.result()  # constants are brought once
        with resident():
            for _ in range(2):
                metric.update_state(*given)
            found = metric.result()
        np.testing.assert_allclose(found.numpy(), result, rtol=1e-5)
        assert found.device == "guard:0"


def test_dropout_brings_its_draws_and_nothing_else() -> None:
    """Draws are the host's, the same numbers as on the CPU: one upload for each, nobody waits."""
    with ad.device("guard"):
        model = models.Sequential(
            [
                layers.Dense(8, activation="relu", input_shape=(6,)),
                layers.Dropout(0.5, seed=0),
                layers.BatchNormalization(),
                layers.Dropout(0.25, seed=1),
                layers.Dense(3, activation="softmax"),
            ]
        )
        model.compile("adam", "categorical_crossentropy", metrics=[nn.metrics.AUC()])
        x, y = np.ones((4, 6), np.float32), np.eye(4, 3, dtype=np.float32)
        model.prepare((x, y))
        data = ad.asarray(x), ad.asarray(y)
        model.train_step(data)
        with counted() as found:
            model.train_step(data)
    assert (found.uploads, found.downloads, found.waits) == (2, 0, 0)


def test_an_epoch_uploads_its_batches_and_reads_its_report() -> None:
    model, x, y = mlp()
    compiled(model)
    model.fit(x, y, batch_size=8, verbose=0, device="guard")
    with counted() as found:
        model.fit(x, y, batch_size=8, verbose=0)
    steps = 40 // 8
    # the first batch goes there twice: layers that are not built are tried on it
    assert found.beside == 2 * steps
    assert found.uploads - found.beside <= 2
    # loss and accuracy, each with the labels' range
    assert found.downloads <= 6


def test_data_that_lie_there_are_gathered_there() -> None:
    model, x, y = mlp()
    compiled(model)
    with ad.device("guard"):
        there = ad.asarray(x), ad.asarray(y)
        nn.utils.set_random_seed(3)
        with counted() as found:
            history = model.fit(*there, batch_size=8, epochs=2, verbose=0, device="guard")
    weights = model.get_weights()
    assert found.beside == 0
    model, x, y = mlp()
    compiled(model)
    nn.utils.set_random_seed(3)
    again = model.fit(x, y, batch_size=8, epochs=2, verbose=0, device="guard")
    assert again.history == history.history
    for a, b in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_labels_out_of_range_are_told_of_when_the_loss_is_read() -> None:
    model, x, y = mlp()
    compiled(model)
    y[7] = 10
    with pytest.raises(ValueError, match="labels run from 0 to 10; expected 0 to 9"):
        model.fit(x, y, batch_size=8, verbose=0, device="guard")


def test_a_model_computes_where_it_was_trained() -> None:
    model, x, y = mlp()
    compiled(model)
    model.fit(x, y, verbose=0)
    before = model.evaluate(x, y, verbose=0), model.predict(x, verbose=0)
    model.fit(x, y, epochs=0, verbose=0, device="guard")  # brought there, not trained
    with counted() as found:
        after = model.evaluate(x, y, verbose=0), model.predict(x, verbose=0)
    assert found.launches
    np.testing.assert_allclose(after[0], before[0], rtol=1e-5)
    np.testing.assert_allclose(after[1], before[1], rtol=1e-4)
    said = "matmul: operands lie on different devices"
    with ad.device("cpu"), pytest.raises(ValueError, match=said):
        model(x)
    with ad.device("guard"):
        assert model(x).device == "guard:0"
    model.fit(x, y, epochs=0, verbose=0, device="cpu")
    with counted() as found:
        model.evaluate(x, y, verbose=0)
    assert not found.launches


def test_one_optimizer_does_not_update_variables_on_two_devices() -> None:
    there, here = (ad.Variable([1.0], device=d, name=n) for d, n in (("guard", "a"), ("cpu", "b")))
    with pytest.raises(ValueError, match="a on guard:0, b on cpu"):
        optim.SGD().apply_gradients([([1.0], there), ([1.0], here)])
    optim.SGD(0.5).apply_gradients([(ad.asarray([1.0], device="guard"), there)])
    assert there.numpy().tolist() == [0.5]
