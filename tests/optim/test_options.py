"""What all optimizers take: clipping, decay, rates of their own, running means."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
from autodiff.testing import strategies
from optim import SGD, Adam, AdamW, Optimizer

limits = st.floats(1e-3, 10.0)
shapes = st.lists(strategies.shapes(), min_size=1, max_size=3)
seeds = st.integers(0, 2**32 - 1)


def moved(gradients: list[Any], **options: Any) -> list[Any]:
    """The gradients as SGD takes them: how far it moves from zero at rate 1, backwards."""
    variables = [ad.Variable(np.zeros_like(g)) for g in gradients]
    SGD(1.0, **options).apply_gradients(zip(gradients, variables, strict=True))
    return [-v.numpy() for v in variables]


def draw(some: list[tuple[int, ...]], seed: int, scale: float = 3.0) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.normal(size=s) * scale) for s in some]


def norm(arrays: list[Any]) -> float:
    return math.sqrt(sum(float((a**2).sum()) for a in arrays))


@given(shapes=shapes, seed=seeds, limit=limits)
def test_clipped_by_value_every_element_stays_within(
    shapes: list[tuple[int, ...]], seed: int, limit: float
) -> None:
    gradients = draw(shapes, seed)
    for g, got in zip(gradients, moved(gradients, clipvalue=limit), strict=True):
        assert np.array_equal(got, np.clip(g, -limit, limit))


@given(shapes=shapes, seed=seeds, limit=limits)
def test_clipped_by_norm_each_keeps_its_direction(
    shapes: list[tuple[int, ...]], seed: int, limit: float
) -> None:
    gradients = draw(shapes, seed)
    for g, got in zip(gradients, moved(gradients, clipnorm=limit), strict=True):
        size = norm([g])
        if size <= limit:
            assert np.array_equal(got, g)
        else:
            assert norm([got]) == pytest.approx(limit)
            assert got == pytest.approx(g * (limit / size))


@given(shapes=shapes, seed=seeds, limit=limits)
def test_clipped_by_their_common_norm_all_keep_their_proportions(
    shapes: list[tuple[int, ...]], seed: int, limit: float
) -> None:
    gradients = draw(shapes, seed)
    got, size = moved(gradients, global_clipnorm=limit), norm(gradients)
    assert norm(got) <= limit * (1 + 1e-12)
    for g, x in zip(gradients, got, strict=True):
        assert x == pytest.approx(g * min(1.0, limit / size) if size else g)


def test_nothing_is_scaled_where_all_gradients_are_zero() -> None:
    for option in ("clipnorm", "global_clipnorm", "clipvalue"):
        assert moved([np.zeros(3), np.zeros(())], **{option: 1.0})[0].tolist() == [0.0] * 3


def test_one_gradient_that_is_not_finite_spoils_all_of_a_common_norm() -> None:
    for bad in (math.inf, math.nan):
        got = moved([np.array([1.0, bad]), np.array([1.0])], global_clipnorm=1.0)
        assert all(np.isnan(g).all() for g in got)
        with np.errstate(invalid="ignore"):
            alone = moved([np.array([1.0, bad]), np.array([1.0])], clipnorm=1.0)
        assert np.isfinite(alone[1]).all()


def test_norms_of_half_precision_do_not_overflow() -> None:
    g = np.full(4, 300.0, np.float16)  # its square is past float16's end
    (got,) = moved([g], clipnorm=2.0)
    assert got.dtype == np.float16
    assert got.tolist() == [1.0] * 4
    (together,) = moved([g], global_clipnorm=2.0)
    assert together.tolist() == [1.0] * 4


def test_one_norm_spans_dtypes() -> None:
    a, b = moved([np.array([3.0], np.float32), np.array([4.0])], global_clipnorm=1.0)
    assert (a.dtype, b.dtype) == (np.float32, np.float64)
    assert a == pytest.approx([0.6], rel=1e-6)
    assert b == pytest.approx([0.8], rel=1e-12)


# -- decay and rates ---------------------------------------------------------------------------


def trio() -> list[ad.Variable]:
    names = ("dense/kernel", "dense/bias", "norm/gamma")
    return [ad.Variable([1.0], dtype="float64", name=n) for n in names]


def zero_gradients(optimizer: Optimizer, variables: list[ad.Variable]) -> list[float]:
    optimizer.apply_gradients([([0.0], v) for v in variables])
    return [float(v) for v in variables]


def test_decay_is_apart_from_the_gradient() -> None:
    """Adam would rescale a decay that were part of the gradient; alone, η and λ decide."""
    assert zero_gradients(Adam(0.1, weight_decay=0.5), trio()) == pytest.approx([0.95] * 3)
    assert zero_gradients(AdamW(0.1), trio()) == pytest.approx([1 - 0.1 * 0.004] * 3)


def test_variables_are_excluded_from_decay_by_name_or_in_person() -> None:
    variables = trio()
    by_name, in_person, both = (SGD(0.1, weight_decay=1.0) for _ in range(3))
    by_name.exclude_from_weight_decay(var_names=["bias", "^norm/"])
    in_person.exclude_from_weight_decay(var_list=[variables[0]])
    both.exclude_from_weight_decay(var_names=["bias"])
    both.exclude_from_weight_decay([variables[2]], ["kernel"])  # the last call counts
    assert zero_gradients(by_name, trio()) == [0.9, 1.0, 1.0]
    assert zero_gradients(in_person, variables) == [1.0, 0.9, 0.9]
    for v in variables:
        v.assign([1.0])
    assert zero_gradients(both, variables) == [1.0, 0.9, 1.0]


@pytest.mark.parametrize("make", [SGD, lambda rate, **more: SGD(lambda t: rate, **more)])
def test_biases_may_learn_twice_as_fast(make: Any) -> None:
    """Caffe's lr_mult, 1 for weights and 2 for biases; the decay follows the rate."""
    variables = trio()
    optimizer = make(0.1, weight_decay=1.0)
    optimizer.multiply_learning_rate(2.0, var_names=["bias"])
    optimizer.multiply_learning_rate(5.0, var_list=[variables[2]])
    optimizer.multiply_learning_rate(0.0, var_names=["gamma"])  # the last call counts
    optimizer.apply_gradients([([3.0], v) for v in variables])
    assert [float(v) for v in variables] == pytest.approx([0.9 - 0.3, 0.8 - 0.6, 1.0])


def test_a_multiplied_rate_is_that_rate_for_every_formula() -> None:
    for kind in (SGD, Adam, AdamW):
        a, b = ad.Variable([1.0, 2.0]), ad.Variable([1.0, 2.0])
        fast, plain = kind(0.3), kind(0.1)
        plain.multiply_learning_rate(3.0, [b])
        for g in ([1.0, -2.0], [0.5, 0.1]):
            fast.apply_gradients([(g, a)])
            plain.apply_gradients([(g, b)])
        assert a.numpy() == pytest.approx(b.numpy(), rel=1e-6)


# -- running means -----------------------------------------------------------------------------


def test_means_follow_parameters_that_get_no_gradient_too() -> None:
    a, b = ad.Variable([0.0], name="a"), ad.Variable([8.0], name="b")
    optimizer = SGD(1.0, use_ema=True, ema_momentum=0.5)
    optimizer.build([a, b])
    optimizer.apply_gradients([([-4.0], a)])  # the mean begins here
    b.assign([0.0])
    optimizer.apply_gradients([([-4.0], a)])
    assert [v.name for v in optimizer.state.means.values()] == ["a/average", "b/average"]
    optimizer.finalize_variable_values([a, b])
    assert (a.tolist(), b.tolist()) == ([6.0], [4.0])


def test_who_joins_later_begins_with_what_it_is() -> None:
    a, b = ad.Variable([0.0]), ad.Variable([10.0])
    optimizer = SGD(1.0, use_ema=True, ema_momentum=0.5)
    for _ in range(2):
        optimizer.apply_gradients([([0.0], a)])
    optimizer.apply_gradients([([0.0], a), ([4.0], b)])
    optimizer.finalize_variable_values([b])
    assert b.tolist() == [8.0]  # half of 10, half of 6


def test_parameters_take_their_means_every_so_many_steps() -> None:
    w = ad.Variable([0.0])
    optimizer = SGD(1.0, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2)
    seen = []
    for _ in range(4):
        optimizer.apply_gradients([([-4.0], w)])
        seen += w.tolist()
    assert seen == [4.0, 6.0, 10.0, 11.0]


def test_means_are_asked_for_only_where_they_are_kept() -> None:
    w = ad.Variable([1.0], name="w")
    SGD(1.0).finalize_variable_values([w])
    assert w.tolist() == [1.0]
    with pytest.raises(ValueError, match="'w' has no running mean"):
        SGD(1.0, use_ema=True).finalize_variable_values([w])


# -- arguments ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"clipnorm": 1.0, "clipvalue": 1.0}, ValueError, "got clipnorm and clipvalue"),
        ({"clipnorm": 0.0}, ValueError, "clipnorm must be a finite number above 0, got 0"),
        ({"global_clipnorm": -1}, ValueError, "global_clipnorm must be"),
        ({"clipvalue": "1"}, TypeError, "clipvalue must be a number, got '1'"),
        ({"weight_decay": -0.1}, ValueError, "weight_decay must be a finite number from 0 up"),
        ({"ema_momentum": 1.5}, ValueError, "ema_momentum must be .* from 0 to 1"),
        ({"ema_overwrite_frequency": 0}, ValueError, "ema_overwrite_frequency must be .* 1 up"),
        ({"ema_overwrite_frequency": 1.5}, ValueError, "must be a whole number, got 1.5"),
        ({"decay": 0.1}, TypeError, "unexpected keyword argument 'decay'"),
    ],
)
def test_wrong_options_are_named(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    for kind in (SGD, Adam):
        with pytest.raises(error, match=message):
            kind(0.1, **options)


def test_choices_are_checked() -> None:
    optimizer = SGD(0.1)
    for method in (
        optimizer.exclude_from_weight_decay,
        lambda *args, **kwargs: optimizer.multiply_learning_rate(2.0, *args, **kwargs),
    ):
        with pytest.raises(ValueError, match="no Variables are chosen"):
            method()
        with pytest.raises(TypeError, match="must be a list of patterns, got 'bias'"):
            method(var_names="bias")
        with pytest.raises(TypeError, match="must hold Variables, got 'bias'"):
            method(["bias"])  # type: ignore[list-item]
        with pytest.raises(ValueError, match=r"'\(' is no regular expression"):
            method(var_names=["("])
    with pytest.raises(ValueError, match="factor must be"):
        optimizer.multiply_learning_rate(-1.0, var_names=["bias"])


def test_what_programs_hold_is_fixed_from_the_first_step_on() -> None:
    optimizer = SGD(0.1, momentum=0.5, weight_decay=0.1)
    optimizer.momentum = 0.0
    optimizer.apply_gradients([(1.0, ad.Variable(1.0))])
    assert len(optimizer.variables) == 2
    for change in (
        lambda: setattr(optimizer, "momentum", 0.9),
        lambda: setattr(optimizer, "weight_decay", None),
        lambda: optimizer.exclude_from_weight_decay(var_names=["bias"]),
        lambda: optimizer.multiply_learning_rate(2.0, var_names=["bias"]),
    ):
        with pytest.raises(ValueError, match="too late"):
            change()
    optimizer.learning_rate = 0.5
    optimizer.remark = "mine"


@given(seed=seeds, n=st.integers(2, 5), batches=st.integers(1, 12))
def test_gathered_gradients_are_one_of_a_larger_batch(seed: int, n: int, batches: int) -> None:
    """In flat programs of their own, and in one of the caller's."""
    gradients = draw([(batches, 3)], seed)[0]
    w, often, seldom = (ad.Variable(np.zeros(3)) for _ in range(3))
    gathers, joined = (Adam(0.1, gradient_accumulation_steps=n) for _ in range(2))
    plain = Adam(0.1)
    step = ad.function(lambda g: joined.apply_gradients([(g, often)]))
    for k, g in enumerate(gradients, 1):
        gathers.apply_gradients([(g, w)])
        step(g)
        if k % n == 0:
            plain.apply_gradients([(gradients[k - n : k].mean(axis=0), seldom)])
        assert w.numpy() == pytest.approx(seldom.numpy(), rel=1e-12, abs=1e-12)
        assert np.array_equal(often.numpy(), w.numpy())
        assert int(gathers.iterations) == int(plain.iterations) == k // n


def test_a_schedule_counts_what_is_gathered() -> None:
    w = ad.Variable(0.0)
    optimizer = SGD(lambda t: 1.0 * t, gradient_accumulation_steps=3)
    for _ in range(6):
        optimizer.apply_gradients([(-1.0, w)])
    assert float(w) == 2.0 + 5.0


def test_one_gradient_is_not_gathered() -> None:
    with pytest.raises(ValueError, match=r"gradient_accumulation_steps must be .* from 2 up"):
        SGD(gradient_accumulation_steps=1)


def test_who_has_no_gradient_this_time_begins_anew_after_the_step() -> None:
    w, v = ad.Variable(0.0), ad.Variable(0.0)
    optimizer = SGD(1.0, gradient_accumulation_steps=2)
    optimizer.build([w, v])
    optimizer.apply_gradients([(1.0, w), (1.0, v)])
    optimizer.apply_gradients([(1.0, w)])
    assert (float(w), float(v)) == (-1.0, 0.0)
    for _ in range(2):
        optimizer.apply_gradients([(1.0, w), (1.0, v)])
    assert (float(w), float(v)) == (-2.0, -1.0)
