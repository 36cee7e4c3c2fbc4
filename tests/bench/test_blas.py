"""`bench blas`: routines that are right, wrong ones that are found out, counts and figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from bench.__main__ import main
from bench.blas import _probe, ours, raw, scipy_blas
from bench.blas._command import COMPETITORS, added, fitting
from bench.blas._rates import rates, table
from bench.blas.machine import Machine
from bench.blas.problems import KNOWN, ROUTINES, SMALL, STACK, Problem, problem, problems

RESULTS = Path(__file__).parents[2] / "bench" / "results"
PLAIN = [its.name for its in problems(("float64", "float32"), quick=True)]
NAMES = ",".join(PLAIN)


def cases_of(name: str) -> Any:
    if name == "scipy":
        pytest.importorskip("scipy")
        return scipy_blas.load(NAMES).cases
    return raw.load(NAMES).cases if name == "raw" else ours.load(name, NAMES).cases


@pytest.mark.host
@pytest.mark.parametrize("competitor", ["flat", "eager", "raw", "scipy"])
def test_routines_are_right(competitor: str) -> None:
    cases = cases_of(competitor)
    assert {problem(name).routine.name for name in cases} >= {"axpy", "dot", "gemv", "ger", "gemm"}
    for make in cases.values():
        case = make()
        assert case.check() <= case.tolerance
        case.run()  # and again


@pytest.mark.parametrize("name", PLAIN)
def test_a_wrong_element_is_found_out(name: str) -> None:
    """Of each result, in double precision, a thousandth of its largest element."""
    its = problem(name)
    made = raw_or_solved(its)
    assert its.error(made) <= 1e-5
    for k, right in enumerate(made):
        wrong = [np.array(x, np.float64) for x in made]
        place = np.unravel_index(np.abs(right).argmax(), np.shape(right))
        wrong[k][place] *= 1.1
        assert its.error(wrong) > 1e-4, k
        wrong[k][place] = np.nan
        assert its.error(wrong) == np.inf
    with pytest.raises(ValueError, match=r"gave .* expected"):
        its.error([np.zeros((3, 5, 7))] * len(made))


def raw_or_solved(its: Problem) -> list[Any]:
    """The answers, by plain formulas."""
    x = {k: v.astype(np.float64) for k, v in its.inputs().items()}
    name = its.routine.name
    found: dict[str, Any] = {
        "axpy": lambda: [0.001 * x["x"] + x["y"]],
        "dot": lambda: [np.array(x["x"] @ x["y"])],
        "gemv": lambda: [x["A"] @ x["x"] + x["y"]],
        "ger": lambda: [0.001 * np.outer(x["x"], x["y"]) + x["A"]],
        "trsv": lambda: [np.linalg.solve(x["L"], x["b"])],
        "gemm": lambda: [x["A"] @ x["B"] + x["C"]],
        "matmul": lambda: [x["A"] @ x["B"]],
        "gemm-αβ": lambda: [0.001 * x["A"] @ x["B"] + 0.5 * x["C"]],
        "trsm": lambda: [np.linalg.solve(x["L"], x["B"])],
        "gemm-stack": lambda: [x["A"] @ x["B"]],
        "gemm-backward": lambda: [x["A"] @ x["B"], x["G"] @ x["B"].T, x["A"].T @ x["G"]],
    }
    return list(found[name]())


@pytest.mark.parametrize(
    ("name", "flops", "elements"),
    [
        ("axpy 10 float32", 20, 30),
        ("dot 10 float32", 20, 20),
        ("gemv 10 float32", 200, 130),
        ("ger 10 float32", 200, 220),
        ("trsv 10 float32", 100, 70),
        ("gemm 10 float32", 2000, 400),
        ("matmul 10 float32", 2000, 300),
        ("gemm-αβ 10 float32", 2000, 400),
        ("trsm 10 float32", 1000, 250),
        ("gemm-stack 10 float32", 2000 * STACK, 300 * STACK),
        ("gemm-backward 10 float32", 6000, 900),
    ],
)
def test_routines_count_what_the_lectures_count(name: str, flops: int, elements: int) -> None:
    its = problem(name)
    assert (its.flops, its.bytes) == (flops, 4 * elements)
    assert problem(name.replace("32", "64")).bytes == 8 * elements
    assert its.name == name


@pytest.mark.host
def test_the_program_says_what_it_really_moves() -> None:
    """C = C + A·B in two passes over C: A, B and the product; then C, the product, and C again."""
    n = SMALL[3]
    loaded = ours.load("flat", f"gemm {n} float64")
    case = loaded.cases[f"gemm {n} float64"]()
    case.run()
    assert case.about() == {"flops": 2 * n**3 + n * n, "bytes": 8 * 6 * n * n}


@pytest.mark.host
def test_results_are_written_where_they_stay() -> None:
    its = problem("gemm 32 float32")
    variables = {name: ad.Variable(x, name=name) for name, x in its.inputs().items()}
    step, (c,) = ours.gemm(**variables)
    flat = ad.function(fuse=False)(step)
    flat()
    place = c._data.ctypes.data
    for _ in range(3):
        flat()
    assert c._data.ctypes.data == place
    assert flat.source().count("out=C)") == 1


def test_solving_by_halves_is_solving() -> None:
    rng = np.random.default_rng(0)
    for n in (1, 63, 65, 200):
        a = np.tril(rng.normal(size=(n, n))) / n + 2 * np.eye(n)
        b = rng.normal(size=(n, 3))
        x = ours.solved(ad.asarray(a), ad.asarray(b)).numpy()
        np.testing.assert_allclose(x, np.linalg.solve(a, b), rtol=1e-10, atol=1e-12)


def test_all_routines_run_on_a_device() -> None:
    from tests.guard.backend import DEVICE

    names = [its.name for its in problems(("float64", "float32", "float16"), quick=True)]
    with ad.device(DEVICE):
        for loaded in (ours.load("flat", ",".join(names)), raw.load(",".join(names))):
            for name in loaded.cases:
                case = loaded.cases[name]()
                assert case.check() <= case.tolerance, name


def test_the_peaks_of_a_device() -> None:
    from bench.blas._device import measure_device
    from tests.guard.backend import DEVICE

    with ad.device(DEVICE):
        found = measure_device(["float32", "float16"], quick=True, repeats=1)
    assert set(found.flops) == {"float32", "float16"}
    assert found.device.startswith(DEVICE)
    assert min(*found.flops.values(), found.bandwidth) > 0


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a smoke run of three routines writes."""
    file = tmp_path_factory.mktemp("blas") / "blas.json"
    which = ["--routine", "gemm", "--routine", "axpy", "--routine", "trsv"]
    options = ["--quick", "--peers", "none", "--dtypes", "float32", "--json", str(file)]
    assert main(["blas", *options, *which]) == 0
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


@pytest.mark.host
def test_a_smoke_run_writes_rates_and_peaks(smoke: dict[str, Any]) -> None:
    assert smoke["benchmark"] == "blas"
    found = {(m["competitor"], m["case"]): m for m in smoke["measurements"] if m["samples_us"]}
    timed = {(who, case.split()[0]) for who, case in found}
    assert timed >= {
        *((who, what) for who in ("flat", "eager") for what in ("gemm", "axpy", "trsv")),
        *(("raw", what) for what in ("gemm", "axpy")),
    }
    machine = Machine.from_json(smoke["peaks"])
    for r in rates(smoke):
        m = found[r.competitor, r.problem.name]
        assert r.gflops == pytest.approx(r.problem.flops / m["median"] / 1e3)
        told = m["about"].get("bytes", r.problem.bytes)
        assert r.bandwidth == pytest.approx(told / m["median"] / 1e3)
        assert (r.competitor == "flat") == ("bytes" in m["about"])
    columns, rows = table(smoke)
    assert columns[1] == COMPETITORS[0].label
    assert [row[0] for row in rows] == [case["name"] for case in smoke["cases"]]
    name = f"gemm {SMALL[3]} float32"
    (gemm,) = (r for r in rates(smoke) if (r.competitor, r.problem.name) == ("flat", name))
    (row,) = (row for row in rows if row[0] == name)
    assert row[-3] == f"{100 * gemm.gflops / machine.peak('float32'):.0f} %"
    assert row[-2] == f"{100 * gemm.bandwidth / machine.bandwidth:.0f} %"
    wide = smoke | {"ratios": [r | {"low": 0.1, "high": 9.0} for r in smoke["ratios"]]}
    assert {row[-1] for row in table(wide)[1]} == {"too noisy", "–"}


@pytest.mark.host
def test_more_cases_are_added_to_a_file(smoke: dict[str, Any]) -> None:
    one = {
        **smoke,
        "cases": smoke["cases"][:1],
        "competitors": [c for c in smoke["competitors"] if c["name"] == "flat"],
        "peaks": smoke["peaks"] | {"bandwidth": 1e9, "flops": {"float32": 1.0, "float64": 7.0}},
        **{
            key: [row for row in smoke[key] if row["case"] == smoke["cases"][0]["name"]]
            for key in ("measurements", "ratios")
        },
    }
    both = added(smoke, one)
    assert {c["name"] for c in both["cases"]} == {c["name"] for c in smoke["cases"]}
    assert len(both["measurements"]) == len(smoke["measurements"])
    assert [c["name"] for c in both["competitors"]] == [c["name"] for c in smoke["competitors"]]
    assert both["peaks"]["bandwidth"] == 1e9
    assert both["peaks"]["flops"]["float64"] == 7
    assert both["peaks"]["flops"]["float32"] == max(1, smoke["peaks"]["flops"]["float32"])
    other = smoke | {"machine": smoke["machine"] | {"numpy": "0.1"}}
    with pytest.raises(SystemExit, match=r"--add: the file has numpy 0\.1, this is"):
        added(other, one)


@pytest.mark.host
def test_a_routine_that_was_not_measured_has_no_curves(smoke: dict[str, Any]) -> None:
    pytest.importorskip("matplotlib", reason="pip install 'autodiff-tape[plots]'")
    from bench.blas.plots import draw_rates

    axes = draw_rates([smoke], routine="none", lectures=False)
    assert not axes.lines
    assert axes.get_legend() is None


@pytest.mark.host
def test_the_figure_has_a_curve_for_each_device(smoke: dict[str, Any]) -> None:
    pytest.importorskip("matplotlib", reason="pip install 'autodiff-tape[plots]'")
    from bench.blas._page import figure, section
    from bench.blas.plots import LECTURES, draw

    gpu = smoke | {"peaks": smoke["peaks"] | {"name": "P100"}}
    left, right = draw([smoke, gpu]).axes
    legend = left.get_legend()
    assert legend is not None
    names = {text.get_text() for text in legend.get_texts()}
    assert sum("P100" in name for name in names) == 2
    assert len(names) == 4
    assert {text.get_text() for text in left.texts} == {label for label, _, _ in LECTURES}
    assert set(", ".join(t.get_text() for t in right.texts).split(", ")) == {"gemm", "axpy", "trsv"}
    assert len(figure(smoke).axes) == 2
    assert section(smoke).title.startswith("BLAS (")


def test_problems_that_do_not_fit_are_left_out() -> None:
    small, huge = problem("gemm 100 float32"), problem("gemm 9999999 float64")
    assert fitting([small, huge]) == ([small], [huge])


def test_sizes_are_those_of_the_lectures() -> None:
    assert {2000, 4000, 5000, 6000} <= set(ROUTINES["gemm"].sizes)
    rounded = [its for its in problems(KNOWN) if its.dtype == "bfloat16"]
    assert {its.routine.level for its in rounded} == {3}


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            ["--case", "gemm"],
            "--case: expected a routine, N and a dtype, as in 'gemm 2000 float64'",
        ),
        (["--dtypes", "int8"], "--dtypes: unknown 'int8'; expected some of float64"),
        (["--add"], "--add: expected a file, by --json FILE"),
        (["--beside", "nowhere.json"], "nowhere.json: "),
    ],
)
def test_wrong_options_are_named(options: list[str], complaint: str) -> None:
    with pytest.raises(SystemExit, match=complaint.replace("(", r"\(")):
        main(["blas", *options])


def test_the_probe_runs_in_a_process_with_the_threads_that_it_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    assert _probe.probe(["float32"], quick=True).threads == 1


def test_results_of_something_else_are_not_added(tmp_path: Path) -> None:
    file = tmp_path / "steps.json"
    file.write_text('{"benchmark": "steps"}', encoding="utf-8")
    with pytest.raises(SystemExit, match="these are no results of bench blas"):
        main(["blas", "--add", "--json", str(file)])


@pytest.mark.parametrize("file", ["blas", "blas-2-threads"])
def test_what_was_measured_is_whole_and_near_the_peak(file: str) -> None:
    data = json.loads((RESULTS / f"{file}.json").read_text(encoding="utf-8"))
    machine = Machine.from_json(data["peaks"])
    found = {(r.competitor, r.problem.name): r for r in rates(data)}
    assert {m["status"] for m in data["measurements"]} <= {"timed", "missing"}
    assert {c["name"] for c in data["competitors"] if not c["skipped"]} == {
        c.name for c in COMPETITORS
    }
    for (who, name), r in found.items():
        if who == "flat" and name.startswith("gemm ") and r.problem.n >= 4000:
            assert r.gflops > 0.8 * machine.peak(r.problem.dtype), name


def test_large_products_are_of_the_lectures_sizes() -> None:
    data = json.loads((RESULTS / "blas-2-threads.json").read_text(encoding="utf-8"))
    assert {f"gemm {n} float64" for n in (2000, 4000, 5000, 6000)} <= set(names_of(data))
    data = json.loads((RESULTS / "blas.json").read_text(encoding="utf-8"))
    assert {f"gemm {n} float32" for n in (2000, 4000, 5000, 6000)} <= set(names_of(data))


def test_products_are_as_fast_as_the_raw_library() -> None:
    """Within 2 % for the better of eager and flat, 5 % for three products by a tape."""
    data = json.loads((RESULTS / "blas.json").read_text(encoding="utf-8"))
    ratios = {
        (r["case"], r["ours"]): r
        for r in data["ratios"]
        if r["other"] == "raw" and r["case"].split()[0] in ("matmul", "gemm-backward")
    }
    assert len(ratios) == 16
    for (case, who), r in ratios.items():
        if case.startswith("matmul"):
            assert min(ratios[case, "flat"]["value"], ratios[case, "eager"]["value"]) <= 1.02
            assert r["low"] <= 1.02, (case, who)
        else:
            assert r["value"] <= 1.05, (case, who)


def names_of(data: dict[str, Any]) -> list[str]:
    return [case["name"] for case in data["cases"]]
