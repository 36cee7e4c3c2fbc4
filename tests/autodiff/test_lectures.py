"""The lectures' worked examples and listings, in float64, to the digits shown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff import GradientTape, Variable


def scalars(*values: float) -> list[Variable]:
    return [Variable(np.float64(v)) for v in values]


# -- 1. graphs and gates ---------------------------------------------------------------------------


def neuron() -> tuple[list[Variable], list[Variable]]:
    return scalars(2, -3, -3), scalars(-1, -2)


def test_sigmoid_neuron() -> None:
    w, x = neuron()
    with GradientTape() as tape:
        f = ad.sigmoid(w[0] * x[0] + w[1] * x[1] + w[2])
    assert round(float(f), 2) == 0.73
    shown = [round(float(g), 2) for g in tape.gradient(f, [*w, *x])]
    assert shown == [-0.20, -0.39, 0.20, 0.39, -0.59]


def test_sigmoid_neuron_unfolded() -> None:
    w, x = neuron()
    with GradientTape() as tape:
        z = w[0] * x[0] + w[1] * x[1] + w[2]
        minus = z * -1.0
        power = ad.exp(minus)
        plus = power + 1.0
        f = 1.0 / plus
    wires = [z, minus, power, plus, f]
    assert [round(float(v), 2) for v in wires] == [1.00, -1.00, 0.37, 1.37, 0.73]
    gradients = [round(float(g), 2) for g in tape.gradient(f, wires)]
    assert gradients == [0.20, -0.20, -0.53, -0.53, 1.00]


def test_local_gradient_of_the_sigmoid_gate() -> None:
    (z,) = scalars(1.0)
    with GradientTape() as tape:
        s = ad.sigmoid(z)
    assert float(tape.gradient(s, z)) == pytest.approx((1 - float(s)) * float(s), rel=1e-15)


def test_gates() -> None:
    x, y = scalars(3.0, -4.0)
    with GradientTape(persistent=True) as tape:
        add, mul, biggest = x + y, x * y, ad.maximum(x, y)
        a, b = ad.copy(x), ad.copy(x)
        copied = 7 * a + 4 * b

    def upstream_two(gate: Any) -> list[float]:
        return [float(g) for g in tape.gradient(gate, [x, y], output_gradients=2.0)]

    assert upstream_two(add) == [2.0, 2.0]  # gradient distributor
    assert upstream_two(mul) == [-8.0, 6.0]  # swap multiplier
    assert upstream_two(biggest) == [2.0, 0.0]  # gradient router
    assert float(tape.gradient(copied, x)) == 11.0  # adder


def test_gradient_tensors_have_both_shapes() -> None:
    rng = np.random.default_rng(0)
    x = Variable(rng.normal(size=(4, 3)))
    a = rng.normal(size=(2, 3, 4, 3, 4))
    with GradientTape() as tape:
        y = ad.sum(a * x.mT, axis=(-2, -1))
    jacobian = tape.jacobian(y, x)
    assert jacobian.shape == (2, 3, 4, 4, 3)
    np.testing.assert_allclose(jacobian.numpy(), np.swapaxes(a, -2, -1), rtol=1e-14)


def test_gradient_tensor_of_the_slide() -> None:
    """y of shape (10,20,40) by x of shape (50,30): (10,20,40,50,30), here with a tenth of it."""
    x = Variable(np.random.default_rng(0).normal(size=(5, 3)))
    with GradientTape() as tape:
        y = ad.sin(ad.sum(x)) * np.ones((10, 20, 4)) + x[0, 0]
    assert tape.jacobian(y, x).shape == (10, 20, 4, 5, 3)


def test_linear_approximation() -> None:
    """f(x) = f(x0) + <df/dx, x - x0> up to the square of the step."""
    rng = np.random.default_rng(0)
    x0, direction = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))

    def f(x: Any) -> Any:
        return ad.sum(ad.exp(ad.sin(x)) * x)

    value, gradient = ad.value_and_grad(f)(x0)
    slope = float(ad.sum(gradient * direction))
    errors = [abs(float(f(x0 + t * direction)) - float(value) - t * slope) for t in (1e-3, 1e-4)]
    assert errors[0] / errors[1] == pytest.approx(100, rel=0.05)


def test_jacobians_of_the_lecture() -> None:
    w = Variable(np.array([1.0, 2.0, 3.0]))
    a = np.arange(6.0).reshape(2, 3)
    with GradientTape(persistent=True) as tape:
        y = ad.stack([w[0] * w[1], w[0] ** 2 + w[2] ** 3])
        linear = ad.matmul(a, w)
        componentwise = ad.sin(w)
    w1, w2, w3 = w.tolist()
    assert tape.jacobian(y, w).tolist() == [[w2, w1, 0], [2 * w1, 0, 3 * w3**2]]
    np.testing.assert_array_equal(tape.jacobian(linear, w).numpy(), a)
    np.testing.assert_array_equal(
        tape.jacobian(componentwise, w).numpy(), np.diag(np.cos(w.numpy()))
    )


def test_three_node_chain_rule() -> None:
    """x -> y -> z -> L: each gradient is the upstream one times the local one."""
    (x,) = scalars(0.7)
    with GradientTape() as tape:
        y = ad.exp(x)
        z = ad.sin(y)
        loss = z * z
    gx, gy, gz = (float(g) for g in tape.gradient(loss, [x, y, z]))
    assert gz == 2 * float(z)
    assert gy == pytest.approx(gz * np.cos(float(y)), rel=1e-15)
    assert gx == pytest.approx(gy * float(y), rel=1e-15)


# -- 2. GradientTape -------------------------------------------------------------------------------


def test_tape_listings() -> None:
    x = Variable(0.0)
    with GradientTape() as tape:
        y = 2 * x + 3
    g = tape.gradient(y, x)
    assert (float(g), g.dtype) == (2.0, np.float32)

    x = Variable(3.0)
    with GradientTape() as tape:
        y = 2 * x**2 + 3
    assert float(tape.gradient(y, x)) == 12.0


def test_tape_listings_with_a_matrix_of_float16() -> None:
    x = Variable([[1, 2], [3, 4]], dtype=np.float16)
    with GradientTape() as tape:
        y = 2 * x + 3
    g = tape.gradient(y, x)
    assert (g.tolist(), g.dtype) == ([[2, 2], [2, 2]], np.float16)
    with GradientTape() as tape:
        y = 2 * x**2 + 3
    g = tape.gradient(y, x)
    assert y.tolist() == [[5, 11], [21, 35]]
    assert (g.tolist(), g.dtype) == ([[4, 8], [12, 16]], np.float16)


def test_training_by_hand() -> None:
    """A linear fit as the lecture writes it: normal weights, loss, gradient, assign."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 2))
    truth = np.array([[2.0], [-1.0]])
    w, b = Variable(rng.normal(size=(2, 1))), Variable(np.zeros(1))
    for _ in range(200):
        with GradientTape() as tape:
            loss = ad.mean(ad.square(x @ w + b - (x @ truth + 0.5)))
        gw, gb = tape.gradient(loss, [w, b])
        w.assign(w - 0.1 * gw)
        b.assign(b - 0.1 * gb)
    np.testing.assert_allclose(w.numpy(), truth, atol=1e-6)
    np.testing.assert_allclose(b.numpy(), [0.5], atol=1e-6)


# -- 3. worked backpropagation ---------------------------------------------------------------------


def two_two_two(w: list[Variable]) -> tuple[Any, Any, Any, Any, Any]:
    h1 = ad.sigmoid(w[0] * 0.05 + w[1] * 0.10 + 0.35)
    h2 = ad.sigmoid(w[2] * 0.05 + w[3] * 0.10 + 0.35)
    o1 = ad.sigmoid(w[4] * h1 + w[5] * h2 + 0.60)
    o2 = ad.sigmoid(w[6] * h1 + w[7] * h2 + 0.60)
    return h1, h2, o1, o2, ((0.01 - o1) ** 2 + (0.99 - o2) ** 2) / 2


def test_two_two_two_network() -> None:
    w = scalars(0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)
    with GradientTape() as tape:
        *outputs, error = two_two_two(w)
    shown = [f"{float(v):.10f}" for v in (*outputs, error)]
    assert shown == ["0.5932699921", "0.5968843783", "0.7513650696", "0.7729284653", "0.2983711088"]
    for v, g in zip(w, tape.gradient(error, w), strict=True):
        v.assign_sub(0.5 * g)
    assert f"{float(w[4]):.10f}" == "0.3589164797"
    assert f"{float(w[0]):.10f}" == "0.1497807161"


def test_three_unit_variant() -> None:
    """The output net of the slide: .40·.8249 + .55·.6318 + .35·.5987 + .2 = 1.0870."""
    hidden = [0.8249, 0.6318, 0.5987]
    net = 0.40 * hidden[0] + 0.55 * hidden[1] + 0.35 * hidden[2] + 0.2
    assert f"{net:.4f}" == "1.0870"
    assert f"{float(ad.sigmoid(np.float64(net))):.4f}" == "0.7478"
    o1, o2 = scalars(0.7478, 0.7524)
    with GradientTape(persistent=True) as tape:
        error = ((0.01 - o1) ** 2 + (0.99 - o2) ** 2) / 2
    assert f"{float(error):.4f}" == "0.3004"
    assert f"{float(tape.gradient(error, o1)):.4f}" == "0.7378"
    # dE/dw7 = dE/dout · out(1 - out) · hidden
    w7 = Variable(np.float64(0.40))
    with GradientTape() as tape:
        out = ad.sigmoid(w7 * hidden[0] + (net - 0.40 * hidden[0]))
        error = (0.01 - out) ** 2 / 2
    assert f"{float(tape.gradient(error, w7)):.4f}" == "0.1148"
    # dE/dw1 = dE/dh1 · h1(1 - h1) · x1 with dE/dh1 = .0335 and x1 = .4
    w1 = Variable(np.float64(0.15))
    with GradientTape() as tape:
        h1 = ad.sigmoid(w1 * 0.4 + (1.55 - 0.15 * 0.4))
    assert f"{float(tape.gradient(h1, w1, output_gradients=0.0335)):.4f}" == "0.0019"


def test_hidden_sum_of_the_slide_slipped() -> None:
    """.15·.4 + .20·.3 + .35 is 0.47 with sigmoid .6154; the slide's 1.55 gives its .8249."""
    assert f"{float(ad.sigmoid(np.float64(0.15 * 0.4 + 0.20 * 0.3 + 0.35))):.4f}" == "0.6154"
    assert f"{float(ad.sigmoid(np.float64(1.55))):.4f}" == "0.8249"


def test_matrix_backprop_of_binary_cross_entropy() -> None:
    """dL/dW_O = u_Hᵀ dL/dz_O and dL/db_O = 1ᵀ dL/dz_O, with BCE = ln(1 + e^z) - y z."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 3)), rng.integers(0, 2, (8, 1)).astype(float)
    theta = [Variable(rng.normal(size=s)) for s in ((3, 4), (4,), (4, 1), (1,))]
    w_h, b_h, w_o, b_o = theta
    with GradientTape() as tape:
        u_h = ad.sigmoid(x @ w_h + b_h)
        z_o = u_h @ w_o + b_o
        loss = ad.mean(ad.log1p(ad.exp(z_o)) - y * z_o)
    g = [v.numpy() for v in tape.gradient(loss, [*theta, z_o])]
    u, dz = u_h.numpy(), (1 / (1 + np.exp(-z_o.numpy())) - y) / len(y)
    dz_h = dz @ w_o.numpy().T * u * (1 - u)
    expected = [x.T @ dz_h, dz_h.sum(0), u.T @ dz, np.ones(8) @ dz, dz]
    for found, right in zip(g, expected, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-12)


def test_squared_error_chain() -> None:
    """L = (ŷ - y)², ŷ = w x: a step of ε = 0.1 along -dL/dw lowers L."""
    (w,) = scalars(0.5)
    x, y = 2.0, 3.0
    losses = []
    for _ in range(2):
        with GradientTape() as tape:
            loss = (w * x - y) ** 2
        losses.append(float(loss))
        g = tape.gradient(loss, w)
        assert float(g) == 2 * (float(w) * x - y) * x
        w.assign_sub(0.1 * g)
    assert losses[1] < losses[0]


def test_one_step_down_the_bowl() -> None:
    """F = x² + y² at (1, 1) with ε = 0.25 goes to (0.5, 0.5), F from 2 to 0.5."""
    xy = scalars(1.0, 1.0)
    with GradientTape() as tape:
        f = xy[0] ** 2 + xy[1] ** 2
    for v, g in zip(xy, tape.gradient(f, xy), strict=True):
        v.assign_sub(0.25 * g)
    assert float(f) == 2.0
    assert [float(v) for v in xy] == [0.5, 0.5]
    assert float(xy[0]) ** 2 + float(xy[1]) ** 2 == 0.5
