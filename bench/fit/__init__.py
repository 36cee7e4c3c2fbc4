"""`python -m bench fit`: whole epochs of `fit` on MNIST, beside Keras 3 on its three backends.

60,000 digits, shuffled anew, loss and accuracy kept, as users call it: 784-512-10 with RMSprop and
one-hot labels in batches of 128, and 784-16-16-10 with SGD and integer labels in batches of 10. The
first epoch, in which programs are made, is not timed: after it so many test digits have to be read
right. `data.mnist` says where the digits are looked for.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench._harness import CaseInfo, Competitor, measure
from bench._options import add_measuring_arguments, choose_cases, choose_competitors, settings_from
from bench._report import render
from bench.fit.problems import PROBLEMS
from bench.steps import keeper, thread_limits

ROUNDS = 10

COMPETITORS = (
    Competitor("flat", "autodiff", "bench.fit.ours", {"jit_compile": ""}, ours=True),
    Competitor(
        *("fused", "autodiff, jit_compile", "bench.fit.ours", {"jit_compile": "yes"}),
        ours=True,
        optional=True,
    ),
    *(
        Competitor(
            f"keras-{backend}",
            f"Keras on {label}",
            "bench.fit.keras_fit",
            {"backend": backend},
            peer=True,
        )
        for backend, label in {"jax": "JAX", "tensorflow": "TensorFlow", "torch": "PyTorch"}.items()
    ),
)
CASES = tuple(CaseInfo(problem.name, "epoch", 1) for problem in PROBLEMS)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options for measuring."""
    add_measuring_arguments(parser)
    parser.add_argument(
        "--threads", type=int, metavar="N", help="threads of each competitor (default: its own)"
    )


def main(args: argparse.Namespace) -> int:
    """Measure, print, write; 1 if our own `fit` was wrong or failed."""
    if args.rounds is None and not args.quick:
        args.rounds = ROUNDS
    settings = settings_from(args)
    competitors = choose_competitors(COMPETITORS, args.peers)
    cases = choose_cases(CASES, args.case)
    if args.threads is not None:
        os.environ.update(thread_limits(args.threads))
    with tempfile.TemporaryDirectory() as folder:
        digits = {"digits": write_digits(Path(folder))}
        competitors = [replace(c, options={**c.options, **digits}) for c in competitors]
        keep = keeper(args.json)
        report = measure("fit", competitors, cases, settings, args.peer_python, keep)
    print(render(report))
    return report.exit_status


def write_digits(folder: Path) -> str:
    """MNIST in a file that needs nothing of ours to be read."""
    import data  # which a peer's interpreter need not have

    (x, y), (x_test, y_test) = data.mnist.load_data()
    np.savez(folder / "digits.npz", x=x, y=y, x_test=x_test, y_test=y_test)
    return str(folder / "digits.npz")
