"""`python -m bench jacobian`: first and second derivatives of a net, beside other libraries.

A net of three layers, 64-64-64-64 with tanh, in float32: its Jacobian by the input, those of a
batch of 32 inputs, and the Hessian of half the square of its output.
"""

from __future__ import annotations

import argparse
import os

from bench._harness import CaseInfo, Competitor, measure
from bench._options import add_measuring_arguments, choose_cases, choose_competitors, settings_from
from bench._report import render
from bench.jacobian.problems import CASE_NAMES
from bench.steps import keeper, thread_limits

COMPETITORS = (
    Competitor("flat", "autodiff, flat", "bench.jacobian.ours", {"mode": "flat"}, ours=True),
    Competitor("eager", "autodiff, eager", "bench.jacobian.ours", {"mode": "eager"}, ours=True),
    Competitor("rows", "autodiff, row by row", "bench.jacobian.ours", {"mode": "rows"}),
    Competitor("numpy", "NumPy by hand", "bench.jacobian.plain_numpy"),
    Competitor("jax", "JAX jit(jacrev)", "bench.jacobian.jax_jit", peer=True),
    Competitor(
        "torch", "PyTorch func.jacrev", "bench.jacobian.pytorch", {"mode": "func"}, peer=True
    ),
    Competitor(
        *("torch-functional", "PyTorch functional", "bench.jacobian.pytorch"),
        {"mode": "functional"},
        peer=True,
    ),
)
CASES = tuple(CaseInfo(name, "call", 1) for name in CASE_NAMES)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options for measuring, and the threads."""
    add_measuring_arguments(parser)
    parser.add_argument(
        "--threads", type=int, metavar="N", help="threads of each competitor (default: its own)"
    )


def main(args: argparse.Namespace) -> int:
    """Measure, print, write; 1 if ours was missing, wrong or failed, 3 on too noisy a machine."""
    settings = settings_from(args)
    competitors = choose_competitors(COMPETITORS, args.peers)
    cases = choose_cases(CASES, args.case)
    if args.threads is not None:
        os.environ.update(thread_limits(args.threads))
    keep = keeper(args.json)
    report = measure("jacobian", competitors, cases, settings, args.peer_python, keep)
    print(render(report))
    return report.exit_status
