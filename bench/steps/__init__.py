"""`python -m bench steps`: whole training steps of small perceptrons, beside other libraries.

Forward, softmax cross-entropy, backward and the update, in float32: 784-16-16-10 with SGD on 10
images, 784-512-10 with RMSprop on 128, and 784-100-10 with sigmoids and Adam on 100.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench._harness import CaseInfo, Competitor, Report, measure
from bench._options import add_measuring_arguments, choose_cases, choose_competitors, settings_from
from bench._report import render
from bench.steps.problems import NETS

COMPETITORS = (
    Competitor("flat", "autodiff, flat", "bench.steps.ours", {"mode": "flat"}, ours=True),
    Competitor(
        *("fused", "autodiff, fused", "bench.steps.ours", {"mode": "fused"}),
        ours=True,
        optional=True,
    ),
    Competitor("eager", "autodiff, eager", "bench.steps.ours", {"mode": "eager"}, ours=True),
    Competitor("numpy-flat", "NumPy by hand, flat", "bench.steps.flat_numpy"),
    Competitor("numpy", "NumPy by hand", "bench.steps.plain_numpy"),
    Competitor("jax", "JAX jit", "bench.steps.jax_jit", {"dispatch": "ahead"}, peer=True),
    Competitor(
        "jax-inline", "JAX jit, inline", "bench.steps.jax_jit", {"dispatch": "inline"}, peer=True
    ),
    Competitor("torch", "PyTorch eager", "bench.steps.pytorch", {"mode": "eager"}, peer=True),
    Competitor(
        "torch-fused", "PyTorch, fused update", "bench.steps.pytorch", {"mode": "fused"}, peer=True
    ),
    Competitor(
        "torch-compile", "torch.compile", "bench.steps.pytorch", {"mode": "compile"}, peer=True
    ),
    Competitor(
        *("torch-graphs", "PyTorch, CUDA graphs", "bench.steps.pytorch", {"mode": "graphs"}),
        peer=True,
    ),
    Competitor(
        *("tensorflow", "TensorFlow, tf.function", "bench.steps.tf_function", {"mode": "graph"}),
        peer=True,
    ),
    Competitor(
        *("tensorflow-xla", "TensorFlow, XLA", "bench.steps.tf_function", {"mode": "xla"}),
        peer=True,
    ),
    Competitor("tinygrad", "tinygrad, TinyJit", "bench.steps.tiny", peer=True),
    Competitor("autograd", "HIPS autograd", "bench.steps.hips", peer=True),
    Competitor("mygrad", "MyGrad", "bench.steps.mygrad_engine", peer=True),
)
CASES = tuple(CaseInfo(net.name, "step", 1) for net in NETS)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options for measuring, and what to measure."""
    add_measuring_arguments(parser)
    parser.add_argument(
        "--threads", type=int, metavar="N", help="threads of each competitor (default: its own)"
    )


def thread_limits(threads: int) -> dict[str, str]:
    """The environment that keeps BLAS, OpenMP, XLA and TensorFlow to so many threads."""
    if threads < 1:
        raise SystemExit(f"--threads {threads}: expected at least 1")
    names = (
        *("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"),
        *("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"),
    )
    limits = dict.fromkeys(names, str(threads))
    if threads == 1:  # XLA knows one or all
        limits["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    return limits


def main(args: argparse.Namespace) -> int:
    """Measure, print, write; 1 if ours was missing, wrong or failed, 3 on too noisy a machine."""
    return run("steps", COMPETITORS, CASES, args)


def run(
    name: str,
    all_competitors: Sequence[Competitor],
    all_cases: Sequence[CaseInfo],
    args: argparse.Namespace,
) -> int:
    """The same for a benchmark of steps with this name, these competitors and cases."""
    settings = settings_from(args)
    competitors = choose_competitors(all_competitors, args.peers)
    cases = choose_cases(all_cases, args.case)
    if args.threads is not None:
        os.environ.update(thread_limits(args.threads))
    keep = keeper(args.json)
    report = measure(name, competitors, cases, settings, args.peer_python, keep)
    print(render(report))
    return report.exit_status


def keeper(file: Path | None) -> Callable[[Report], None]:
    """What writes a report to a file, if there is one, after every case."""
    return lambda report: write_json(file, report.to_json())


def write_json(file: Path | None, values: Any) -> None:
    if file is not None:
        text = json.dumps(values, ensure_ascii=False, allow_nan=False)
        file.write_text(text + "\n", encoding="utf-8")
