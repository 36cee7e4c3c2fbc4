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


def test_the_names_work_and_the_check_sees_faults() -> None:
    root = hips_autograd.ROOT
    path = os.pathsep.join([str(hips_autograd.HERE / "hips"), str(root)])
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    assert "noticed: Derivative (VJP) check of wrong failed" in found.stdout


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
