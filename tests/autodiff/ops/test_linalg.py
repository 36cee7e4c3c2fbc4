"""Linear algebra: NumPy's values by both names, gradients of complex matrices, edges, programs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.testing import check_gradients
from tests.autodiff.flat.agreement import assert_agree

L = ad.linalg
random = np.random.default_rng(0)
R = random.normal(size=(2, 4, 3))
S = random.normal(size=(2, 3, 3)) + 4 * np.eye(3)
Z = S + 1j * random.normal(size=S.shape)
W = R + 1j * random.normal(size=R.shape)
H = np.diag([1.0, 3.0, 5.0]) + 0.2 * (W[0, :3] + W[0, :3].conj().T)
T = random.normal(size=(6, 3, 2)) + np.eye(6).reshape(6, 3, 2) * 3
V, U = random.normal(size=(2, 5))


def test_names_of_the_standard() -> None:
    standard = (
        "cholesky cross det diagonal eigh eigvalsh inv matmul matrix_norm matrix_power matrix_rank "
        "matrix_transpose outer pinv qr slogdet solve svd svdvals tensordot trace vecdot "
        "vector_norm"
    )
    for name in standard.split():
        assert callable(getattr(L, name)), name
    for name in ("matmul", "matrix_transpose", "tensordot", "vecdot"):
        assert getattr(ad, name) is getattr(L, name)


def test_eigenvalues_are_complex() -> None:
    x: Any = S[0]
    values: Any
    for values in (np.linalg.eigvals(ad.Tensor(x)), np.linalg.eig(ad.Tensor(x))[0]):
        assert values.dtype == np.complex128
        np.testing.assert_allclose(
            np.sort_complex(values.numpy()), np.sort_complex(np.linalg.eigvals(x)), atol=1e-12
        )
    w, v = L.eig(x)
    np.testing.assert_allclose(x @ v.numpy(), v.numpy() * w.numpy(), atol=1e-12)


# -- gradients -------------------------------------------------------------------------------------


def of_eigh(x: Any) -> Any:
    """What does not depend on phases."""
    w, v = L.eigh(x)
    return w, ad.abs(v), v @ (ad.astype(w, v.dtype)[:, None] ** 2 * v.mT.conj())


def of_eig(x: Any) -> Any:
    w, v = L.eig(x)
    return ad.sum(w**3), ad.sum(ad.abs(v) ** 4), v @ (w[:, None] ** 2 * L.inv(v))


def of_svd(x: Any) -> Any:
    u, s, vh = L.svd(x, full_matrices=False)
    return s, ad.abs(u), ad.abs(vh), u @ (ad.astype(s, u.dtype)[:, None] ** 2 * vh), u @ vh


def of_full_svd(x: Any) -> Any:
    u, s, vh = L.svd(x)
    rest = u[:, 2:]
    return s, ad.abs(vh), rest @ rest.mT.conj()


def of_full_qr(x: Any) -> Any:
    q, r = L.qr(x, mode="complete")
    rest = q[:, 2:]
    return q[:, :2], r, rest @ rest.mT.conj()


COMPLEX: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "cofactors": (ad.cofactors, (Z[0],)),
    "slogdet": (L.slogdet, (Z[0],)),
    "solve real": (L.solve, (S[0], Z[0, 0])),
    "pinv wide": (L.pinv, (W[0, :2],)),
    "pinv tall": (L.pinv, (W[0, :, :2],)),
    "cholesky": (lambda x: L.cholesky(x, upper=True), (H,)),
    "qr": (L.qr, (Z[0],)),
    "qr tall": (L.qr, (W[0, :, :2],)),
    "qr wide": (L.qr, (W[0, :2],)),
    "qr complete": (of_full_qr, (W[0, :, :2],)),
    "r": (lambda x: L.qr(x, mode="r"), (W[0, :, :2],)),
    "eigh": (of_eigh, (H,)),
    "eigh upper": (lambda x: L.eigh(x, UPLO="U")[0], (H,)),
    "eig": (of_eig, (Z[0],)),
    "eig of reals": (of_eig, (S[0] - np.triu(3 * S[1]),)),
    "svd": (of_svd, (Z[0],)),
    "svd tall": (of_svd, (W[0, :, :2],)),
    "svd wide": (of_svd, (W[0, :2],)),
    "svd full": (of_full_svd, (W[0, :, :2],)),
    "svd full wide": (lambda x: of_full_svd(x.mT.conj()), (W[0, :, :2].conj().T,)),
    "norm": (lambda x: L.norm(x, 3), (Z[0, 0],)),
    "nuclear norm": (lambda x: L.norm(x, "nuc"), (Z[0],)),
    "spectral norm": (lambda x: L.norm(x, 2), (W[0],)),
}


@pytest.mark.parametrize("name", COMPLEX)
def test_gradients_of_complex_matrices(name: str) -> None:
    f, inputs = COMPLEX[name]
    check_gradients(f, *inputs)


REAL: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "qr wide": (L.qr, (R[0, :2],)),
    "svd wide": (L.svd, (R[0, :2],)),
    "cond": (lambda x: L.cond(x, "fro"), (S[0],)),
    "tensordot": (lambda x, y: L.tensordot(x, y, axes=((0, 2), (0, 1))), (R[:, :2], S[:, :, :1])),
    "kron": (L.kron, (R[0, :2], V[:2])),
    "cross": (L.cross, (S, S[0])),
    "diagonal": (lambda x: L.diagonal(x, offset=-1), (R,)),
    "trace": (L.trace, (R,)),
    "matrix_power": (lambda x: L.matrix_power(x, -2), (S[0],)),
    "multi_dot": (lambda x, y, z: L.multi_dot([x, y, z]), (V[:4], R[0], V[:3])),
    "vecdot": (lambda x, y: L.vecdot(x, y, axis=0), (R, R[:, 0])),
    "outer": (L.outer, (V[:2], V)),
    "norm": (lambda x: np.linalg.norm(x, axis=1), (R[0],)),
    "lstsq": (lambda a, b: L.lstsq(a, b)[:2], (R[0], V[:4])),
    "lstsq wide": (lambda a, b: L.lstsq(a, b)[0], (R[0].T, R[1, :3])),
    "tensorsolve": (lambda a, b: L.tensorsolve(a, b, (0,)), (T, R[0, :3, :2])),
    "tensorinv": (lambda a: L.tensorinv(a, 2), (T.transpose(2, 1, 0),)),
}


@pytest.mark.parametrize("name", REAL)
def test_gradients_of_real_arrays(name: str) -> None:
    f, inputs = REAL[name]
    check_gradients(f, *inputs)


def test_the_determinant_of_singular_matrices_has_a_gradient() -> None:
    for rank in (0, 1, 2):
        x = R[0, :3, :rank] @ R[1, :rank]
        expected = np.cross(x[[1, 2, 0]], x[[2, 0, 1]])
        np.testing.assert_allclose(gradient(L.det, x), expected, atol=1e-12)
        np.testing.assert_allclose(gradient(L.det, 1j * x), -expected, atol=1e-12)


def gradient(f: Any, x: Any) -> Any:
    t = ad.Tensor(x)
    with ad.GradientTape() as tape:
        tape.watch(t)
        y = f(t)
    return tape.gradient(y, t).numpy()


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_norms_at_zero() -> None:
    order: Any
    for order in (2, 1, 3, 2.5, 0.5, -1, 0, np.inf, -np.inf):
        assert not gradient(lambda x, p=order: L.vector_norm(x, ord=p), np.zeros(3)).any()
        assert not gradient(lambda x, p=order: L.vector_norm(x, ord=p), np.zeros(3, complex)).any()
    for order in ("fro", 1, -1, np.inf, -np.inf):
        assert not gradient(lambda x, p=order: L.matrix_norm(x, ord=p), np.zeros((3, 2))).any()
    for order in ("nuc", 2, -2):  # a subgradient: no larger than 1 in the dual norm
        g = gradient(lambda x, p=order: L.matrix_norm(x, ord=p), np.zeros((3, 2)))
        assert np.linalg.norm(g, 2 if order == "nuc" else "nuc") <= 1 + 1e-12
    mixed = np.array([[0.0, 0.0], [3.0, 4.0]])
    g = gradient(lambda x: ad.sum(np.linalg.norm(x, axis=1)), mixed)
    np.testing.assert_allclose(g, [[0.0, 0.0], [0.6, 0.8]])
    g = gradient(lambda x: L.vector_norm(x, ord=np.inf), np.array([-2.0, 1.0, 2.0]))
    assert g.tolist() == [-0.5, 0.0, 0.5]


def test_equal_eigenvalues_and_singular_values() -> None:
    """Sums over all values are smooth, and so are their gradients; vectors give finite ones."""
    for x in (np.eye(3), np.zeros((3, 3)), np.diag([2.0, 2.0, 1.0])):
        g = gradient(lambda x: ad.sum(L.eigvalsh(x) ** 2), x)
        np.testing.assert_allclose(g, 2 * x, atol=1e-12)
        g = gradient(lambda x: ad.sum(L.svdvals(x) ** 2), x)
        np.testing.assert_allclose(g, 2 * x, atol=1e-12)
        assert np.isfinite(gradient(lambda x: ad.sum(L.eigh(x)[1]), x)).all()
        assert np.isfinite(gradient(lambda x: ad.sum(L.svd(x)[0] * 2), x)).all()


def test_one_triangle_is_read() -> None:
    x = H.real + np.triu(np.full((3, 3), 9.0), 1)
    for f in (lambda x: ad.sum(L.eigvalsh(x) ** 3), lambda x: ad.sum(L.cholesky(x))):
        g = gradient(f, x)
        assert not np.triu(g, 1).any()
        check_gradients(f, x)
        check_gradients(lambda x, f=f: f(x @ x.mT), x)  # as one of a symmetric matrix


@pytest.mark.parametrize("name", ["inv", "det", "slogdet", "cholesky", "qr", "eigh", "svd", "pinv"])
def test_stacks_without_matrices(name: str) -> None:
    x = np.zeros((0, 2, 2))
    found = getattr(L, name)(x)
    shapes = [y.shape for y in (found if isinstance(found, tuple) else [found])]
    expected = getattr(np.linalg, name)(x)
    assert shapes == [y.shape for y in (expected if isinstance(expected, tuple) else [expected])]


# -- programs, diagrams, costs ---------------------------------------------------------------------

PROGRAMS: dict[str, Any] = {
    "solve": lambda x: L.solve(x, x[..., 0, :]) if x.ndim == 2 else L.solve(x, x[..., :1]),
    "slogdet": lambda x: L.slogdet(x)[1],
    "eigh": lambda x: L.eigh(x + x.mT)[0],
    "svd": lambda x: L.svd(x, full_matrices=False)[1],
    "qr": lambda x: L.qr(x[..., :2, :])[0],
    "power": lambda x: L.matrix_power(x, 3),
    "norm": lambda x: np.linalg.norm(x, "nuc", axis=(-2, -1)),
    "tensordot": lambda x: np.tensordot(x, x, 1) if x.ndim == 2 else np.tensordot(x, x, 3),
    "cross": lambda x: np.cross(x, x[..., ::-1, :]),
    "trace": lambda x: L.trace(x, offset=1),
}


@pytest.mark.parametrize("x", [S[0], S, S[0].astype(np.float32)], ids=["matrix", "stack", "single"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name: str, x: np.ndarray) -> None:
    def build() -> Any:
        def f(x: Any) -> Any:
            x = x * 2
            with ad.GradientTape() as tape:
                tape.watch(x)
                y = PROGRAMS[name](x)
                loss = ad.sum(y * y)
            return y, tape.gradient(loss, x)

        return f, []

    assert_agree(build, [[x], [x * x.dtype.type(0.75)]], ulps=32)


def test_programs_of_large_matrices() -> None:
    """Nothing as large as they are is fixed in a program."""
    x = random.normal(size=(70, 70)) + 40 * np.eye(70)
    functions: list[Any] = [
        lambda x: L.cholesky(x @ x.mT),
        lambda x: L.eigh(x)[0],
        lambda x: L.svd(x, full_matrices=False)[1],
        lambda x: L.qr(x)[1],
        lambda x: L.pinv(x[:, :65]),
        lambda x: L.slogdet(x)[1],
        lambda x: ad.fft.irfft(ad.reshape(x, (-1,)), 9000),
    ]
    for f in functions:

        @ad.function
        def program(x: Any, f: Any = f) -> Any:
            with ad.GradientTape() as tape:
                tape.watch(x)
                y = ad.sum(ad.abs(f(x)))
            return tape.gradient(y, x)

        found = program(x)
        t = ad.Tensor(x)
        with ad.GradientTape() as tape:
            tape.watch(t)
            y = ad.sum(ad.abs(f(t)))
        np.testing.assert_allclose(found.numpy(), tape.gradient(y, t).numpy(), atol=1e-9)


def test_programs_say_what_they_do() -> None:
    @ad.function
    def f(a: Any, b: Any) -> Any:
        with ad.GradientTape() as tape:
            tape.watch(a)
            x = L.solve(a, b)
            loss = L.vector_norm(x)
        return loss, tape.gradient(loss, a)

    source = f.source(S[0], V[:3])
    assert "= np.linalg.solve(a, " in source
    assert "solve: " in source
    assert f.cost(S[0], V[:3]).flops > 2 * 3**3 // 3
    assert "A⁻¹b" in str(f.diagram(S[0], V[:3]))
    values = ad.function(lambda x: L.eigh(x)[0]).source(H)
    assert "eigh = np.linalg.eigh(x, UPLO='L')" in values


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: L.inv(R), ValueError, r"inv: expected square matrices .* given shape \(2, 4, 3\)"),
        (lambda: L.inv(V), ValueError, r"inv: expected square matrices .* given shape \(5,\)"),
        (lambda: L.inv(np.zeros((2, 2))), np.linalg.LinAlgError, "inv: Singular matrix"),
        (lambda: L.solve(S, 1.0), ValueError, "b is a number; expected a vector"),
        (lambda: L.solve(S, V), ValueError, "solve: .*given a float64"),
        (lambda: L.cholesky(-H), np.linalg.LinAlgError, "cholesky: .*not positive definite"),
        (lambda: L.svd(V), ValueError, r"svd: expected matrices .* given shape \(5,\)"),
        (lambda: L.qr(R, mode="raw"), ValueError, "mode is 'raw'; expected \"reduced\""),
        (lambda: L.eigh(H, UPLO="X"), ValueError, 'expected "L" or "U"'),
        (lambda: L.matrix_norm(R, ord=3), ValueError, "order of a norm of matrices is 3"),
        (lambda: L.norm(V, ord="fro"), ValueError, "order of a norm of vectors is a number"),
        (lambda: L.norm(R, 2), ValueError, "norm is of one axis or two"),
        (lambda: L.norm(R, 2, (1, 1)), ValueError, "twice"),
        (lambda: L.tensordot(R, S, axes=((0, 0), (0, 0))), ValueError, "twice"),
        (lambda: L.tensordot(R, S, axes=2), ValueError, "axis 1 of shape .* and axis 0"),
        (lambda: L.tensordot(R, S, axes=4), ValueError, "over 4 axes"),
        (lambda: L.tensordot(R, S, axes=((0,), (0, 1))), ValueError, "1 axes of x1 and 2 of x2"),
        (lambda: L.cross(R[0], V), ValueError, "does not have length 3"),
        (lambda: L.outer(R, V), ValueError, "outer takes vectors"),
        (lambda: L.vecdot(R, V), ValueError, "has lengths 3 and 5"),
        (lambda: L.multi_dot([V]), ValueError, "two arrays or more; given 1"),
        (lambda: L.multi_dot([R[0], R[0]]), ValueError, "do not fit one after another"),
        (lambda: L.diagonal(V), ValueError, "expected matrices"),
        (lambda: np.linalg.svd(ad.Tensor(H), hermitian=True), TypeError, "hermitian=True"),
        (lambda: L.lstsq(R, V), ValueError, r"lstsq takes a \(m, n\)"),
        (lambda: L.tensorsolve(R, V), ValueError, "give no equations"),
        (lambda: L.tensorinv(R), ValueError, "not square behind the first 2 axes"),
        (lambda: L.eig(R), ValueError, "eig: expected square matrices"),
    ],
)
def test_what_is_refused(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
