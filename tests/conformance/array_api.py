"""The Array API's own test suite against `autodiff`: make conformance ARRAY_API_TESTS=folder

The folder is a checkout of https://github.com/data-apis/array-api-tests with its submodule; what
the suite needs is in its requirements.txt. What is known to fail, and why, stands in
`array_api_failures.txt`; anything else that fails is a fault.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
FAILURES = HERE / "array_api_failures.txt"
VERSION = "2024.12"


def missing(checkout: Path) -> str:
    """What is not as it should be, or nothing."""
    if not (checkout / "array_api_tests").is_dir():
        return f"{checkout} is no checkout of array-api-tests"
    if not any((checkout / "array-api").glob("*")):
        return f"{checkout} lacks its submodule: git submodule update --init"
    wanted = [name for name in ("ndindex", "pytest_jsonreport") if find_spec(name) is None]
    if wanted:
        return f"the suite needs {wanted}: pip install -r {checkout / 'requirements.txt'}"
    return ""


def main(arguments: list[str]) -> int:
    """Run the suite with more arguments for pytest; its exit status."""
    if not arguments:
        print("make conformance ARRAY_API_TESTS=checkout of data-apis/array-api-tests")
        return 2
    checkout = Path(arguments[0]).resolve()
    if problem := missing(checkout):
        print(problem)
        return 2
    more = {
        "ARRAY_API_TESTS_MODULE": os.environ.get("ARRAY_API_TESTS_MODULE", "autodiff"),
        "ARRAY_API_TESTS_VERSION": VERSION,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    command = [
        *(sys.executable, "-m", "pytest", "array_api_tests", "-q", "--disable-deadline"),
        *("-p", "no:cacheprovider", "--xfails-file", str(FAILURES), *arguments[1:]),
    ]
    return subprocess.run(command, cwd=checkout, env=os.environ | more, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
