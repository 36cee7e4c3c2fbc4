"""What CuPy has, by name and parameters, written where the guard reads it: `cupy_names.json`.

Run where CuPy is installed (no driver is needed): `python -m tests.guard.generate`.
"""

from __future__ import annotations

import inspect
import json
import re
import textwrap
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("cupy_names.json")
#: ufunc methods -> how to ask CuPy's sources whether a ufunc has them: only these do
REDUCED = ("add", "multiply")


def parameters(function: Any) -> list[str] | None:
    """Names of a function's parameters, "*" for any more; None where nobody says."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        found = re.match(r"[\w.]*\((.*?)\)(?: ->|\n|$)", function.__doc__ or "", re.DOTALL)
        if found is None:
            return None
        words = [part.split("=")[0].split()[-1] for part in found[1].split(",") if part.strip()]
        return [word for word in words if word not in ("self", "/", "*")]
    return [
        "*" if p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) else p.name
        for p in signature.parameters.values()
        if p.name != "self"
    ]


def functions(part: Any, ufunc: type) -> dict[str, Any]:
    """Public functions of a module: "ufunc", or their parameters."""
    found: dict[str, Any] = {}
    for name in sorted(dir(part)):
        value = getattr(part, name)
        if name.startswith("_") or inspect.ismodule(value):
            continue
        if isinstance(value, ufunc):
            found[name] = "ufunc"
        elif isinstance(value, type) and not issubclass(value, BaseException):
            continue
        elif callable(value):
            found[name] = parameters(value)
    return found


def main() -> None:
    import cupy
    import cupyx.scipy.special

    methods = {
        name: parameters(getattr(cupy.ndarray, name))
        for name in sorted(dir(cupy.ndarray))
        if not name.startswith("_") and callable(getattr(cupy.ndarray, name))
    }
    properties = [
        name
        for name in sorted(dir(cupy.ndarray))
        if not name.startswith("_") and name not in methods
    ]
    names = {
        "version": cupy.__version__,
        "cupy": functions(cupy, cupy.ufunc),
        "linalg": functions(cupy.linalg, cupy.ufunc),
        "fft": functions(cupy.fft, cupy.ufunc),
        "special": functions(cupyx.scipy.special, cupy.ufunc),
        "methods": methods,
        "properties": properties,
        "scattered": [
            name
            for name, value in vars(cupy).items()
            if isinstance(value, cupy.ufunc) and value._scatter_op is not None
        ],
        "reduced": list(REDUCED),
    }
    text = "\n".join(textwrap.wrap(json.dumps(names), 100, break_on_hyphens=False))
    FILE.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
