"""Learn handwritten digits with a small network, then draw what was learnt: `make demo`.

`build` and `train` are the whole of the learning, as one writes it with Keras; the rest chooses the
digits and writes down what came of it.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import nn
from autodiff._files import write_atomically
from bench import _mlp_pictures
from bench._machine import describe
from bench._mlp_data import CHOICES, Digits, choose
from bench._mlp_history import History, Recorder
from nn.layers import Dense, Flatten
from nn.losses import SparseCategoricalCrossentropy
from nn.models import Sequential
from optim import SGD, Adam, Optimizer

OPTIMIZERS: dict[str, type[SGD] | type[Adam]] = {"sgd": SGD, "adam": Adam}

loss_of = SparseCategoricalCrossentropy(from_logits=True)


def build(image_shape: tuple[int, ...], widths: list[int]) -> Sequential:
    """Pixels in a row, hidden layers of these widths with relu, and a logit for each digit."""
    model = Sequential([Flatten(input_shape=image_shape)])
    for width in widths:
        model.add(Dense(width, activation="relu"))
    model.add(Dense(10))
    return model


def train(
    model: Sequential, optimizer: Optimizer, digits: Digits, epochs: int, batch: int
) -> History:
    """Mini-batch gradient descent: every epoch sees all training digits, in a new order."""
    recorder = Recorder(len(digits.y_train), batch)
    model.compile(optimizer, loss_of, metrics=["accuracy"])
    model.fit(
        digits.x_train,
        digits.y_train,
        batch_size=batch,
        epochs=epochs,
        validation_data=(digits.x_test, digits.y_test),
        callbacks=[recorder],
    )
    return recorder.kept


def evaluate(model: Sequential, digits: Digits) -> tuple[float, float]:
    """Loss and accuracy on the held-out digits."""
    model.compile(loss=loss_of, metrics=["accuracy"])
    loss, accuracy = model.evaluate(digits.x_test, digits.y_test, verbose=0)
    return loss, accuracy


def main(args: argparse.Namespace) -> None:
    """Choose digits, train, and write the folder."""
    digits = choose(args.dataset)
    nn.utils.set_random_seed(args.seed)
    model = build(digits.x_train.shape[1:], args.layers)
    model.summary()
    optimizer = OPTIMIZERS[args.optimizer]()
    if args.learning_rate is not None:
        optimizer.learning_rate = args.learning_rate

    print()
    epochs = args.epochs or digits.epochs
    history = train(model, optimizer, digits, epochs, args.batch)
    print(
        f"\n{history.accuracy:.2%} of {len(digits.y_test):,} held-out digits are read right; "
        f"{history.seconds_per_epoch:.2f} s per epoch."
    )

    args.output.mkdir(parents=True, exist_ok=True)
    print(f"\n{args.output} holds")
    _mlp_pictures.write_weights(args.output, model)
    if not args.no_pictures:
        sizes = [v.shape[0] for v in model.variables if v.ndim == 2]
        net = "-".join(map(str, [*sizes, 10]))
        how = f"{digits.title}, {net}, {type(optimizer).__name__}"
        title = f"{how}: {history.accuracy:.1%} of held-out digits read right"
        _mlp_pictures.write_pictures(args.output, model, loss_of, digits, history, title)
    if args.json is not None:
        figures = {
            "dataset": digits.title,
            "layers": args.layers,
            "optimizer": args.optimizer,
            "learning_rate": float(optimizer.learning_rate),
            "batch": args.batch,
            "seed": args.seed,
            "accuracy": history.accuracy,
            "seconds_per_epoch": history.seconds_per_epoch,
            "epochs": [asdict(epoch) for epoch in history.epochs],
            "machine": describe(),
        }
        write_atomically(args.json, json.dumps(figures, indent=1).encode())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options; without any it is the demo."""
    add = parser.add_argument
    add("--dataset", choices=CHOICES, default="auto", help="auto: MNIST if it is at hand")
    add("--epochs", type=count, help="passes over the digits (default: 5 of MNIST, 20 of digits)")
    add("--batch", type=count, default=32, help="digits per step (default: 32)")
    add("--seed", type=int, default=0, help="of first weights and order (default: 0)")
    add("--layers", type=counts, default=[128], metavar="N,N", help="hidden widths (default: 128)")
    add("--optimizer", choices=OPTIMIZERS, default="adam", help="default: adam")
    add("--learning-rate", type=rate, metavar="RATE", help="default: the optimizer's own")
    add("--output", type=Path, default=Path("demo-output"), help="folder (default: demo-output)")
    add("--json", type=Path, metavar="FILE", help="write the figures here")
    add("--no-pictures", action="store_true", help="write the weights, draw nothing")


def count(text: str) -> int:
    """A whole number from 1 up."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 up, got {text!r}")
    return int(text)


def counts(text: str) -> list[int]:
    """Whole numbers from 1 up, separated by commas; none in an empty text."""
    return [count(part.strip()) for part in text.split(",")] if text.strip() else []


def rate(text: str) -> float:
    """A number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return value
