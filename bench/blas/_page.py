"""What the page of results shows of `bench blas`: its table, and its figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bench._page._model import Section, Table, Text
from bench.blas._rates import about, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def section(data: Mapping[str, Any]) -> Section:
    """GFLOP/s of all competitors, and what the flat program reads and writes."""
    machine = data["machine"]
    threads = data["peaks"]["threads"]
    what = f"{threads} thread{'' if threads == 1 else 's'}" if threads else data["peaks"]["device"]
    return Section(
        f"BLAS ({what})",
        [
            Text(f"{machine['date'][:10]}, NumPy {machine['numpy']}. {about(data)}."),
            Table(*table(data)),
            Text(
                "FLOPs are the routine's; bytes, and what follows from them, those that the flat "
                "program really reads and writes: NumPy adds a product to a matrix in a second "
                "pass. More than all of the bandwidth comes from caches."
            ),
        ],
    )


def figure(data: Mapping[str, Any]) -> Figure:
    """GFLOP/s against N, and the routines under the roof."""
    from bench.blas.plots import draw

    return draw([data])
