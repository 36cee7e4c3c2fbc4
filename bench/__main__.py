"""`python -m bench COMMAND`: the table of commands, and the options that all of them share.

A command is the module of its name in this folder. It is imported only when it is asked for, and
has `add_arguments(parser)` and `main(args)`, whose result is the exit status (None is success).
`--device` is added and checked here; options for measuring come from `_options`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

COMMANDS = {
    "ops": "time per recorded operation, and per small training step, beside other libraries",
    "steps": "time per whole training step of three perceptrons, beside other libraries",
    "lenet": "time per whole training step of LeNet-5, beside other libraries",
    "fit": "time per whole epoch of fit on MNIST, beside Keras on its backends",
    "mlp": "learn handwritten digits and draw what was learnt",
    "lectures": "every model of the lectures, trained to its number",
}
DEVICES = ("cpu",)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv` names (default: the process's own arguments)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    wanted = next((word for word in arguments if not word.startswith("-")), None)

    parser = argparse.ArgumentParser(prog="python -m bench", description="Benchmarks.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        command.add_argument("--device", default="cpu", help="where to compute (default: cpu)")
        if name == wanted:
            if find_spec(f"bench.{name}") is None:
                parser.error(f"the command {name!r} is not part of this version")
            module = import_module(f"bench.{name}")
            module.add_arguments(command)

    args = parser.parse_args(arguments)
    if args.device not in DEVICES:
        parser.error(f"--device {args.device}: this version runs on the CPU; use --device cpu")
    return int(module.main(args) or 0)


if __name__ == "__main__":
    sys.exit(main())
