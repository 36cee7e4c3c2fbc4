"""`python -m bench COMMAND`: the table of commands, and the options that all of them share.

A command is the module of its name in this folder. It is imported only when it is asked for, and
has `add_arguments(parser)` and `main(args)`, whose result is the exit status (None is success).
`--device` is added and checked here; options for measuring come from `_options`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

from bench._case import DEVICE_VARIABLE, device

COMMANDS = {
    "all": "every benchmark in short settings, and the page of what was found",
    "ops": "time per recorded operation, and per small training step, beside other libraries",
    "blas": "GFLOP/s and GB/s of BLAS' routines, beside other libraries and the machine's peak",
    "steps": "time per whole training step of three perceptrons, beside other libraries",
    "lenet": "time per whole training step of LeNet-5, beside other libraries",
    "fit": "time per whole epoch of fit on MNIST, beside Keras on its backends",
    "jacobian": "time per Jacobian and Hessian of a small net, beside other libraries",
    "memory": "bytes at the peak of training steps, tapes and layers that are run again",
    "scaling": "how cost grows with size; import time and install size",
    "counts": "what can be counted instead of timed: lines, operations, bytes, bytecodes",
    "compare": "what got slower or faster between two files of results",
    "mlp": "learn handwritten digits and draw what was learnt",
    "lectures": "every model of the lectures, trained to its number",
    "report": "all results as one page; with --device cuda, tests and measurements there in one go",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv` names (default: the process's own arguments)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    wanted = next((word for word in arguments if not word.startswith("-")), None)

    parser = argparse.ArgumentParser(prog="python -m bench", description="Benchmarks.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        command.add_argument(
            "--device",
            default=device(),
            help=f"cpu or cuda (default: ${DEVICE_VARIABLE}, else cpu)",
        )
        if name == wanted:
            if find_spec(f"bench.{name}") is None:
                parser.error(f"the command {name!r} is not part of this version")
            module = import_module(f"bench.{name}")
            module.add_arguments(command)

    args = parser.parse_args(arguments)
    if args.device != "cpu":
        _check_device(parser, args.device)
    if args.device != device():
        os.environ[DEVICE_VARIABLE] = args.device  # for workers, too
    return int(module.main(args) or 0)


def _check_device(parser: argparse.ArgumentParser, name: str) -> None:
    """End with a message where there is no such device."""
    from autodiff.arrays._device import resolve

    try:
        resolve(name)
    except (RuntimeError, ValueError) as error:
        parser.error(f"--device {name}: {error}")


if __name__ == "__main__":
    sys.exit(main())
