"""The lines that close a test run count what ran, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

TESTS = """
import pytest
from hypothesis import assume, given, settings, strategies as st
from autodiff.engine._op import registry

@settings(max_examples=7)
@given(x=st.floats())
@pytest.mark.parametrize("op", ["add", "exp", "no such op"])
def test_passes(op, x, request):
    request.node.user_properties.append(("second order", op))

@settings(max_examples=5)
@given(x=st.integers())
def test_leaves_some_out(x):
    assume(x % 2)

@given(x=st.integers())
def test_fails(x, request):
    request.node.user_properties.append(("second order", "sin"))
    assert x < 0

def test_without_hypothesis(note):
    note("42 things were counted")

def test_notes_and_fails(note):
    note("43 things were counted")
    assert False
"""


def test_ops_and_examples_are_counted(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path)
    (tmp_path / "test_some.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    output = subprocess.run(
        [*command, f"--rootdir={tmp_path}", "-c", "/dev/null"],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    from autodiff.engine._op import registry

    rules = sum(bool(op.rules) for op in registry.values())
    assert f"{len(registry)} ops declared, {rules} with derivative rules; 2 of these" in output
    assert "26 Hypothesis examples passed" in output  # 3 * 7 + 5
    assert "\n42 things were counted\n" in output
    assert "\n43 things" not in output
