"""`python -m bench ops`: the price of recording an operation and of a small training step.

A chain of 1000 multiplies and adds on arrays of four sizes, forward and backward to the gradients
of its three leaves, and one training step of a 784-16-16-10 network on ten images.
"""

from __future__ import annotations

import argparse

from bench._harness import CaseInfo, Competitor, measure
from bench._options import add_measuring_arguments, choose_cases, choose_competitors, settings_from
from bench._report import render
from bench.ops.problems import OPS, SHAPES, STEP
from bench.steps import keeper

COMPETITORS = (
    Competitor("tensors", "autodiff, Tensors", "bench.ops.ours", {"leaves": "tensors"}, ours=True),
    Competitor(
        "variables", "autodiff, Variables", "bench.ops.ours", {"leaves": "variables"}, ours=True
    ),
    Competitor("numpy", "NumPy by hand", "bench.ops.plain_numpy"),
    Competitor("micrograd", "micrograd's way", "bench.ops.micrograd"),
    Competitor("torch", "PyTorch eager", "bench.ops.pytorch", peer=True),
    Competitor("autograd", "HIPS autograd", "bench.ops.hips", peer=True),
    Competitor("mygrad", "MyGrad", "bench.ops.mygrad_engine", peer=True),
)
CASES = (*(CaseInfo(shape, "op", OPS) for shape in SHAPES), CaseInfo(STEP, "step", 1))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """This command has the options for measuring and no others."""
    add_measuring_arguments(parser)


def main(args: argparse.Namespace) -> int:
    """Measure, print, write; 1 if ours was missing, wrong or failed, 3 on too noisy a machine."""
    settings = settings_from(args)
    competitors = choose_competitors(COMPETITORS, args.peers)
    cases = choose_cases(CASES, args.case)
    keep = keeper(args.json)
    report = measure("ops", competitors, cases, settings, args.peer_python, keep)
    print(render(report))
    return report.exit_status
