"""Time competitors side by side: a process each, round by round in turn, every sample kept.

A benchmark lists its competitors and cases and calls `measure`; the result is plain data for
`_report` to print and to write as JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from math import ceil, isfinite
from time import monotonic, sleep
from typing import Any

from bench._machine import Bystanders, describe
from bench._process import Worker, WorkerError
from bench._progress import progress
from bench._stats import Ratio, Summary, paired_ratio, summarise

DOUBTFUL = 0.10  # a spread from here on is marked
USELESS = 0.50  # and from here on no ratio is given
NOISY = 0.30  # of the reference, from here on a case is not reported at all
BUSY = 0.2  # cores that others use from which on it is worth a note


@dataclass(frozen=True)
class Competitor:
    """Someone to time: `module` has `load(**options)`, which returns a `_case.Loaded`.

    `ours`: ratios are taken of it. `peer`: another library, optional, which --peers chooses and
    which --peer-python may have. `optional`: no failure where its package is not installed.
    """

    name: str
    label: str
    module: str
    options: Mapping[str, str] = field(default_factory=dict)
    ours: bool = False
    peer: bool = False
    optional: bool = False


@dataclass(frozen=True)
class CaseInfo:
    """A column of the table: `count` units (operations, steps) happen in one repetition."""

    name: str
    unit: str
    count: int


@dataclass(frozen=True)
class Settings:
    """How many rounds, how long a sample lasts, and how long to wait before each.

    After `limit` seconds a case has no more rounds than the two that it needs. Where the reference,
    the first that is neither ours nor a peer, scatters by more than `noise`, a case is measured
    once more, and then refused.
    """

    rounds: int = 30
    seconds: float = 0.02
    settle: float = 0.03  # threads of the one before may spin that long before they sleep
    limit: float | None = None
    noise: float | None = NOISY

    @classmethod
    def quick(cls) -> Settings:
        """Enough to see that everything runs."""
        return cls(rounds=3, seconds=0.001, settle=0.0, noise=None)


@dataclass
class Measurement:
    """One competitor in one case.

    `status` is timed, wrong, failed, missing (no such case) or noisy (timed, but on a machine on
    which times mean nothing).
    """

    competitor: str
    case: str
    status: str = "missing"
    message: str = ""
    error: float | None = None
    repeat: int = 0
    samples_us: list[float] = field(default_factory=list)
    about: dict[str, float] = field(default_factory=dict)  # what it said of itself

    @property
    def summary(self) -> Summary:
        """Median and quartiles in µs per unit."""
        return summarise(self.samples_us)


@dataclass
class Entrant:
    """A competitor, its process, and what it said when it was loaded."""

    competitor: Competitor
    worker: Worker | None = None
    info: dict[str, Any] = field(default_factory=dict)
    skipped: str | None = None
    missing: bool = False


@dataclass
class Report:
    """Everything that was measured; `to_json` is what --json writes."""

    benchmark: str
    settings: Settings
    cases: Sequence[CaseInfo]
    entrants: Sequence[Entrant]
    machine: dict[str, Any]
    measurements: dict[tuple[str, str], Measurement] = field(default_factory=dict)
    bystanders: dict[str, float | None] = field(default_factory=dict)  # cores in use, by case
    refused: dict[str, float] = field(default_factory=dict)  # the reference's spread, by case

    def ratios(self) -> Iterator[tuple[str, str, str, Ratio]]:
        """(case, ours, other, ratio) for every pair that was timed in the same rounds."""
        competitors = [entrant.competitor for entrant in self.entrants]
        ours = [c.name for c in competitors if c.ours]
        others = [c.name for c in competitors if not c.ours]
        for case, mine, other in product(self.cases, ours, others):
            pair = [self.measurements.get((who, case.name)) for who in (mine, other)]
            samples = [m.samples_us for m in pair if m is not None and m.status == "timed"]
            if len(samples) == 2:
                yield case.name, mine, other, paired_ratio(*samples)

    def problems(self) -> list[str]:
        """What was skipped, wrong, failed or too scattered to trust: one line each."""
        labels = {e.competitor.name: e.competitor.label for e in self.entrants}
        lines = [f"{e.competitor.label} skipped: {e.skipped}" for e in self.entrants if e.skipped]
        for m in self.measurements.values():
            where = f"{labels[m.competitor]}, {m.case}"
            if m.status in ("wrong", "failed"):
                lines.append(f"{where}: {m.message}")
            elif m.status == "timed" and m.summary.spread > DOUBTFUL:
                lines.append(
                    f"{where}: half of the samples lie from {m.summary.q1:.3g} to "
                    f"{m.summary.q3:.3g} µs around {m.summary.median:.3g}: do not trust it"
                )
        for e in self.entrants:
            other = e.info.get("versions", {}).get("numpy", self.machine["numpy"])
            if other != self.machine["numpy"]:
                lines.append(f"{e.competitor.label} has NumPy {other}")
        lines += [
            f"{case}: refused, as NumPy by hand scatters by {spread:.0%}: the machine is too noisy"
            for case, spread in self.refused.items()
        ]
        cores = self.machine["cores"]
        for case, used in self.bystanders.items():
            if used is not None and used > BUSY:
                lines.append(f"{case}: other processes kept {used:.1f} of {cores} cores busy")
        if self.settings.rounds < 10:
            lines.append(f"{self.settings.rounds} rounds are a smoke test, not a measurement")
        return lines

    @property
    def exit_status(self) -> int:
        """1 if ours failed, 3 if the machine was too noisy for a case, else 0."""
        return 1 if self.ours_failed else 3 * bool(self.refused)

    @property
    def ours_failed(self) -> bool:
        """Whether the library that this is about was missing, wrong or failed anywhere."""
        ours = {e.competitor.name for e in self.entrants if e.competitor.ours}
        skipped = [e for e in self.entrants if e.competitor.ours and e.skipped]
        return any(not (e.competitor.optional and e.missing) for e in skipped) or any(
            m.status in ("wrong", "failed")
            for m in self.measurements.values()
            if m.competitor in ours
        )

    def to_json(self) -> dict[str, Any]:
        """The report as plain values; samples are in µs per unit, in the order they were taken."""
        return {
            "schema": 1,
            "benchmark": self.benchmark,
            "machine": self.machine,
            "settings": asdict(self.settings),
            "cases": [asdict(case) for case in self.cases],
            "competitors": [
                {
                    "name": e.competitor.name,
                    "label": e.competitor.label,
                    "ours": e.competitor.ours,
                    "peer": e.competitor.peer,
                    "optional": e.competitor.optional,
                    "skipped": e.skipped,
                    **e.info,
                }
                for e in self.entrants
            ],
            "measurements": [
                asdict(m)
                | {"error": m.error if m.error is not None and isfinite(m.error) else None}
                | (asdict(m.summary) if m.status == "timed" else {})
                for m in self.measurements.values()
            ],
            "ratios": [
                {"case": case, "ours": ours, "other": other, **asdict(ratio)}
                for case, ours, other, ratio in self.ratios()
            ],
            "bystander_cores": self.bystanders,
            "refused": self.refused,
            "problems": self.problems(),
        }


def measure(
    benchmark: str,
    competitors: Sequence[Competitor],
    cases: Sequence[CaseInfo],
    settings: Settings,
    peer_python: str | None = None,
    keep: Callable[[Report], object] = lambda report: None,
) -> Report:
    """Load all competitors, then time them case by case; nobody's failure stops the others.

    `keep` is given the report after every case: what is stopped in the next one has that.
    """
    with ExitStack() as stack:
        entrants = [_load(c, stack, peer_python if c.peer else None) for c in competitors]
        report = Report(benchmark, settings, cases, entrants, describe())
        processes = [e.worker.process.pid for e in entrants if e.worker is not None]
        for case in cases:
            bystanders = Bystanders(processes)
            found = _measure_case(case, entrants, settings)
            if _too_noisy(found, entrants, settings) is not None:
                found = _measure_case(case, entrants, settings)
            spread = _too_noisy(found, entrants, settings)
            if spread is not None:
                report.refused[case.name] = spread
                found = [replace(m, status="noisy") if m.status == "timed" else m for m in found]
            for measurement in found:
                report.measurements[measurement.competitor, case.name] = measurement
            report.bystanders[case.name] = bystanders.cores()
            keep(report)
    return report


def _too_noisy(
    found: Sequence[Measurement], entrants: Sequence[Entrant], settings: Settings
) -> float | None:
    """The spread of the first that is neither ours nor a peer, if it is beyond what is allowed."""
    references = [
        e.competitor.name for e in entrants if not e.competitor.ours and not e.competitor.peer
    ]
    times = {m.competitor: m for m in found if m.status == "timed"}
    reference = next((times[name] for name in references if name in times), None)
    if reference is None or settings.noise is None:
        return None
    spread = reference.summary.spread
    return spread if spread > settings.noise else None


def _load(competitor: Competitor, stack: ExitStack, python: str | None) -> Entrant:
    entrant = Entrant(competitor, stack.enter_context(Worker(python)))
    assert entrant.worker is not None
    try:
        entrant.info = entrant.worker.ask(
            "load", module=competitor.module, options=dict(competitor.options)
        )
    except WorkerError as error:
        entrant.skipped = f"{error}" if error.missing else f"failed to load: {error}"
        entrant.missing = error.missing
        entrant.worker = None
    return entrant


def _measure_case(
    case: CaseInfo, entrants: Sequence[Entrant], settings: Settings
) -> list[Measurement]:
    """Open the case everywhere, sample in turn for every round, close it."""
    results: list[Measurement] = []
    running: list[tuple[Worker, Measurement]] = []
    for entrant in entrants:
        if entrant.skipped is None:
            results.append(Measurement(entrant.competitor.name, case.name))
            if entrant.worker is not None and case.name in entrant.info["cases"]:
                running.append((entrant.worker, results[-1]))

    running = [runner for runner in running if _guarded(_open, *runner, settings)]
    started = monotonic()
    for number in progress(range(settings.rounds), case.name):
        if settings.limit is not None and number >= 2 and monotonic() - started > settings.limit:
            break
        shift = number % max(len(running), 1)
        for runner in running[shift:] + running[:shift]:
            sleep(settings.settle)
            if not _guarded(_sample, *runner, case):
                running.remove(runner)
    for runner in running:
        _guarded(lambda worker, _: worker.ask("close"), *runner)
    return results


def _guarded(action: Any, worker: Worker, measurement: Measurement, *more: Any) -> bool:
    """Run the action; an error of the worker is noted in the measurement. Whether to go on."""
    try:
        action(worker, measurement, *more)
    except WorkerError as error:
        measurement.status, measurement.message = "failed", str(error)
    return measurement.status == "timed"


def _open(worker: Worker, measurement: Measurement, settings: Settings) -> None:
    """Check the answer, then find out how many repetitions fill a sample."""
    if not worker.alive:
        raise WorkerError("its process ended in an earlier case")
    reply = worker.ask("open", case=measurement.case)
    measurement.error = reply["error"]
    if not reply["error"] <= reply["tolerance"]:
        measurement.status = "wrong"
        off, limit = reply["error"], reply["tolerance"]
        measurement.message = f"its result is off by {off:.1e}, more than {limit:.0e}; not timed"
        return
    measurement.about, measurement.status = reply["about"], "timed"
    if reply["repeat"] is not None:
        measurement.repeat = reply["repeat"]
        return
    once = worker.ask("time", repeat=1)["seconds"]
    if once < settings.seconds:  # the first run was a cold one
        once = worker.ask("time", repeat=3)["seconds"] / 3
    measurement.repeat = ceil(settings.seconds / once)


def _sample(worker: Worker, measurement: Measurement, case: CaseInfo) -> None:
    seconds = worker.ask("time", repeat=measurement.repeat)["seconds"]
    measurement.samples_us.append(seconds * 1e6 / (measurement.repeat * case.count))
