"""The ops of a program under the roof of a machine: what memory and processor allow each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from autodiff.flat import Cost, LineCost
from bench.blas._profile import Profile
from bench.blas.machine import Machine

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Point:
    """One op of a program: what it computes and moves, and, if it was timed, how fast.

    `roof` is the most that the machine allows it, in GFLOP/s: by its compute peak, or by the
    bandwidth of its memory, where that is less.
    """

    label: str
    #: "forward", "backward" or "update"
    section: str
    flops: int
    bytes: int
    roof: float
    #: "memory" or "compute": what limits it
    bound: str
    seconds: float | None = None

    @property
    def intensity(self) -> float:
        """FLOPs per byte."""
        return self.flops / self.bytes if self.bytes else 0.0

    @property
    def gflops(self) -> float | None:
        """GFLOP/s that were reached; None if it was not timed."""
        return None if self.seconds is None else self.flops / self.seconds / 1e9

    @property
    def bandwidth(self) -> float | None:
        """GB/s that were reached; None if it was not timed. What lies in a cache may be faster
        than memory."""
        return None if self.seconds is None else self.bytes / self.seconds / 1e9

    @property
    def fraction(self) -> float | None:
        """Of the roof that was reached; None if it was not timed or computes nothing."""
        return self.gflops / self.roof if self.gflops is not None and self.flops else None


@dataclass(frozen=True, repr=False)
class Roofline:
    """The ops of a program on a machine, in order; prints as a table. `plot` draws it."""

    name: str
    machine: Machine
    dtype: str
    points: tuple[Point, ...]

    @property
    def least_seconds(self) -> float:
        """What the whole program takes at least, if every op is at its roof, one after another."""
        peak, bandwidth = self.machine.peak(self.dtype), self.machine.bandwidth
        return sum(max(p.flops / peak, p.bytes / bandwidth) / 1e9 for p in self.points)

    @property
    def seconds(self) -> float | None:
        """What its ops took together; None if they were not timed."""
        times = [p.seconds for p in self.points]
        return None if None in times else sum(t for t in times if t is not None)

    def plot(self, ax: Axes | None = None, *, labels: int = 8) -> Axes:
        """Draw GFLOP/s against FLOPs per byte, both logarithmic.

        Filled circles are what was reached, their area the share of time; without times, rings on
        the roof are what the machine allows. Ops that compute nothing are not drawn.

        Args:
            ax: where to; new Axes without it.
            labels: of how many ops the names are written, those that take most time first.

        Raises:
            ImportError: matplotlib is not installed.
        """
        from bench.blas.plots import draw_roofline

        return draw_roofline(self, ax, labels)

    def __repr__(self) -> str:
        rows: list[tuple[str, ...]] = [
            ("", "FLOPs", "bytes", "FLOPs/byte", "roof", "GFLOP/s", "GB/s", "of roof", "µs")
        ]
        section = ""
        for p in self.points:
            if p.section != section:
                section = p.section
                rows.append((section, *[""] * 8))
            rows.append((f"  {p.label}", *_cells(p)))
        widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
        lines = [
            row[0].ljust(widths[0])
            + "".join(x.rjust(w + 2) for x, w in zip(row[1:], widths[1:], strict=True))
            for row in rows
        ]
        return "\n".join([self._title(), *(line.rstrip() for line in lines)])

    def _title(self) -> str:
        machine = self.machine
        took = "" if self.seconds is None else f"; ops took {1e6 * self.seconds:.0f} µs"
        return (
            f"{self.name} in {self.dtype} on {machine.name}: "
            f"{machine.peak(self.dtype):.1f} GFLOP/s, {machine.bandwidth:.1f} GB/s, "
            f"ridge at {machine.ridge(self.dtype):.1f} FLOPs/byte; "
            f"at least {1e6 * self.least_seconds:.0f} µs{took}"
        )


def _cells(p: Point) -> tuple[str, ...]:
    def of(x: float | None, form: str = ".3g") -> str:
        return "–" if x is None else f"{x:{form}}"

    return (
        *(f"{p.flops:,}", f"{p.bytes:,}", f"{p.intensity:.2f}", of(p.roof if p.flops else None)),
        *(of(p.gflops if p.flops else None), of(p.bandwidth), of(p.fraction, ".0%")),
        of(None if p.seconds is None else 1e6 * p.seconds),
    )


def roofline(
    program: Cost | Profile, machine: Machine, dtype: str = "float32", *, lines: bool = False
) -> Roofline:
    """Place the ops of a flat program under the roof of a machine.

    The lines of one op that stand together are one point, named by the op and what it makes.

    Args:
        program: what a function's `cost` gave: the graph's own counts. Or what `profile` measured,
            with the same counts and a time for each line.
        machine: what `measure_machine` found.
        dtype: of most of the arithmetic, whose compute peak counts.
        lines: every line of the program is a point of its own.

    Raises:
        KeyError: the machine's peak was not measured in this dtype.

    >>> import autodiff as ad
    >>> laptop = Machine("laptop", 2, {"float32": 200.0}, 20.0)
    >>> f = ad.function(lambda x, y: ad.relu(x @ y), fuse=False)
    >>> cost = f.cost(ad.ones((64, 128)), ad.ones((128, 256)))
    >>> [(p.label, round(p.intensity, 2), round(p.roof, 1), p.bound)
    ...  for p in roofline(cost, laptop).points]
    [('matmul z', 18.29, 200.0, 'compute'), ('relu h', 0.12, 2.5, 'memory')]
    """
    counted: list[tuple[LineCost, float | None]]
    if isinstance(program, Profile):
        counted = [(line.cost, line.seconds) for line in program.lines]
    else:
        counted = [(line, None) for line in program.lines]
    ridge = machine.ridge(dtype)
    points = []
    for cost, seconds in counted if lines else _merged(counted):
        intensity = cost.flops / cost.bytes if cost.bytes else 0.0
        points.append(
            Point(
                cost.text if lines else f"{cost.gate} {cost.name}".rstrip(),
                cost.section,
                cost.flops,
                cost.bytes,
                machine.roof(intensity, dtype),
                "memory" if intensity < ridge else "compute",
                seconds,
            )
        )
    return Roofline(program.name, machine, dtype, tuple(points))


def _merged(
    counted: Sequence[tuple[LineCost, float | None]],
) -> Iterator[tuple[LineCost, float | None]]:
    """Lines of one op that follow each other, as one."""
    last: tuple[LineCost, float | None] | None = None
    for cost, seconds in counted:
        if last is None or (cost.section, cost.gate) != (last[0].section, last[0].gate):
            if last is not None:
                yield last
            last = cost, seconds
            continue
        before, spent = last
        both = replace(cost, flops=before.flops + cost.flops, bytes=before.bytes + cost.bytes)
        last = both, None if spent is None or seconds is None else spent + seconds
    if last is not None:
        yield last
