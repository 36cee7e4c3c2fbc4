"""Machines, profiles and rooflines: what is measured, what it is divided by, what is put back."""

from __future__ import annotations

import doctest
from importlib import import_module
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from bench.blas import Machine, measure_machine, profile, roofline
from optim import Adam

pytestmark = pytest.mark.host

LAPTOP = Machine("laptop", 2, {"float32": 200.0, "float64": 100.0}, 20.0, 400.0)
X = np.ones((64, 128), np.float32)


def layer() -> tuple[Any, ad.Variable, ad.random.Generator]:
    """A step with a product, a draw, a bias, an update; its weights; its generator."""
    w, b = ad.Variable(np.full((128, 32), 0.1, np.float32), name="w"), ad.Variable(np.zeros(32))
    optimizer, rng = Adam(0.01), ad.random.default_rng(3)
    optimizer.build([w, b])

    @ad.function(fuse=False)
    def step(x: Any) -> Any:
        with ad.GradientTape() as tape:
            z = x * rng.uniform(size=(64, 128), dtype="float32") @ w + ad.astype(b, "float32")
            loss = ad.sum(ad.relu(z))
        optimizer.apply_gradients(zip(tape.gradient(loss, [w, b]), [w, b], strict=True))
        return loss

    return step, w, rng


def test_the_peaks_are_those_of_the_operations() -> None:
    """Both probes say 2N³ FLOPs and three passes; what they find is of the right order."""
    found = measure_machine(("float32",), repeats=2, orders=(64, 128), elements=1 << 18)
    assert set(found.flops) == {"float32"}
    assert 0.05 < found.flops["float32"] < 1e4
    assert found.cache is not None
    assert 0.05 < found.bandwidth < 1e4
    assert 0.05 < found.cache < 1e5
    assert Machine.from_json(found.to_json()) == found
    with pytest.raises(KeyError, match="no peak for 'float64' was measured, only for float32"):
        found.roof(1.0, "float64")


def test_a_roof_is_the_lower_of_two() -> None:
    assert LAPTOP.ridge("float32") == 10
    assert [LAPTOP.roof(i) for i in (0.1, 1.0, 10.0, 1000.0)] == [2, 20, 200, 200]
    assert LAPTOP.roof(1000.0, "float64") == 100


def test_points_have_the_counts_of_the_graph() -> None:
    step, _, _ = layer()
    cost = step.cost(X)
    found = roofline(cost, LAPTOP)
    assert sum(p.flops for p in found.points) == cost.flops
    assert sum(p.bytes for p in found.points) == cost.bytes
    assert len(roofline(cost, LAPTOP, lines=True).points) == len(cost.lines) > len(found.points)
    product = next(p for p in found.points if p.label.startswith("matmul"))
    assert product.flops == 2 * 64 * 128 * 32
    assert product.bytes == 4 * (64 * 128 + 128 * 32 + 64 * 32)
    assert product.intensity == product.flops / product.bytes
    assert (product.bound, product.roof) == ("memory", product.intensity * 20)
    assert product.seconds is product.gflops is product.bandwidth is product.fraction is None
    assert found.seconds is None
    assert found.least_seconds == pytest.approx(
        sum(max(p.flops / 200e9, p.bytes / 20e9) for p in found.points)
    )


def test_a_profile_times_every_line_and_puts_everything_back() -> None:
    step, w, rng = layer()
    state, before = rng.state, w.numpy()
    found = profile(step, X, repeats=3)
    assert rng.state == state
    np.testing.assert_array_equal(w.numpy(), before)
    assert sum(x.cost.flops for x in found.lines) == step.cost(X).flops
    assert all(line.seconds > 0 for line in found.lines)
    drawn = roofline(found, LAPTOP)
    assert drawn.seconds == pytest.approx(sum(line.seconds for line in found.lines))
    for p in drawn.points:
        if p.flops:
            assert p.seconds is not None
            assert p.gflops == pytest.approx(p.flops / p.seconds / 1e9)
            assert p.fraction == pytest.approx(p.flops / p.seconds / 1e9 / p.roof)
    step(X)
    assert not np.array_equal(w.numpy(), before)  # the program still works


def test_the_lines_that_take_long_are_those_that_compute_much() -> None:
    f = ad.function(lambda x: ad.sum(ad.tanh(x @ x) + x[:1, :1]), fuse=False)
    found = profile(f, np.ones((500, 500), np.float32), repeats=9)
    times = {line.cost.gate: line.seconds for line in found.lines}
    assert set(times) == {"matmul", "tanh", "add", "sum"}
    assert times["matmul"] > times["add"]
    assert found.seconds > 0


def test_methods_have_profiles() -> None:
    class Scale:
        @ad.function
        def call(self, x: Any) -> Any:
            return x * 2.0

    assert [line.cost.flops for line in profile(Scale().call, X, repeats=1).lines] == [X.size]


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(TypeError, match=r"takes what ad\.function gives, got builtin_function"):
        profile(len, X)
    with pytest.raises(ValueError, match="repeats must be at least 1, got 0"):
        profile(layer()[0], X, repeats=0)


def test_the_table_has_a_row_for_each_op() -> None:
    step, _, _ = layer()
    found = roofline(profile(step, X, repeats=1), LAPTOP)
    title, head, *rows = repr(found).split("\n")
    assert "200.0 GFLOP/s, 20.0 GB/s, ridge at 10.0 FLOPs/byte" in title
    assert head.split()[:3] == ["FLOPs", "bytes", "FLOPs/byte"]
    ops = [row for row in rows if row.startswith("  ")]
    assert len(ops) == len(found.points)
    assert all(p.label in row for p, row in zip(found.points, ops, strict=True))


def test_it_draws_points_and_roofs() -> None:
    pytest.importorskip("matplotlib", reason="pip install 'autodiff-tape[plots]'")
    from matplotlib.figure import Figure

    step, _, _ = layer()
    found = roofline(profile(step, X, repeats=1), LAPTOP)
    ax = Figure().add_subplot()
    assert found.plot(ax, labels=2) is ax
    drawn = np.concatenate([np.asarray(c.get_offsets()) for c in ax.collections])
    expected = [(p.intensity, p.gflops or 0.0) for p in found.points if p.flops]
    np.testing.assert_allclose(sorted(drawn.tolist()), sorted(map(list, expected)))
    assert len(ax.texts) == 2
    peaks = [np.max(line.get_ydata()) for line in ax.lines]
    assert peaks == [200.0, 200.0]
    allowed = roofline(step.cost(X), LAPTOP)
    rings = allowed.plot(Figure().add_subplot()).collections
    heights = {float(y) for c in rings for _, y in np.asarray(c.get_offsets())}
    assert heights == {p.roof for p in allowed.points if p.flops}


@pytest.mark.parametrize("name", ["machine", "_profile", "_roofline"])
def test_examples_are_right(name: str) -> None:
    found = doctest.testmod(import_module(f"bench.blas.{name}"), optionflags=doctest.ELLIPSIS)
    assert found.attempted > 0
    assert found.failed == 0
