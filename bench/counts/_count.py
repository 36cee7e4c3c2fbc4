"""The counting: what is run, and what of it is counted."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

import autodiff as ad
from autodiff.engine._graph import Graph
from bench.jacobian import ours as jacobians
from bench.jacobian.problems import inputs as jacobian_inputs
from bench.lenet import ours as lenet
from bench.lenet.problems import PROBLEMS
from bench.lenet.problems import inputs as lenet_inputs
from bench.ops.ours import chain
from bench.ops.problems import OPS, chain_inputs
from bench.steps import ours as steps
from bench.steps.problems import NETS, Net, Training
from bench.steps.problems import inputs as step_inputs
from nn.layers import Dense, Input
from nn.models import Sequential

Counts = dict[str, dict[str, int]]
WARM = 3
ROOT = Path(__file__).parents[2]


def counts() -> Counts:
    """All counts, by what was run: name -> kind -> number."""
    found: Counts = {}
    batch = PROBLEMS[0].batch
    for mode in ("flat", "eager"):
        for net in NETS:
            make = partial(_perceptron, net)
            found[f"steps/{net.name}/{mode}"] = step(mode, make)
        make = partial(lenet.eager, batch, *lenet_inputs(batch))
        found[f"lenet/{PROBLEMS[0].name}/{mode}"] = step(mode, make)
    parameters, x = jacobian_inputs()
    f, one = jacobians.net_of(parameters), ad.asarray(x[0].copy())
    for name, derivative in (("jacobian", jacobians.jacobian), ("hessian", jacobians.hessian)):
        found[f"jacobian/{name}/flat"] = program(ad.function(derivative(f)), one)
    run = chain(ad.asarray, *chain_inputs(()))
    run()
    found["ops/scalar"] = {"bytecodes per op": round(bytecodes(run) / OPS)}
    found["fit/784-16-16-10"] = {"bytecodes per batch": fit_batch()}
    found["import autodiff"] = {"modules": modules()}
    return found


def _perceptron(net: Net, decorate: Any) -> Training:
    return steps.train(decorate, net, *step_inputs(net))


def step(mode: str, make: Callable[[Any], Any]) -> dict[str, int]:
    """Of a training step, which `make(decorate)` gives."""
    if mode == "eager":
        training = make(lambda f: f)
        for _ in range(WARM):
            training.run()
        with records() as count:
            training.run()
        return {"records": count[0], "bytecodes": bytecodes(training.run)}
    kept: list[Any] = []

    def keep(f: Any) -> Any:
        function = ad.function(f, fuse=False)

        def call(*args: Any) -> Any:
            kept[:] = [function, args]
            return function(*args)

        return call

    make(keep).run()  # once, for modules and caches that all programs share
    compiled = calls(make(keep).run)
    function, args = kept
    return {**program(function, *args), "calls to compile": compiled}


def program(function: Any, *args: Any) -> dict[str, int]:
    """Of a flat program at these arguments."""
    for _ in range(WARM):
        function(*args)
    cost = function.cost(*args)
    return {
        "lines": len(cost.lines),
        "flops": cost.flops,
        "bytes": cost.bytes,
        "memory": cost.memory,
        "bytecodes": bytecodes(lambda: function(*args)),
    }


def fit_batch() -> int:
    """Bytecodes of one more batch in an epoch of `fit`."""
    rng = np.random.default_rng(0)
    model = Sequential([Input((784,)), Dense(16, "relu"), Dense(16, "relu"), Dense(10, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    few, many = 20, 60

    def epoch(batches: int) -> Callable[[], object]:
        x = rng.uniform(size=(10 * batches, 784)).astype(np.float32)
        y = rng.integers(0, 10, 10 * batches)
        return lambda: model.fit(x, y, batch_size=10, verbose=0)

    runs = [epoch(few), epoch(many)]
    for run in runs:
        run()
    less, more = (bytecodes(run) for run in runs)
    return round((more - less) / (many - few))


@contextmanager
def records() -> Iterator[list[int]]:
    """Counts what graphs record meanwhile, leaves included."""
    count = [0]

    class Counting(list[Any]):
        def append(self, record: Any) -> None:
            count[0] += 1
            super().append(record)

    before = Graph.__init__

    def init(self: Graph, *args: Any, **kwargs: Any) -> None:
        before(self, *args, **kwargs)
        self.records = Counting(self.records)

    Graph.__init__ = init  # type: ignore[method-assign]
    try:
        yield count
    finally:
        Graph.__init__ = before  # type: ignore[method-assign]


def bytecodes(run: Callable[[], object]) -> int:
    """How many instructions of Python's machine a run takes, those of `run` itself included."""
    count = 0

    def local(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        count += event == "opcode"
        return local

    def enter(frame: FrameType, event: str, _: Any) -> Any:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return local

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        run()
    finally:
        sys.settrace(before)
    return count


def calls(run: Callable[[], object]) -> int:
    """How many functions a run calls, of Python's and of C's."""
    count = 0

    def notice(frame: FrameType, event: str, _: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(notice)
    try:
        run()
    finally:
        sys.setprofile(before)
    return count


def modules() -> int:
    """How many modules `import autodiff` loads beside NumPy's own import."""
    code = (
        "import sys, numpy; before = set(sys.modules); import autodiff;"
        "print(len(set(sys.modules) - before))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return int(said.stdout)
