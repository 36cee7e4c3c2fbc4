"""Traps of compiling what was recorded, each once: small programs that are easy to get wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.flat.plan._buffers import LONG, PIECE
from optim import SGD, Adam

from .agreement import Program, assert_agree

A = np.arange(6, dtype=np.float32).reshape(2, 3)
ROWS = [[A], [A + 1], [-A]]
#: four pieces, the last of which is short
FOUR = np.ones(3 * PIECE + 100, np.float32)


def with_variables(f: Callable[..., Any], *values: Any) -> Callable[[], Program]:
    """A program whose function gets Variables before its arguments."""

    def build() -> Program:
        vs = [ad.Variable(x) for x in values]
        return (lambda *args: f(*vs, *args)), vs

    return build


def swap(v: Any, w: Any, x: Any) -> None:
    old = ad.copy(v)
    v.assign(w)
    w.assign(old)


def swap_changed(v: Any, w: Any, x: Any) -> None:
    old = ad.copy(v)
    v.assign(w - x)
    w.assign(old)


def rotate_views(v: Any, w: Any, x: Any) -> None:
    old = ad.reshape(v, (6,))
    v.assign(ad.abs(w) + x)
    w.assign(ad.reshape(old[::-1], (2, 3)))


def same_for_both(v: Any, w: Any, x: Any) -> None:
    v.assign(ad.square(x))
    w.assign(ad.square(x))


def read_between(v: Any, w: Any, x: Any) -> Any:
    first = v * x
    v.assign_add(x)
    second = v * x
    v.assign(w)
    w.assign_add(v)
    return first, second, v + w, v.T


def its_own_view(v: Any, w: Any, x: Any) -> Any:
    v.assign(ad.reshape(v, (6,))[::-1].reshape((2, 3)))
    w.assign(w[::-1])
    return v[0]


def view_of_a_step(v: Any, w: Any, x: Any) -> None:
    between = v + x
    v.assign(ad.broadcast_to(ad.sum(w), v.shape))
    w.assign(between[::-1])


@pytest.mark.parametrize(
    "f",
    [swap, swap_changed, rotate_views, same_for_both, read_between, its_own_view, view_of_a_step],
)
@pytest.mark.parametrize("dtype", ["float16", "float32", "int64"])
def test_assignments(f: Callable[..., Any], dtype: str) -> None:
    calls = [[x.astype(dtype) for x in row] for row in ROWS]
    assert_agree(with_variables(f, A.astype(dtype), (A + 5).astype(dtype)), calls)


def put_of_itself(v: Any, x: Any) -> None:
    y = ad.copy(x)
    y[0] = v[1]
    v.assign(y)


OF_ITSELF: dict[str, Callable[[Any, Any], Any]] = {
    "rolled": lambda v, x: v.assign(ad.concat([v[1:], v[:1]], axis=0)),
    "stacked": lambda v, x: v.assign(ad.stack([v[1], v[2], v[0]])),
    "put": put_of_itself,
    "scattered by slices": lambda v, x: v.assign(ad.scatter(v[1:], (slice(0, 2),), (3, 3))),
    "scattered by integers": lambda v, x: v.assign(ad.scatter(v[1:], ([2, 0],), (3, 3))),
    "taken": lambda v, x: v.assign(v[[2, 0, 1]]),
    "matrix product": lambda v, x: v.assign(v @ v),
    "transposed": lambda v, x: v.assign(v.T - x),
    "chosen argument": lambda v, x: v.assign(ad.where(v > 0, x, 0.0)),
    "chosen argument or itself": lambda v, x: v.assign(ad.where(v > 0, x, v)),
    "chosen itself or argument": lambda v, x: v.assign(ad.where(v > 0, v, x)),
    "chosen view": lambda v, x: v.assign(ad.where(v > 0, v.T, x)),
    "chosen by a view": lambda v, x: v.assign(ad.where(v.T > 0, x, v.T)),
}


@pytest.mark.parametrize("change", OF_ITSELF)
def test_assigned_what_reads_the_old_value(change: str) -> None:
    square = np.arange(-4, 5, dtype=np.float32).reshape(3, 3)

    def f(v: Any, x: Any) -> None:
        OF_ITSELF[change](v, x)

    assert_agree(with_variables(f, square), [[square.T + k] for k in range(3)])


def test_masks_chosen_by_themselves() -> None:
    square = np.arange(9, dtype=np.float32).reshape(3, 3) % 4

    def f(x: Any, b: Any) -> Any:
        c = x * 2 > 3
        return ad.where(c.T, b, c) & True, ad.where(b, c, c.T) | False

    calls = [[square + k, square > k] for k in range(3)]
    assert_agree(lambda: (f, []), calls)


@pytest.mark.parametrize("index", [True, False, (1, True), (True, 1), np.True_, (..., False)])
def test_a_truth_value_as_an_index(index: Any) -> None:
    def f(x: Any) -> Any:
        with ad.GradientTape() as tape:
            tape.watch(x)
            y = x[index] * x[1, 1]
            z = ad.copy(x)
            z[index] = y
        return y, z, x[1], tape.gradient(y, x)

    assert_agree(lambda: (f, []), [[ad.Tensor(row[0])] for row in ROWS])


def test_a_number_assigned_to_two_variables() -> None:
    def f(v: Any, w: Any, x: Any) -> None:
        n = v + x
        v.assign(n)
        w.assign(n)
        v.assign_add(1)

    for start in (0, 1.5):
        calls = [[ad.Tensor(type(start)(k))] for k in range(3)]
        assert_agree(with_variables(f, start, start), calls)


def test_an_element_of_a_buffer_assigned() -> None:
    """A number must be out of the buffer when the program ends: another thread may write there."""

    def f(v: Any, x: Any) -> Any:
        y = ad.tanh(x) * 2
        v.assign(ad.reshape(y[:1], ()))
        return ad.sum(y)

    assert_agree(with_variables(f, np.float32(1)), [[A[0] + k] for k in range(3)])


def test_an_assignment_cuts_gradients() -> None:
    def f(v: Any, w: Any, x: Any) -> Any:
        with ad.GradientTape() as tape:
            v.assign_add(ad.tanh(w) * x)
            y = ad.sum(v * v * w)
        return tape.gradient(y, [v, w])

    assert_agree(with_variables(f, A, A + 1), ROWS)


def test_gradients_stay_within_their_tape() -> None:
    def f(v: Any, x: Any) -> Any:
        y = -v
        with ad.GradientTape() as tape:
            tape.watch(y)
            z = ad.sum(y * y * v * x)
        return tape.gradient(z, [y, v])

    assert_agree(with_variables(f, A), ROWS)


def test_a_condition_of_one_number() -> None:
    def f(x: Any, y: Any) -> Any:
        x = ad.asarray(x)
        with ad.GradientTape() as tape:
            tape.watch(x)
            z = ad.where(x < y, 2 * x, 0.0)
        return z, tape.gradient(z, x)

    assert_agree(lambda: (f, []), [[np.float32(k), np.float32(2)] for k in (1, 3, 1)])


def test_elements_of_a_buffer() -> None:
    def f(v: Any, x: Any) -> Any:
        y = x * x
        with ad.GradientTape() as tape:
            z = ad.copy(y)
            z[0, 0] = v
            total = ad.sum(z * z)
        return y[1, 2] + y[0, 1], tape.gradient(total, v)

    assert_agree(with_variables(f, np.float32(1.5)), ROWS)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, -0.0])
def test_numbers_without_a_literal(value: float) -> None:
    full = ad.Tensor(np.full((2, 3), value, np.float32))

    def f(x: Any) -> Any:
        return ad.where(ad.asarray(x) > 2, x, value), x + full, ad.asarray(x) * value, full

    assert_agree(lambda: (f, []), ROWS)


def test_zeros_of_both_signs() -> None:
    zeros = ad.Tensor(np.array([0.0, -0.0, 0.0], np.float32))
    assert_agree(lambda: ((lambda x: 1 / (x * zeros)), []), [[A + 1]] * 3)


@pytest.mark.parametrize("shape", [(0,), (3, 0, 2), (0, 2)])
def test_constants_of_no_elements(shape: tuple[int, ...]) -> None:
    empty = ad.zeros(shape)
    x = np.ones(shape, np.float32)
    assert_agree(lambda: ((lambda x: (x + empty, empty, ad.sum(x, axis=-1))), []), [[x]] * 3)


def test_integers_wrap_around() -> None:
    def f(x: Any) -> Any:
        x = ad.asarray(x)
        return x * x + x, ad.sum(x) * ad.sum(x), -x, ad.sum(x, axis=None)

    for dtype in ("int8", "uint8", "int64"):
        big = np.iinfo(dtype).max // 2
        assert_agree(lambda: (f, []), [[np.array([big, 3 + k], dtype)] for k in range(3)])
    assert_agree(lambda: ((lambda x: x * x), []), [[np.array(2**62 + k)] for k in range(3)])


def test_arrays_of_other_kinds(tmp_path: Path) -> None:
    A.tofile(tmp_path / "a")
    mapped = np.memmap(tmp_path / "a", np.float32, "r", shape=(2, 3))
    f = ad.function(lambda x: ad.sum(ad.asarray(x) * 2.0, axis=0))
    for x in (mapped, A, A.astype(">f4"), np.repeat(A, 2, axis=1)[:, ::2], mapped):
        np.testing.assert_array_equal(f(x).numpy(), A.sum(0) * 2)


def test_updates_in_pieces_keep_the_gradients_of_later_pieces() -> None:
    # Adam's last temporaries begin when the gradients have been read: in this piece, not in all
    def build() -> Program:
        optimizer, w, b = Adam(), ad.Variable(FOUR), ad.Variable(np.ones(10, np.float32))

        def step(x: Any) -> None:
            with ad.GradientTape() as tape:
                loss = ad.sum(w * x) * ad.sum(b)
            optimizer.apply_gradients(zip(tape.gradient(loss, [w, b]), [w, b], strict=True))

        optimizer.apply_gradients([(ad.zeros_like(v), v) for v in (w, b)])
        return step, [w, b, *optimizer.variables]

    rng = np.random.default_rng(0)
    assert_agree(build, [[rng.normal(size=FOUR.shape).astype(np.float32)] for _ in range(3)])


@pytest.mark.parametrize("number", [0.0, 0.5])
def test_all_operations_on_very_long_vectors_may_be_made_in_pieces(number: float) -> None:
    """A result, a Variable's new value, what is kept for the backward pass, and what is not cut."""
    v = np.linspace(-1, 1, LONG * PIECE + 100, dtype=np.float32)

    def f(w: ad.Variable, x: Any) -> Any:
        with ad.GradientTape() as tape:
            h = ad.maximum(x * 2.0 + w, number) * w - x
            loss = ad.sum(ad.where(h > 0.1, h, x) * h)
        gradient = tape.gradient(loss, w)
        w.assign_add(0.1 * x - 0.5 * w * w)
        return h, gradient, loss

    calls = [[v], [v[::-1].copy()], [v * 0.5]]
    assert_agree(with_variables(f, v), calls)
    flat = ad.function(f, fuse=False)
    assert "for i in range(" in flat._runner((ad.Variable(v), v), {}).text


def test_powers_of_negative_numbers() -> None:
    calls = [[np.float32(k)] for k in (2, 3, 0.5)]
    assert_agree(
        lambda: ((lambda x: (-(2.0 ** ad.asarray(x)), (-2.0) ** ad.asarray(x))), []), calls
    )


def test_complex_numbers_cast_to_their_real_parts() -> None:
    z = np.array([1 + 2j, -1j], np.complex64)

    def f(z: Any) -> Any:
        return ad.astype(z, "float32"), ad.astype(z[0], "float64"), ad.astype(z * 1, "float32") + 1

    assert_agree(lambda: (f, []), [[z], [z * 2], [z + 1]])


@pytest.mark.parametrize("name", ["f", "np", "range", "sum", "arena", "<lambda>", "while"])
def test_names_that_the_text_uses_itself(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autodiff.flat.plan._buffers.PIECE", 2)
    monkeypatch.setattr("autodiff.flat.text._text.PIECE", 2)

    def build() -> Program:
        vs = [ad.Variable(A[0] + len(k), name=k) for k in ("w", "w_i", "arena", "range", "np", "i")]
        optimizer = SGD(0.1, momentum=0.5)

        def f(i: Any, np: Any, arena: Any) -> Any:
            optimizer.apply_gradients([(ad.sin(v) * i + np, v) for v in vs])
            return ad.where(i > arena, i, np)

        f.__name__ = name
        return f, [*vs, *optimizer.variables]

    assert_agree(build, [[A[0], A[1], A[0] - k] for k in range(3)])


def test_a_gradient_in_two_vectors() -> None:
    """Formulas whose groups need one gradient in different places, after the first has used it."""

    def build() -> Program:
        vs = [ad.Variable(A[0] + k) for k in range(2)]
        ms = [ad.Variable(A[1] - k) for k in range(2)]

        def f(x: Any) -> None:
            with ad.GradientTape() as tape:
                loss = ad.sum(ad.tanh(vs[0] * vs[1]) * x)
            gs = tape.gradient(loss, vs)
            for m, g in zip(ms, gs, strict=True):
                m.assign(0.5 * m - 0.1 * g)
            for v, m, g in zip(vs[::-1], ms[::-1], gs, strict=True):
                v.assign(v - 0.3 * g + m)

        return f, [*vs, *ms]

    assert_agree(build, [[A[0]], [A[1]], [A[0] - 1], [A[1]]])


@pytest.mark.parametrize(
    "index",
    [
        (..., None),
        (0,),
        (slice(None, None, -1), 1),
        ([0, 1, 0],),
        (slice(None), [2, 0]),
        ([1, 0], slice(None), None),
        (None, [1, 1], ..., 2),
        (A > 2,),
        (True,),
    ],
)
def test_jacobians_of_parts(index: Any) -> None:
    def f(x: Any) -> Any:
        with ad.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x[index] * ad.sum(x)
            z = ad.copy(x)
            z[0] = x[1] * x[0]
        return tape.jacobian(y, x), tape.jacobian(z, x)

    assert_agree(lambda: (f, []), [[ad.Tensor(A + k)] for k in range(3)])
