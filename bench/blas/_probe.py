"""The peaks of a machine, found in a process of its own: threads are read when BLAS is loaded."""

from __future__ import annotations

import json

from bench._case import Loaded, device
from bench._process import Worker
from bench.blas.machine import Machine, measure_machine


def load(dtypes: str, quick: str = "") -> Loaded:
    """Measure, and hand it over as a note."""
    names = dtypes.split(",")
    if device() != "cpu":
        from bench.blas._device import measure_device

        found = measure_device(names, quick=bool(quick))
    elif quick:
        found = measure_machine(names, repeats=2, orders=(128,), elements=1 << 20)
    else:
        found = measure_machine(names)
    return Loaded({}, {}, notes={"machine": json.dumps(found.to_json())})


def probe(dtypes: list[str], quick: bool) -> Machine:
    """The machine, as competitors see it."""
    options = {"dtypes": ",".join(dtypes), "quick": "yes" if quick else ""}
    with Worker() as worker:
        reply = worker.ask("load", module="bench.blas._probe", options=options)
    return Machine.from_json(json.loads(reply["notes"]["machine"]))
