"""The peers of the extra of that name, installed one by one: one that fails stops none."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: for one of them, with all it needs
SECONDS = 400.0


def requirements(file: Path = ROOT / "pyproject.toml") -> list[str]:
    """What the extra `peers` asks for."""
    project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
    found: list[str] = project["optional-dependencies"]["peers"]
    return found


def install(python: str, requirement: str, seconds: float = SECONDS) -> str:
    """Install it for that interpreter; the reason if that fails, else nothing."""
    line = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", requirement]
    try:
        done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired:
        return f"it took more than {seconds:.0f} s"
    except OSError as error:
        return str(error)
    if done.returncode == 0:
        return ""
    lines = [text for text in done.stderr.strip().splitlines() if text.startswith("ERROR")]
    return (lines or done.stderr.strip().splitlines() or ["pip failed"])[0]
