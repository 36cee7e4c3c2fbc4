"""Tensor and Variable as values: construction, dtypes, conversions, protocols."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff import Tensor, Variable


@pytest.mark.host
@pytest.mark.parametrize(
    ("value", "dtype", "shape"),
    [
        (1.0, np.float32, ()),
        (1, np.int64, ()),
        (True, np.bool_, ()),
        (1j, np.complex64, ()),
        ([1.0, 2], np.float32, (2,)),
        ([], np.float32, (0,)),
        (np.float64(1), np.float64, ()),
        (np.ones((1, 2, 3, 1, 2), np.float16), np.float16, (1, 2, 3, 1, 2)),
        ([np.float64(1.0)], np.float64, (1,)),
    ],
)
def test_dtypes_of_what_is_given(value: Any, dtype: Any, shape: tuple[int, ...]) -> None:
    for make in (Tensor, ad.asarray, Variable):
        x = make(value)
        assert (x.dtype, x.shape, x.ndim, x.device) == (dtype, shape, len(shape), "cpu")


def test_asked_for_dtypes() -> None:
    assert Tensor([1, 2], np.float16).dtype == np.float16
    assert ad.asarray([1.0], dtype="float64").dtype == np.float64
    assert Variable(1, dtype="float32").dtype == np.float32
    assert float(ad.asarray(0.1, dtype="float64")) == 0.1


@pytest.mark.parametrize("bad", ["a", None, object(), ["a"], np.array(["a"]), {1: 2}])
def test_what_is_no_array_is_refused(bad: Any) -> None:
    with pytest.raises(TypeError, match="cannot make a Tensor"):
        Tensor(bad)


def test_promotion_follows_the_array_api() -> None:
    half, single, double = (ad.ones(2, dtype=d) for d in ("float16", "float32", "float64"))
    assert (single * 2.5).dtype == np.float32
    assert (2.5 * half).dtype == np.float16
    assert (half + single).dtype == np.float32
    assert (single + double).dtype == np.float64
    assert (single * np.float64(2.0)).dtype == np.float64  # NumPy's scalars are strong
    assert (single * np.float32(2.0)).dtype == np.float32
    assert (single / 3).dtype == np.float32
    assert (single**2).dtype == np.float32
    assert ad.mean(single).dtype == np.float32
    assert ad.where(single > 0, 1.0, 0.0).dtype == np.float32


@given(st.sampled_from([np.float16, np.float32, np.float64]))
def test_gradients_keep_the_dtype_of_their_source(dtype: Any) -> None:
    x, other = Variable(np.ones(3, dtype)), np.ones((2, 3))
    with ad.GradientTape() as tape:
        y = ad.sum(x * other) + ad.mean(x.astype("float64")) + ad.concat([x, other[0]])[0]
    assert y.dtype == np.float64
    g = tape.gradient(y, x)
    assert g.dtype == dtype
    np.testing.assert_allclose(g.numpy(), [2 + 1 / 3 + 1, 2 + 1 / 3, 2 + 1 / 3], rtol=1e-2)


def test_small_integers_wrap_without_a_word() -> None:
    x = ad.asarray(np.int8(127)) + ad.asarray(np.int8(1))
    assert int(x) == -128


def test_values_are_copies() -> None:
    data = np.zeros(3)
    x, v = ad.asarray(data), Variable(data)
    data[0] = 9
    x.numpy()[1] = 9
    np.asarray(x)[1] = 9
    v.numpy()[1] = 9
    assert x.tolist() == v.tolist() == [0.0, 0.0, 0.0]
    view = np.asarray(x, copy=False)
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 1


def test_conversions() -> None:
    x = ad.asarray([[2.0]])
    assert (float(x), int(x), bool(x), complex(x), x.item()) == (2.0, 2, True, 2 + 0j, 2.0)
    assert [10, 20][ad.asarray(1)] == 20
    assert f"{ad.asarray(0.7311):.2f}" == "0.73"
    with pytest.raises(TypeError, match="float32"):
        [1][ad.asarray(0.0)]
    with pytest.raises(TypeError, match=r"shape \(2,\) is no float"):
        float(ad.ones(2))
    with pytest.raises(ValueError, match="ambiguous"):
        bool(ad.ones(2))
    with pytest.raises(TypeError, match="0-d"):
        len(ad.asarray(1.0))
    assert [r.tolist() for r in ad.asarray([[1, 2], [3, 4]])] == [[1, 2], [3, 4]]


def test_lists_that_hold_tensors_are_stacked_and_recorded() -> None:
    x = Variable(2.0)
    with ad.GradientTape() as tape:
        y = ad.asarray([[x, 1.0], [x * x, x]])
    assert y.tolist() == [[2.0, 1.0], [4.0, 2.0]]
    assert float(tape.gradient(y, x)) == 6.0
    with pytest.raises(TypeError, match=r"ad\.stack"):
        Tensor([x])


def test_a_recorded_tensor_is_not_cut_off_by_accident() -> None:
    x = Variable(2.0)
    with ad.GradientTape():
        y = x * x
        with pytest.raises(TypeError, match="stop_gradient"):
            Tensor(y)
        assert ad.asarray(y) is y
    with ad.GradientTape() as tape:
        z = ad.stop_gradient(x * x) * x
    assert float(tape.gradient(z, x)) == 4.0


def test_assign() -> None:
    v = Variable([1.0, 2.0], name="v")
    assert v.assign([3, 4]) is v
    v.assign_add(1.0).assign_sub([0.5, 1.0])
    assert v.tolist() == [3.5, 4.0]
    assert v.dtype == np.float32
    with pytest.raises(ValueError, match=r"'v' has shape \(2,\); given shape \(3,\)"):
        v.assign([1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match="complex"):
        v.assign([1j, 0])
    with pytest.raises(TypeError, match="float32"):
        Variable([1]).assign([1.5])
    assert v.tolist() == [3.5, 4.0]


@pytest.mark.parametrize("value", [0.1, [0.1, 0.2], 1 / 3, 2**53 - 1, 1e300])
def test_python_numbers_take_the_dtype_of_the_variable(value: Any) -> None:
    v = Variable(np.zeros_like(value, np.float64))
    in_program = Variable(v)

    @ad.function
    def assign() -> None:
        in_program.assign(value)

    v.assign(value)
    for _ in range(2):
        assign()
    for assigned in (v, in_program):
        assert assigned.tolist() == value
        assert assigned.dtype == np.float64


@pytest.mark.host
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64"])
def test_a_whole_number_cast_to_floats_is_a_scalar_like_all_of_them(dtype: str) -> None:
    """Powers of 0-d arrays and of scalars differ in their last bits, and programs hold scalars."""
    x = ad.astype(Variable(7), dtype)
    assert type(x._data) is np.dtype(dtype).type
    if dtype == "float64":
        assert float(1.3**x) == float(
            ad.function(lambda k: 1.3 ** ad.astype(k, dtype))(np.int64(7))
        )


def test_item_assignment() -> None:
    x = ad.zeros((2, 3))
    x[0, 1] = 5
    x[1] = [1.0, 2.0, 3.0]
    assert x.tolist() == [[0, 5, 0], [1, 2, 3]]
    v = Variable([1.0, 2.0])
    with pytest.raises(TypeError, match="assign"):
        v[0] = 1.0
    with ad.GradientTape() as tape:
        tape.watch(x)
        with pytest.raises(TypeError, match=r"ad\.copy"):
            x[0] = 1.0
        y = ad.copy(x)
        y[0] = v[0] * 3
        y[1, 1:] *= v[1]
    gx, gv = tape.gradient(y, [x, v])
    assert gx.tolist() == [[0, 0, 0], [1, 2, 2]]
    assert gv.tolist() == [9.0, 5.0]
    with pytest.raises(ValueError, match="twice"):
        y[np.array([0, 0])] = 1.0


def test_naive_loops_of_the_lecture() -> None:
    """relu, add, dot, matrix-vector and matrix-matrix by loops, beside the vectorised forms."""
    rng = np.random.default_rng(0)
    a, b = ad.asarray(rng.normal(size=(3, 4))), ad.asarray(rng.normal(size=(4, 2)))
    relu, product = ad.copy(a), ad.zeros((3, 2), dtype="float64")
    for i in range(3):
        for j in range(4):
            relu[i, j] = max(a[i, j], 0)
        for j in range(2):
            for k in range(4):
                product[i, j] += a[i, k] * b[k, j]
    np.testing.assert_array_equal(relu.numpy(), ad.relu(a).numpy())
    np.testing.assert_allclose(product.numpy(), (a @ b).numpy(), rtol=1e-14)


def test_numpy_functions_are_recorded_or_refused() -> None:
    x = Variable(np.array([[0.5, 1.0]]))
    with ad.GradientTape() as tape:
        y = np.sum(np.tanh(x) * np.ones((3, 1)), axis=0)
        z = np.concatenate([y, np.float64(1.0) * y])
    assert isinstance(z, Tensor)
    np.testing.assert_allclose(tape.gradient(z, x).numpy(), 6 / np.cosh(x.numpy()) ** 2)
    with pytest.raises(TypeError, match=r"np\.unwrap of a Tensor: it has no rule"):
        np.unwrap(x)
    with pytest.raises(TypeError, match=r"np\.hypot\.reduce of a Tensor"):
        np.hypot.reduce(x)
    with pytest.raises(TypeError, match="'out'"):
        np.exp(x, out=np.zeros((1, 2)))


def test_array_on_the_left() -> None:
    x = Variable(np.arange(3.0))
    with ad.GradientTape() as tape:
        y = np.ones((2, 3)) * x + np.eye(3)[:2] @ (x - 1)[:, None]
    assert isinstance(y, Tensor)
    assert y.shape == (2, 3)
    assert tape.gradient(y, x).tolist() == [5.0, 5.0, 2.0]


def test_copies_and_pickles() -> None:
    x, v = ad.asarray([1.0]), Variable([1.0], name="v", trainable=False)
    for duplicate in (copy.copy, copy.deepcopy):
        other = duplicate(x)
        x[0] = 9.0  # rebinds x alone
        assert (other.tolist(), x.tolist()) == ([1.0], [9.0])
        x[0] = 1.0
    twin = copy.deepcopy(v)
    twin.assign([2.0])
    assert (v.tolist(), twin.name, twin.trainable) == ([1.0], "v", False)
    again = pickle.loads(pickle.dumps(v))
    assert (again.tolist(), again.name, again.trainable) == ([1.0], "v", False)
    assert pickle.loads(pickle.dumps(x)).tolist() == [1.0]


def test_text() -> None:
    assert repr(ad.asarray(0.5)) == "Tensor(0.5, dtype=float32)"
    assert repr(Variable([1, 2], name="n")) == "Variable([1, 2], dtype=int64, name='n')"


def test_transposes() -> None:
    x = ad.asarray(np.arange(24.0).reshape(2, 3, 4))
    assert (x.T.shape, x.mT.shape) == ((4, 3, 2), (2, 4, 3))
    with pytest.raises(ValueError, match="matrix"):
        _ = ad.ones(3).mT


def test_complex_values_as_data() -> None:
    x = ad.asarray(np.array([1 + 1e-20j]))
    y = ad.exp(x) * ad.sin(x)
    assert y.numpy().imag[0] / 1e-20 == pytest.approx(np.e * (np.sin(1) + np.cos(1)), rel=1e-15)
