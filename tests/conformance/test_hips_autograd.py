"""autograd's names, as its test suite is given them; and the runner of that suite."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance import array_api, hips_autograd

PROGRAM = """
import autograd.numpy as np
from autograd import elementwise_grad, grad, hessian, jacobian, make_jvp
from autograd.extend import defvjp, primitive
from autograd.test_util import check_grads

f = lambda x: np.sum(np.tanh(np.dot(x, x[::-1])) * np.array([x[0], 2.0]))
x = np.array([0.3, -0.7])
check_grads(f)(x)
check_grads(lambda d: d["a"] * np.sin(d["b"][0]))({"a": 1.5, "b": [0.2]})
assert np.allclose(jacobian(grad(f))(x), hessian(f)(x))
assert np.allclose(elementwise_grad(np.sin)(x), np.cos(x))
assert np.allclose(make_jvp(np.sin)(x)(np.ones(2))[1], np.cos(x))

@primitive
def wrong(x):
    return 2.0 * x

defvjp(wrong, lambda ans, x: lambda g: 2.001 * g)
try:
    check_grads(wrong, modes=["rev"])(1.0)
except AssertionError as error:
    print("noticed:", error)
"""


#: the formulas that stand for SciPy's functions, beside them
FORMULAS = """
import numpy as np
import scipy.integrate, scipy.linalg, scipy.signal, scipy.stats
from autograd.scipy import integrate, linalg, signal, stats

a, b, k = np.array([0.3, 1.7]), np.array([2.5, 1.2]), np.array([0.0, 3.0])
densities = {
    "norm": (a, b, b), "t": (a, b, a, b), "gamma": (a, b), "chi2": (a, b), "beta": (a / 2, b, a),
    "poisson": (k, b),
}
for name, args in densities.items():
    ours, theirs = getattr(stats, name), getattr(scipy.stats, name)
    for part in {"pdf", "logpdf", "cdf", "sf", "logcdf", "logsf", "pmf", "logpmf"} & {*dir(ours)}:
        assert np.allclose(getattr(ours, part)(*args), getattr(theirs, part)(*args)), (name, part)

M, C, D = np.array([[2.0, 1.0], [0.5, 3.0]]), np.array([[2.0, 1.0], [1.0, 3.0]]), np.diag([1.0, 0])
normal, theirs = stats.multivariate_normal, scipy.stats.multivariate_normal
assert np.allclose(normal.logpdf(M, a, C), theirs.logpdf(M, a, C))
assert np.allclose(normal.pdf(k * 0, k * 0, D, True), theirs.pdf(k * 0, k * 0, D, True))
assert np.allclose(normal.entropy(a, C), theirs.entropy(a, C))
share = np.array([0.2, 0.8])
assert np.allclose(stats.dirichlet.pdf(share, b), scipy.stats.dirichlet.pdf(share, b))
assert np.allclose(linalg.sqrtm(M), scipy.linalg.sqrtm(M))
assert np.allclose(linalg.solve_sylvester(M, C, D), scipy.linalg.solve_sylvester(M, C, D))
bands = np.arange(1.0, 13.0).reshape(3, 4)
args = (1, 1), bands, np.ones(4)
assert np.allclose(linalg.solve_banded(*args), scipy.linalg.solve_banded(*args))
for mode in ("full", "valid", "same"):
    x, y = np.arange(12.0).reshape(3, 4), np.array([[1.0, -2.0], [0.5, 3.0]])
    assert np.allclose(signal.convolve(x, y, mode=mode), scipy.signal.convolve(x, y, mode))
t = np.linspace(0.0, 0.3, 4)
f = lambda y, t, c: -c * y * t
assert np.allclose(integrate.odeint(f, a, t, (2.0,)), scipy.integrate.odeint(f, a, t, (2.0,)))
"""


def run(program: str) -> str:
    """What a program prints that finds autograd's names."""
    path = os.pathsep.join([str(hips_autograd.HERE / "hips"), str(hips_autograd.ROOT)])
    found = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout


def test_the_names_work_and_the_check_sees_faults() -> None:
    assert "noticed: Derivative (VJP) check of wrong failed" in run(PROGRAM)


def test_formulas_are_scipys() -> None:
    run(FORMULAS)


def test_the_runner_says_what_it_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert hips_autograd.main([]) == hips_autograd.main([str(tmp_path)]) == 2
    assert "AUTOGRAD=" in capsys.readouterr().out


@pytest.mark.parametrize("runner", [array_api, hips_autograd])
def test_everything_left_out_has_a_reason(runner: object) -> None:
    text = Path(getattr(runner, "FAILURES")).read_text(encoding="utf-8")  # noqa: B009
    for block in text.strip().split("\n\n"):
        lines = block.splitlines()
        assert lines[0].startswith("#"), f"no reason for {lines[0]}"
    names = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert names
    assert all("test_" in name for name in names)
