"""The device that a report is about: name, driver, memory, and the libraries that drive it."""

from __future__ import annotations

import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from typing import Any

#: what `nvidia-smi` is asked for
FIELDS = ("name", "driver_version", "memory.total", "compute_cap", "clocks.max.sm", "power.limit")
#: packages whose versions matter
PACKAGES = ("cupy-cuda12x", "cupy-cuda13x", "torch", "jax", "jaxlib", "triton", "nvidia-cublas")


def describe_device(name: str) -> dict[str, Any]:
    """Plain values; None for what cannot be found out."""
    found: dict[str, Any] = {"device": name}
    if name == "cpu":
        return found
    found |= dict.fromkeys(FIELDS)
    if shutil.which("nvidia-smi"):
        query = ["nvidia-smi", f"--query-gpu={','.join(FIELDS)}", "--format=csv,noheader"]
        try:
            said = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True)
        except (subprocess.SubprocessError, OSError):
            said = None
        if said is not None and said.stdout.strip():
            row = said.stdout.strip().splitlines()[int(name.partition(":")[2] or 0)].split(", ")
            found |= dict(zip(FIELDS, row, strict=False))
    try:
        import cupy

        runtime = cupy.cuda.runtime
        found["cuda driver"], found["cuda runtime"] = (
            runtime.driverGetVersion(),
            runtime.runtimeGetVersion(),
        )
    except Exception as error:  # whatever is broken about it: the parts will say more
        found["cupy"] = f"{type(error).__name__}: {error}"
    return found | {package: _version(package) for package in PACKAGES}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
