"""What programs cost, against counts by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad
from optim import Adam

from .regenerate import NUMBERS, neuron, training_step

X = np.ones((3, 4), np.float32)


def step_cost() -> Any:
    f, args = training_step()
    return ad.function(f).cost(*args)


def test_matrix_products_of_a_training_step() -> None:
    """Batch 10 through 784-16-16-10: each weight is multiplied and added once for each image."""
    weights = 784 * 16 + 16 * 16 + 16 * 10
    cost = step_cost()
    products = {
        name: sum(line.flops for line in part.lines if line.gate == "matmul")
        for name, part in cost.sections.items()
    }
    forward = 2 * 10 * weights
    to_inputs = 2 * 10 * (16 * 16 + 16 * 10)  # no gradient is asked for by the images
    assert products == {"forward": forward, "backward": forward + to_inputs, "update": 0}


def test_other_lines_of_a_training_step() -> None:
    cost = step_cost()
    parts = cost.sections
    biases = relus = 10 * 16 + 10 * 16
    # largest, shift, exp, sum of 10 by 10 logits; log and difference of 10; mean
    loss = 4 * 100 + 2 * 10 + 11
    assert parts["forward"].flops == 2 * 10 * 12960 + biases + 100 + relus + loss
    # probabilities, minus truth, over 10; biases; sign and product for each relu
    back = 3 * 100 + (100 + 160 + 160) + 2 * (160 + 160)
    assert parts["backward"].flops == 2 * 10 * 12960 + 8320 + back
    assert parts["update"].flops == 2 * 13002
    assert parts["update"].bytes == 4 * (2 * 13002 + 3 * 13002) + 8 + 16  # rate; counter
    assert cost.flops == sum(part.flops for part in parts.values())
    assert cost.bytes == sum(part.bytes for part in parts.values())
    assert cost.intensity == cost.flops / cost.bytes


def test_the_neuron_by_hand() -> None:
    cost = ad.function(neuron).cost(*NUMBERS)
    by_name = {line.name: line for line in cost.lines}
    # -|z|, exp; z >= 0, its cast, the larger, 1 + e, the quotient: what casts a truth value is free
    assert [by_name[name].flops for name in ("m1", "m2", "a", "z", "e")] == [1, 1, 1, 1, 3]
    assert [by_name[name].flops for name in ("d_z", "d_w1", "d_x0")] == [2, 1, 1]
    assert by_name["m1"].bytes == 3 * 8
    assert by_name["d_z"].bytes == 2 * 8  # f is read once
    assert cost.memory == 0
    assert [line.section for line in cost.lines] == ["forward"] * 6 + ["backward"] * 5


@pytest.mark.parametrize(
    ("f", "flops", "nbytes"),
    [
        (lambda x: ad.exp(x), 12, 96),
        (lambda x: x + x, 12, 96),
        (lambda x: x + x[:1], 12, 96 + 16),
        (lambda x: ad.sum(x, axis=0), 12, 48 + 16),
        (lambda x: ad.argmax(x, axis=0), 12, 48 + 32),
        (lambda x: x @ x.T, 2 * 3 * 4 * 3, 2 * 48 + 36),
        (lambda x: x[0] @ x[0], 8, 16 + 4),
        (lambda x: x.T, 0, 96),
        (lambda x: x[np.array([0, 0])], 0, 2 * 32 + 16),
        (lambda x: ad.where(x > 0, x, 0.0), 24, 48 + 12 + 12 + 48 + 48),
        (lambda x: ad.astype(x, "float64"), 0, 48 + 96),
        (lambda x: ad.concat([x, x]), 0, 48 + 96),
        (lambda x: ad.broadcast_to(x, (5, 3, 4)) * 2.0, 60, 48 + 240),
    ],
)
def test_single_lines(f: Any, flops: int, nbytes: int) -> None:
    cost = ad.function(lambda x: f(ad.asarray(x))).cost(X)
    assert (cost.flops, cost.bytes) == (flops, nbytes), cost


def test_integers_are_no_floats() -> None:
    cost = ad.function(lambda x: ad.asarray(x) * 2 + 1).cost(np.arange(6))
    assert cost.flops == 0
    assert cost.bytes > 0
    assert cost.intensity == 0


def test_memory_is_what_buffers_share() -> None:
    def f(x: Any) -> Any:
        for _ in range(6):
            x = ad.tanh(x) @ ad.ones((4, 4))
        return ad.sum(x)

    cost = ad.function(f).cost(X)
    assert 2 * 64 <= cost.memory <= 3 * 64  # each line needs what it reads and what it writes
    assert cost.constants == 64


def test_it_changes_nothing() -> None:
    v = ad.Variable(X, name="v")
    optimizer = Adam(0.1)
    optimizer.build([v])
    rng = ad.random.default_rng(3)
    made = 0

    @ad.function
    def step(x: Any) -> Any:
        nonlocal made
        made += 1
        with ad.GradientTape() as tape:
            loss = ad.sum(v * x * rng.normal(size=(3, 4)))
        optimizer.apply_gradients([(tape.gradient(loss, v), v)])
        return loss

    state = rng.state
    first = step.cost(X)
    assert made == 1
    assert rng.state == state
    assert int(optimizer.iterations) == 0
    np.testing.assert_array_equal(v.numpy(), X)
    assert step.cost(X) == first
    assert made == 1
    step(X)
    assert int(optimizer.iterations) == 1


def test_it_prints_as_a_table() -> None:
    cost = step_cost()
    lines = repr(cost).split("\n")
    assert lines[0].split() == ["flops", "bytes", "flops/byte"]
    assert lines[1].split()[0] == "forward"
    assert lines[2].startswith("  np.dot(x, w1, out=z1)")
    assert lines[2].split()[-3:] == ["250,880", "82,176", "3.05"]
    assert lines[-1].startswith("52,")
    assert len({len(line) for line in lines[:-1]}) == 1
    html = cost._repr_html_()
    assert html.count("<tr>") == len(lines)
    assert "<code>np.dot(x, w1, out=z1)</code>" in html


def test_methods_have_costs() -> None:
    class Scale:
        @ad.function
        def call(self, x: Any) -> Any:
            return x * 2.0

    assert Scale().call.cost(X).flops == 12


def test_a_kernel_is_one_line_with_the_operations_of_all_that_it_computes() -> None:
    """The plain program's FLOPs; of bytes only what kernels read and write."""
    from .interpreted import by_python, fused

    f, args = training_step()
    with by_python():
        flat = fused(f)
        cost, plain = flat.cost(*args), ad.function(f, fuse=False).cost(*args)
    assert cost.flops == plain.flops
    update = cost.sections["update"]
    (kernel,) = [line for line in update.lines if "kernel" in line.text]
    assert kernel.flops == 2 * 13002
    assert kernel.bytes == 4 * 3 * 13002 + 8  # gradients, parameters twice; the rate
    assert plain.sections["update"].bytes == kernel.bytes + 4 * 2 * 13002 + 16
    products = [line.flops for line in cost.lines if line.gate == "matmul"]
    assert sum(products) == sum(line.flops for line in plain.lines if line.gate == "matmul")
    assert cost.bytes < plain.bytes
