"""The figures in README: a table and two sentences between two marks, written from results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench._page._model import Table
from bench._page._results import UNITS, Result, number

START = "<!-- speed: written by python -m bench report --docs -->"
END = "<!-- end of speed -->"
#: columns of README's table: what stands above, and the competitors of which the fastest counts
COLUMNS = {
    "flat": ("flat",),
    "flat, fused by Numba": ("fused",),
    "eager tape": ("eager",),
    "NumPy by hand": ("numpy-flat",),
    "JAX jit": ("jax", "jax-inline"),
    "PyTorch": ("torch", "torch-fused", "torch-compile"),
    "TensorFlow": ("tensorflow", "tensorflow-xla"),
}


def refreshed(readme: str, results: Sequence[Result]) -> str:
    """README with the part between the marks written anew.

    Raises:
        ValueError: a mark is not there exactly once, or a result is missing.
    """
    if (readme.count(START), readme.count(END)) != (1, 1):
        raise ValueError(f"README needs {START!r} and {END!r} once each")
    before, _, rest = readme.partition(START)
    return f"{before}{START}\n{speed(results)}\n{END}{rest.partition(END)[2]}"


def speed(results: Sequence[Result]) -> str:
    """The text between the marks."""
    by_name = {result.name: result.data for result in results}
    wanted = ("steps", "lenet", "fit-784-512-10", "fit-784-16-16-10")
    if missing := [name for name in wanted if name not in by_name]:
        raise ValueError(f"README tells results that are not there: {', '.join(missing)}")
    steps, lenet, *fits = (by_name[name] for name in wanted)
    m = steps["machine"]
    threads = m["environment"]["OPENBLAS_NUM_THREADS"]
    return "\n".join(
        [
            "Microseconds per whole training step (forward, loss, gradients, update) on "
            f"{m['cpu']}, {m['cores']} cores,",
            f"{_threads(threads)} each, NumPy {_short(m['numpy'])}, "
            f"from `bench/results/steps.json` (`python -m bench steps --threads {threads}`):",
            "",
            _table(steps).markdown(),
            "",
            "Of JAX, PyTorch and TensorFlow the fastest manner that was measured;",
            "[docs/benchmarks.md](docs/benchmarks.md) has all of them, and says first where we",
            "are behind.",
            _lenet(lenet),
            *_fit(dict(zip(("784-512-10", "784-16-16-10"), fits, strict=True))),
        ]
    )


def _threads(count: str) -> str:
    return "one thread" if count == "1" else f"{count} threads"


def _short(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _table(data: Mapping[str, Any]) -> Table:
    found = medians(data)
    there = {
        title: names
        for title, names in COLUMNS.items()
        if any((name, case["name"]) in found for name in names for case in data["cases"])
    }
    rows = []
    for case in data["cases"]:
        cells = [
            min((found[key] for name in names if (key := (name, case["name"])) in found), default=0)
            for names in there.values()
        ]
        rows.append([DETAILS[case["name"]], *(number(cell) if cell else "–" for cell in cells)])
    return Table(["network, batch, optimizer", *there], rows)


DETAILS = {
    "784-16-16-10": "784-16-16-10, 10, SGD",
    "784-512-10": "784-512-10, 128, RMSprop",
    "784-100-10": "784-100-10, 100, Adam",
}


def medians(data: Mapping[str, Any]) -> dict[tuple[str, str], float]:
    """(competitor, case) -> µs, of what was timed."""
    return {
        (m["competitor"], m["case"]): m["median"]
        for m in data["measurements"]
        if m["status"] == "timed"
    }


def _lenet(data: Mapping[str, Any]) -> str:
    found = medians(data)

    def pair(*names: str) -> str:
        best = [
            min(found[name, case] for name in names if (name, case) in found)
            for case in ("batch 32", "batch 128")
        ]
        return " and ".join(number(value / UNITS["ms"]) for value in best)

    return (
        "LeNet-5 with momentum, for 32 and 128 images (`bench/results/lenet.json`): "
        f"{pair('flat')} ms, where\n"
        f"TensorFlow takes {pair('tensorflow', 'tensorflow-xla')}, PyTorch "
        f"{pair('torch', 'torch-last', 'torch-compile')}, JAX {pair('jax')}."
    )


def _fit(fits: Mapping[str, Mapping[str, Any]]) -> list[str]:
    parts = []
    for name, data in fits.items():
        ratio = {r["ours"]: r["value"] for r in data["ratios"] if r["other"] == "keras-jax"}
        parts.append(
            f"{name} takes {ratio['flat']:.2f} of the time, "
            f"{ratio['fused']:.2f} with\n`compile(jit_compile=True)`"
        )
    return [
        "A whole epoch of `fit` on MNIST (`bench/results/fit-*.json`), beside Keras on its JAX",
        f"backend: {'; '.join(parts)}.",
    ]
