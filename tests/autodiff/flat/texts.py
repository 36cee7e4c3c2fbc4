"""Readable texts run by themselves: with NumPy, the arrays that they ask for, and nothing else."""

from __future__ import annotations

import ast
import inspect
import re
from typing import Any

import numpy as np

from autodiff._stream import Stream
from autodiff.flat.text._readable import Readable

HOME = re.compile(r"(\w+) \w+ \(\d+,\) written; ([\w, ]+?), end to end")


def readable(f: Any, *args: Any) -> Readable:
    """What wrote the text of a function for these arguments."""
    writer: Readable = f._runner(args, {}).readable
    return writer


LINE = re.compile(r"( *)(.*?\S) +# (\(\d*,?[\d, ]*\))( |$)")
TARGET = re.compile(r"(?:np\.copyto\((\w+),|.*\bout=(\w+)\)$|(\w+) = |(\w+)\[\.\.\.\] = )")


def checked(text: str) -> str:
    """The text with an assertion behind each line that its value has the shape that it says."""
    lines = text.split("\n")
    stated = (ast.Assign, ast.Expr, ast.If)
    nodes = [x for x in ast.walk(ast.parse(text)) if isinstance(x, stated)]
    for node in sorted(nodes, key=lambda x: -x.lineno):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # the docstring
        found = LINE.match(lines[node.lineno - 1])
        assert found, f"no shape: {lines[node.lineno - 1]}"
        indent, code, shape, _ = found.groups()
        if target := TARGET.match(code):
            name = next(filter(None, target.groups()))
            test = f"{indent}assert np.shape({name}) == {shape}, {code!r}"
            lines.insert(node.lineno, test)
    return "\n".join(lines)


def execute(f: Any, arrays: list[Any], variables: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Run a function's text on arrays and on Variables by name: what it returns, and those after.

    The shapes that it states are checked. Where it says that a vector holds Variables end to end,
    they are views of it.
    """
    writer = readable(f, *arrays)
    run = compiled(checked(writer.source))
    after = {name: np.array(x) for name, x in variables.items()}
    given: dict[str, Any] = {
        name: x._source if isinstance(x, Stream) else x for name, x in writer.constants.items()
    }
    for vector, held in HOME.findall(" ".join((run.__doc__ or "").split())):
        names = held.split(", ")
        given[vector] = np.concatenate([after[name].reshape(-1) for name in names])
        start = 0
        for name in names:
            end = start + after[name].size
            after[name] = given[vector][start:end].reshape(after[name].shape)
            start = end
    names = list(inspect.signature(run).parameters)[len(arrays) :]
    with np.errstate(all="ignore"):
        result = run(*arrays, *(given[n] if n in given else after[n] for n in names))
    return result, after


def compiled(text: str) -> Any:
    """The function of a text that imports nothing but NumPy."""
    imports = [x for x in ast.walk(ast.parse(text)) if isinstance(x, (ast.Import, ast.ImportFrom))]
    assert list(map(ast.unparse, imports)) == ["import numpy as np"]
    space: dict[str, Any] = {}
    exec(text, space)
    (f,) = [x for x in space.values() if inspect.isfunction(x)]
    return f
