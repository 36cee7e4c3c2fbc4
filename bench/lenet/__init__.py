"""`python -m bench lenet`: whole training steps of LeNet-5, beside other libraries.

Convolution 6@5×5 with padding, max pooling, convolution 16@5×5, max pooling, 120, 84, 10; softmax
cross-entropy, backward, SGD with momentum, in float32 on 32 and on 128 images.
"""

from __future__ import annotations

import argparse

from bench._harness import CaseInfo, Competitor
from bench.lenet.problems import PROBLEMS
from bench.steps import add_arguments as add_arguments
from bench.steps import run

COMPETITORS = (
    Competitor("flat", "autodiff, flat", "bench.lenet.ours", {"mode": "flat"}, ours=True),
    Competitor("eager", "autodiff, eager", "bench.lenet.ours", {"mode": "eager"}, ours=True),
    Competitor("numpy-flat", "NumPy by hand, flat", "bench.lenet.flat_numpy"),
    Competitor("numpy", "NumPy by hand", "bench.lenet.plain_numpy"),
    Competitor("jax", "JAX jit", "bench.lenet.jax_jit", peer=True),
    Competitor("torch", "PyTorch eager", "bench.lenet.pytorch", {"mode": "first"}, peer=True),
    Competitor(
        "torch-last", "PyTorch, channels last", "bench.lenet.pytorch", {"mode": "last"}, peer=True
    ),
    Competitor(
        *("torch-compile", "torch.compile", "bench.lenet.pytorch", {"mode": "compile"}), peer=True
    ),
    Competitor(
        *("torch-graphs", "PyTorch, CUDA graphs", "bench.lenet.pytorch", {"mode": "graphs"}),
        peer=True,
    ),
    Competitor(
        *("tensorflow", "TensorFlow, tf.function", "bench.lenet.tf_function", {"mode": "graph"}),
        peer=True,
    ),
    Competitor(
        *("tensorflow-xla", "TensorFlow, XLA", "bench.lenet.tf_function", {"mode": "xla"}),
        peer=True,
    ),
)
CASES = tuple(CaseInfo(problem.name, "step", 1) for problem in PROBLEMS)


def main(args: argparse.Namespace) -> int:
    """Measure, print, write; 1 if our own engine was missing, wrong or failed."""
    return run("lenet", COMPETITORS, CASES, args)
