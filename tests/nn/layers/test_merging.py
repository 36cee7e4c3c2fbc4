from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from nn import layers
from nn.layers import Layer

FORMULAS: dict[str, Any] = {
    "add": lambda xs: sum(xs),
    "multiply": lambda xs: reduce(np.multiply, xs),
    "average": lambda xs: sum(xs) / len(xs),
    "maximum": lambda xs: reduce(np.maximum, xs),
    "minimum": lambda xs: reduce(np.minimum, xs),
}
ROWS = [np.random.default_rng(k).normal(size=(5, 3)).astype(np.float32) for k in range(3)]


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("count", [2, 3])
def test_merging_is_its_formula(name: str, count: int) -> None:
    merge = getattr(layers, name)
    expected = FORMULAS[name](ROWS[:count])
    assert merge(ROWS[:count]).numpy() == pytest.approx(expected, rel=1e-6)
    kind = getattr(layers, name.capitalize())
    assert (kind()(ROWS[:count]).numpy() == merge(ROWS[:count]).numpy()).all()


def test_subtract_takes_two() -> None:
    assert (layers.subtract(ROWS[:2]).numpy() == ROWS[0] - ROWS[1]).all()
    with pytest.raises(ValueError, match="takes a list of 2 inputs; given 3"):
        layers.subtract(ROWS)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.data())
def test_shapes_are_broadcast_as_numpy_does(shape: list[int], data: Any) -> None:
    other = [data.draw(st.sampled_from([1, n])) for n in shape][data.draw(st.integers(0, 1)) :]
    a, b = np.ones((2, *shape), np.float32), np.ones((2, *shape[: len(shape) - len(other)], *other))
    assert layers.add([a, b]).shape == (a + b).shape
    assert layers.Add().compute_output_shape([(None, *a.shape[1:]), (None, *b.shape[1:])]) == (
        None,
        *(a + b).shape[1:],
    )


@given(st.integers(1, 3), st.lists(st.integers(1, 3), min_size=2, max_size=4), st.data())
def test_concatenate_puts_side_by_side(ndim: int, lengths: list[int], data: Any) -> None:
    axis = data.draw(st.integers(1, ndim))
    rng = np.random.default_rng(0)
    shapes = [[2, *[3] * ndim] for _ in lengths]
    for shape, n in zip(shapes, lengths, strict=True):
        shape[axis] = n
    arrays = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    for signed in (axis, axis - ndim - 1):
        layer = layers.Concatenate(signed)
        assert (layer(arrays).numpy() == np.concatenate(arrays, axis)).all()
        stated = layer.compute_output_shape([(None, *shape[1:]) for shape in shapes])
        assert stated == (None, *np.concatenate(arrays, axis).shape[1:])
    open_axis = [tuple(None if k == axis else n for k, n in enumerate(s)) for s in shapes]
    assert layers.Concatenate(axis).compute_output_shape(open_axis)[axis] is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.add([ROWS[0]]), "'add' takes a list of 2 or more inputs; given 1"),
        (lambda: layers.Add()(ROWS[0]), "takes a list of 2 or more inputs; given one, Tensor"),
        (
            lambda: layers.add([layers.Input((2,)), layers.Input((3,))]),
            r"inputs of shapes \[\(None, 2\), \(None, 3\)\] do not go together",
        ),
        (
            lambda: layers.concatenate([ROWS[0], ROWS[1][:2]]),
            r"\[\(5, 3\), \(2, 3\)\] do not lie side by side along axis -1",
        ),
        (lambda: layers.concatenate(ROWS, axis=2), r"axis 2 of inputs .* from -2 to 1"),
    ],
)
def test_what_does_not_go_together_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_operators_between_nodes_are_those_between_arrays() -> None:
    from nn.models import Model

    a, b = layers.Input((3,)), layers.Input((3,))
    other = np.linspace(1, 2, 3).astype(np.float32)

    def combine(a: Any, b: Any) -> Any:
        c = (a + b - 1.0) * 2.0 / (3.0 - a * b)
        return {"c": abs(-c) ** 2.0 + other * a, "d": (1.0 / c)[:, 1:], "e": 2.0 ** (0.5 + b)}

    model = Model([a, b], combine(a, b))
    got, expected = model(ROWS[:2]), combine(*ROWS[:2])
    for key in expected:
        assert got[key].numpy() == pytest.approx(expected[key], rel=1e-4)
    kernel = np.ones((3, 2), np.float32)
    product = Model(a, a @ kernel)
    assert product.output_shape == (None, 2)
    assert product(ROWS[0]).numpy() == pytest.approx(ROWS[0] @ kernel, rel=1e-5)


def test_nodes_have_no_value() -> None:
    node: Any = layers.Input((3,))
    with pytest.raises(TypeError, match=r"<Node \(None, 3\) float32 from 'input_layer'> has no"):
        bool(node)
    with pytest.raises(TypeError, match="no rows yet"):
        list(node)


def test_merged_gradients() -> None:
    class Branches(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.left, self.right = layers.Dense(2), layers.Dense(2)

        def call(self, x: ad.Tensor) -> ad.Tensor:
            return layers.multiply([self.left(x), self.right(x)])

    layer = Branches()
    with ad.GradientTape() as tape:
        y = ad.sum(layer(ROWS[0]))
    by_left = tape.gradient(y, layer.left.kernel).numpy()
    assert by_left == pytest.approx(ROWS[0].T @ layer.right(ROWS[0]).numpy(), rel=1e-5)
