"""The shape of the project: what lies where, who imports whom, what the files may hold."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

PACKAGES = ("autodiff", "nn", "optim", "data", "bench")
TOP_LEVEL = {
    *("autodiff", "nn", "optim", "data", "bench", "tests", "docs", "notebooks", ".ci"),
    *("pyproject.toml", "Makefile", ".gitignore", ".pre-commit-config.yaml", "LICENSE"),
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "ARCHITECTURE.md"),
}
MAX_LINES = 400

#: package -> (what its modules import, what only its functions import: the optional)
MAY_IMPORT = {
    "autodiff": (
        {"numpy"},
        {"cupy", "cupyx", "scipy", "graphviz", "pygraphviz", "numba", "nvmath", "hypothesis"},
    ),
    "optim": ({"autodiff"}, set()),
    "nn": (
        {"autodiff", "optim", "numpy"},  # numpy: rows are shuffled and weights drawn on the host
        {"safetensors", "matplotlib", "tensorboardX", "sklearn", "IPython"},
    ),
    "data": ({"numpy", "nn", "autodiff"}, {"sklearn"}),
    "bench": (
        # a peer has a module to itself, which is loaded in a process of its own
        {
            *("numpy", "autodiff", "nn", "optim", "data"),
            *("torch", "autograd", "mygrad", "jax", "tensorflow", "keras", "tinygrad"),
        },
        {"safetensors", "tqdm", "matplotlib", "cupy", "scipy"},
    ),
}
#: what its user imports by itself, as its classes derive from those of an optional package
BY_ITSELF = {"nn/sklearn": "sklearn"}
OPTIONAL = set().union(
    *(optional for _, optional in MAY_IMPORT.values()), {"torch", "jax", "tensorflow", "keras"}
)


class Import(NamedTuple):
    package: str  # the top-level one
    lazy: bool  # inside a function, or for type checkers alone


def imports(tree: ast.AST, lazy: bool = False) -> Iterator[Import]:
    """Every import below `tree`; relative ones stay in the package and are left out."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name.split(".")[0], lazy) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield Import(node.module.split(".")[0], lazy)
        elif isinstance(node, ast.Call) and "import_module" in ast.unparse(node.func):
            yield from (
                Import(argument.value.split(".")[0], lazy)
                for argument in node.args[:1]
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            )
        later = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        typing_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        yield from imports(node, lazy or later or typing_only)


def broken_imports(package: str, source: str, needed: str | None = None) -> list[str]:
    """What a module of `package` with this source imports against the table.

    needed: the optional package without which the module is not imported at all.
    """
    eager, optional = MAY_IMPORT[package]
    wrong = []
    for found in imports(ast.parse(source)):
        if found.package in {package, *eager} | sys.stdlib_module_names:
            continue
        if found.package not in optional:
            wrong.append(f"{found.package} is no business of {package}")
        elif not found.lazy and found.package != needed:
            wrong.append(f"{found.package} is optional: import it inside the function")
    return wrong


def project_files() -> list[Path]:
    """The files git tracks; what else lies in a checkout is its owner's business."""
    command = ["git", "ls-files", "-z"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listing.stdout.split("\0") if (ROOT / name).is_file()]


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def text_files() -> Iterator[tuple[str, str]]:
    for path in project_files():
        content = path.read_bytes()
        if b"\0" not in content:
            yield path.relative_to(ROOT).as_posix(), content.decode()


def test_top_level_is_as_agreed() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in project_files()} == TOP_LEVEL


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_point_one_way(package: str) -> None:
    wrong = {}
    for path in modules(package):
        name, folder = (p.relative_to(ROOT).as_posix() for p in (path, path.parent))
        source = path.read_text(encoding="utf-8")
        if broken := broken_imports(package, source, BY_ITSELF.get(folder)):
            wrong[name] = broken
    assert not wrong


@pytest.mark.parametrize(
    ("package", "source", "complaints"),
    [
        ("optim", "import math\nfrom autodiff import Tensor\nfrom .sgd import SGD", 0),
        ("optim", "import nn", 1),
        ("nn", "from data.mnist import load_data", 1),
        ("nn", "def plot():\n    import matplotlib.pyplot", 0),
        ("nn", "import matplotlib.pyplot, tqdm", 2),
        ("nn", "class Bar:\n    from tqdm import tqdm", 1),
        ("data", "def load():\n    import bench", 1),
        ("autodiff", "def backend():\n    return importlib.import_module('torch.nn')", 1),
        ("autodiff", "if TYPE_CHECKING:\n    from graphviz import Digraph\n    import nn", 1),
    ],
)
def test_broken_imports_are_found(package: str, source: str, complaints: int) -> None:
    assert len(broken_imports(package, source)) == complaints


def test_what_is_imported_by_itself_may_need_one_optional_package_and_no_other() -> None:
    source = "from sklearn.base import BaseEstimator\nimport matplotlib"
    assert broken_imports("nn", source, "sklearn") == [
        "matplotlib is optional: import it inside the function"
    ]


def test_importing_everything_loads_nothing_optional() -> None:
    report = f"import sys, {', '.join(PACKAGES)}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", report], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert set(PACKAGES) <= set(loaded)
    assert not OPTIONAL & set(loaded)
    assert not {name.replace("/", ".") for name in BY_ITSELF} & set(loaded)


def test_importing_autodiff_leaves_the_compiler_the_checker_and_draws_for_later() -> None:
    report = "import autodiff, sys; print(*sys.modules); autodiff.function, autodiff.testing"
    loaded = subprocess.run(
        [sys.executable, "-c", report], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert "autodiff" in loaded
    assert not {"autodiff.flat", "autodiff.testing", "numpy.random"} & {*loaded}


def test_one_file_at_most_imports_cupy() -> None:
    users = [
        path.name
        for path in modules("autodiff")
        if any(i.package == "cupy" for i in imports(ast.parse(path.read_text(encoding="utf-8"))))
    ]
    assert len(users) <= 1, users


def test_files_fit_in_one_reading() -> None:
    lengths = {name: text.count("\n") for name, text in text_files() if name != "CHANGELOG.md"}
    assert lengths
    assert not {
        name: lines
        for name, lines in lengths.items()
        if lines > MAX_LINES and not name.endswith(".ipynb")
    }


def test_no_machine_paths() -> None:
    path = re.compile(r"(?<![\w.:/~-])/(?:work|tmp|root|home|Users)/\w")
    assert path.search("see /" + "home/someone/data")
    assert not {name: found[0] for name, text in text_files() if (found := path.search(text))}


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_are_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()
    assert (ROOT / package / "__init__.py").is_file()


def test_version_is_stated_alike() -> None:
    import autodiff

    assert autodiff.__version__ == PROJECT["version"]


def test_readme_names_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(r"^make demo\b", readme, re.MULTILINE)
    assert re.search(r"^make test\b", readme, re.MULTILINE)


def test_numpy_is_all_the_library_needs() -> None:
    names = [re.split(r"[^\w-]", requirement)[0] for requirement in PROJECT["dependencies"]]
    assert names == ["numpy"]
