"""What the pages for people who come from other libraries say of conventions, beside those.

pip install 'autodiff-tape[oracles,testing]' && python -m pytest -m oracle
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff as ad
import optim
from nn import layers, losses

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(size=(4, 3)).astype(np.float32)
LABELS = np.array([0, 1, 2, 1])
ONE_HOT = np.eye(3, dtype=np.float32)[LABELS]
#: three steps, the second smaller, so that what is remembered shows
GRADIENTS = [[0.5, -0.1], [0.2, 0.3], [-0.7, 0.1]]
W = [1.0, 2.0]


def loaded(name: str) -> Any:
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed: pip install 'autodiff-tape[oracles]'")
    return importlib.import_module(name)


@pytest.fixture(scope="module")
def torch() -> Any:
    return loaded("torch")


def close(x: Any, y: Any) -> None:
    np.testing.assert_allclose(np.asarray(x), np.asarray(y), rtol=2e-5, atol=1e-6)


def differ(x: Any, y: Any) -> None:
    assert not np.allclose(np.asarray(x), np.asarray(y), rtol=1e-3)


# -- PyTorch ---------------------------------------------------------------------------------------


def steps(torch: Any, make: Callable[[Any], Any]) -> Any:
    w = torch.tensor(W, requires_grad=True)
    optimizer = make([w])
    for g in GRADIENTS:
        w.grad = torch.tensor(g)
        optimizer.step()
    return w.detach().numpy()


def our_steps(optimizer: optim.Optimizer) -> Any:
    w = ad.Variable(W)
    for g in GRADIENTS:
        optimizer.apply_gradients([(ad.asarray(g), w)])
    return w.numpy()


def test_layouts_of_images_and_weights(torch: Any) -> None:
    x = RANDOM.normal(size=(2, 8, 8, 3)).astype(np.float32)
    kernel = RANDOM.normal(size=(6, 3, 5, 5)).astype(np.float32)
    theirs = torch.conv2d(torch.tensor(x.transpose(0, 3, 1, 2)), torch.tensor(kernel))
    ours = ad.conv2d(x, kernel.transpose(2, 3, 1, 0))
    np.testing.assert_allclose(ours.numpy().transpose(0, 3, 1, 2), theirs, atol=1e-4)
    linear, dense = torch.nn.Linear(5, 2), layers.Dense(2)
    dense.build_for((None, 5))
    assert tuple(linear.weight.shape[::-1]) == dense.kernel.shape
    assert np.abs(linear.weight.detach().numpy()).max() <= 5**-0.5


def test_std(torch: Any) -> None:
    x = [1.0, 2.0, 4.0]
    close(torch.tensor(x).std(), ad.std(x, correction=1))
    differ(torch.tensor(x).std(), ad.std(x))


def test_batch_normalization(torch: Any) -> None:
    x = RANDOM.normal(size=(5, 2)).astype(np.float32)
    theirs, ours = torch.nn.BatchNorm1d(2), layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
    assert (theirs.momentum, theirs.eps) == (0.1, 1e-5)
    assert torch.nn.LayerNorm(2).eps == 1e-5
    default = layers.BatchNormalization()
    assert (default.momentum, default.epsilon) == (0.99, 1e-3)
    assert layers.LayerNormalization().epsilon == 1e-3
    close(theirs(torch.tensor(x)).detach(), ours(x, training=True))
    close(theirs.running_mean, ours.moving_mean.numpy())
    close(theirs.running_var, 0.9 + 0.1 * x.var(axis=0, ddof=1))
    close(ours.moving_variance.numpy(), 0.9 + 0.1 * x.var(axis=0))


def test_cross_entropy_with_weights_and_smoothing(torch: Any) -> None:
    logits, labels = torch.tensor(LOGITS), torch.tensor(LABELS)
    weights = np.array([1.0, 2.0, 3.0], np.float32)
    theirs = torch.nn.CrossEntropyLoss(weight=torch.tensor(weights))(logits, labels)
    plain = losses.SparseCategoricalCrossentropy(from_logits=True)
    same = losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction="mean_with_sample_weight"
    )
    close(theirs, same(LABELS, LOGITS, sample_weight=weights[LABELS]))
    close(theirs * weights[LABELS].mean(), plain(LABELS, LOGITS, sample_weight=weights[LABELS]))
    close(torch.nn.CrossEntropyLoss()(logits, labels), plain(LABELS, LOGITS))
    smooth = losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    close(torch.nn.CrossEntropyLoss(label_smoothing=0.1)(logits, labels), smooth(ONE_HOT, LOGITS))


def test_kl_divergence(torch: Any) -> None:
    p = torch.softmax(torch.tensor(LOGITS), 1)
    q = torch.softmax(torch.tensor(LOGITS[::-1].copy()), 1)
    ours = losses.KLDivergence()(p.numpy(), q.numpy())
    close(torch.nn.KLDivLoss(reduction="batchmean")(q.log(), p), ours)
    differ(torch.nn.KLDivLoss()(q.log(), p), ours)


def test_leaky_relu(torch: Any) -> None:
    close(torch.nn.LeakyReLU()(torch.tensor(-1.0)), -0.01)
    close(layers.LeakyReLU()([[-1.0]]), [[-0.3]])


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_is_the_same_while_the_rate_is(torch: Any, nesterov: bool) -> None:
    close(
        steps(torch, lambda w: torch.optim.SGD(w, 0.1, momentum=0.9, nesterov=nesterov)),
        our_steps(optim.SGD(0.1, momentum=0.9, nesterov=nesterov)),
    )


def test_defaults_of_optimizers(torch: Any) -> None:
    def said(make: Any, *names: str) -> list[float]:
        group = make([torch.zeros(1)]).param_groups[0]
        return [group[name] for name in names]

    assert said(torch.optim.Adam, "eps") == [1e-8]
    assert said(torch.optim.RMSprop, "lr", "alpha") == [0.01, 0.99]
    assert said(torch.optim.Adagrad, "lr", "initial_accumulator_value") == [0.01, 0]
    assert said(torch.optim.AdamW, "weight_decay") == [0.01]
    assert optim.Adam().epsilon == 1e-7
    assert (float(optim.RMSprop().learning_rate), optim.RMSprop().rho) == (0.001, 0.9)
    assert float(optim.Adagrad().learning_rate) == 0.001
    assert optim.Adagrad().initial_accumulator_value == 0.1
    assert optim.AdamW().weight_decay == 0.004


def test_where_epsilon_stands(torch: Any) -> None:
    epsilon, g = 0.01, np.array(GRADIENTS[0])
    w = np.array(W)

    def once(make: Callable[[Any], Any]) -> Any:
        x = torch.tensor(W, requires_grad=True)
        x.grad = torch.tensor(GRADIENTS[0])
        make([x]).step()
        return x.detach().numpy()

    def ours(optimizer: optim.Optimizer) -> Any:
        x = ad.Variable(W)
        optimizer.apply_gradients([(ad.asarray(GRADIENTS[0]), x)])
        return x.numpy()

    close(
        once(lambda x: torch.optim.Adam(x, 0.1, eps=epsilon)), w - 0.1 * g / (np.abs(g) + epsilon)
    )
    early = w - 0.1 * g / (np.abs(g) + epsilon / np.sqrt(1 - 0.999))
    close(ours(optim.Adam(0.1, epsilon=epsilon)), early)
    outside = w - 0.1 * g / (np.sqrt(0.1 * g**2) + epsilon)
    close(once(lambda x: torch.optim.RMSprop(x, 0.1, alpha=0.9, eps=epsilon)), outside)
    inside = w - 0.1 * g / np.sqrt(0.1 * g**2 + epsilon)
    close(ours(optim.RMSprop(0.1, rho=0.9, epsilon=epsilon)), inside)


def test_weight_decay(torch: Any) -> None:
    close(
        steps(torch, lambda w: torch.optim.AdamW(w, 0.1, weight_decay=0.05)),
        our_steps(optim.AdamW(0.1, weight_decay=0.05)),
    )
    theirs = steps(torch, lambda w: torch.optim.SGD(w, 0.1, momentum=0.9, weight_decay=0.5))
    differ(theirs, our_steps(optim.SGD(0.1, momentum=0.9, weight_decay=0.5)))
    w, optimizer = ad.Variable(W), optim.SGD(0.1, momentum=0.9)
    for g in GRADIENTS:  # the gradient of λ/2 · Σw², as a regularizer adds it
        optimizer.apply_gradients([(ad.asarray(g) + 0.5 * w, w)])
    close(theirs, w.numpy())


def test_ties_and_complex_gradients(torch: Any) -> None:
    def gradient(f: Callable[[Any], Any]) -> list[float]:
        x = torch.tensor([1.0, 1.0, 0.0], requires_grad=True)
        f(x).backward()
        return x.grad.tolist()

    assert gradient(torch.max) == gradient(torch.amax) == [0.5, 0.5, 0.0]
    assert gradient(lambda x: x.max(0)[0]) == [1.0, 0.0, 0.0]
    assert ad.grad(ad.max)(ad.asarray([1.0, 1.0, 0.0])).tolist() == [0.5, 0.5, 0.0]
    z = torch.tensor(1 + 2j, requires_grad=True)
    (z * z).real.backward()
    assert complex(z.grad) == 2 - 4j
    assert complex(ad.grad(lambda z: ad.real(z * z))(np.complex64(1 + 2j))) == 2 + 4j


# -- JAX, HIPS autograd ----------------------------------------------------------------------------


def test_jax() -> None:
    jax = loaded("jax")
    jnp = jax.numpy
    double = jax.config.jax_enable_x64  # as other tests set it
    assert jnp.asarray(np.ones(2)).dtype == (np.float64 if double else np.float32)
    assert ad.asarray(np.ones(2)).dtype == np.float64
    assert ad.asarray([1.0]).dtype == np.float32
    assert int(jnp.arange(3)[5]) == 2
    with pytest.raises(IndexError):
        ad.arange(3)[5]
    assert float(jax.grad(jnp.abs)(0.0)) == 1
    assert float(ad.grad(ad.abs)(0.0)) == 0
    assert jax.grad(jnp.max)(jnp.array([1.0, 1.0])).tolist() == [0.5, 0.5]
    assert complex(jax.grad(lambda z: jnp.real(z * z))(1.0 + 2.0j)) == 2 + 4j


def test_jax_gelu() -> None:
    jax = loaded("jax")
    from nn import activations

    close(jax.nn.gelu(1.0), activations.gelu(1.0, approximate=True))
    close(jax.nn.gelu(1.0, approximate=False), activations.gelu(1.0))


def test_autograd() -> None:
    autograd = loaded("autograd")
    anp = importlib.import_module("autograd.numpy")
    assert np.asarray(autograd.grad(anp.sqrt)(4.0)).dtype == np.float64
    assert ad.grad(ad.sqrt)(4.0).dtype == np.float32
    assert ad.grad(np.sqrt)(np.float64(4.0)).dtype == np.float64
    assert autograd.grad(lambda x: anp.maximum(x, 1.0))(1.0) == 0.5
    assert float(ad.grad(lambda x: ad.maximum(x, 1.0))(1.0)) == 0.5
    assert autograd.grad(lambda z: anp.real(z * z))(1.0 + 2.0j) == 2 + 4j
