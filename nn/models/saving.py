"""A model in a file: what it is made of, its weights, and how far its training is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from typing import Any

from nn import _random
from nn.checkpoints import _state
from nn.checkpoints._parts import Parts, build_optimizers, parts_of
from nn.layers import _holds
from nn.layers._running import running
from nn.models._describe import describe, rebuild
from nn.models._graph import describe_model, rebuild_model
from nn.models.model import Model
from optim import Optimizer

KIND = _state.Kind("model 1", "a model", "the model that it describes")

_COMPILED = ("loss", "loss_weights", "metrics", "weighted_metrics")
_HOW = ("optimizer", "run_eagerly", "steps_per_execution", "jit_compile")


def save_model(model: Model, path: str | PathLike[str]) -> None:
    """Write a model that is made of layers: see `Model.save`."""
    values: dict[str, Any] = {"model": describe_model(model), "compiled": None}
    tree = _holds.tree(model)
    values["names"] = [layer.name for layer in tree]
    values["trainable"] = [layer.trainable for layer in tree]
    if model._objective is not None:
        said = {name: model._objective._said[name] for name in _COMPILED}
        how = {name: getattr(model, name) for name in _HOW}
        compiled = {**said, **how}
        values["compiled"] = {name: describe(part, name) for name, part in compiled.items()}
    _state.write(path, KIND, parts_of(_parts(model), shared=False), values)


def load_model(
    path: str | PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
) -> Model:
    """The model that `Model.save` wrote, with its weights and, if it was compiled, its optimizer.

    custom_objects: name -> class or function, for layers, losses, functions and so on of your own.
    compile: whether to compile it as it was; without it the optimizer's state is left out.

    The library's classes are looked up by their names in a list, yours in `custom_objects`; nothing
    is imported that a file names, and no code comes from it. Weights are made only in shapes that
    the file has.

    Raises ValueError for a file that is no model, was truncated or changed, or names what is not
    known here.

    >>> import tempfile
    >>> from nn import layers, models
    >>> model = models.Sequential([layers.Dense(2, "relu", input_shape=(3,))])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model.save(f"{folder}/model.safetensors")
    ...     models.load_model(f"{folder}/model.safetensors").output_shape
    (None, 2)
    """
    made: list[Model] = []

    def prepare(values: dict[str, Any], entries: Mapping[str, Any]) -> Parts:
        shapes = {entry.shape for entry in entries.values()}
        try:
            with _as_it_was(shapes):
                model = _made(values, custom_objects or {}, compile)
            parts = _parts(model)
            build_optimizers(parts, entries)
            found = parts_of(parts, shared=False)
        except Exception as error:  # of whatever is made from what a file says
            raise ValueError(f"{path} holds no model that can be made here: {error}") from error
        made.append(model)
        return found

    def ignored(name: str) -> bool:
        return not compile and name.startswith("optimizer/")

    _state.read(path, KIND, prepare, ignored)
    return made[0]


def _made(values: Mapping[str, Any], custom: Mapping[str, Any], compile: bool) -> Model:
    model = rebuild_model(values["model"], custom)
    tree = _holds.tree(model)
    for layer, name in zip(tree, map(str, values["names"]), strict=True):
        if layer.name != name:
            layer.rename(name)
    for layer, trainable in zip(tree, values["trainable"], strict=True):
        if layer.trainable != trainable:
            layer.trainable = trainable
    if compile and values["compiled"] is not None:
        model.compile(**rebuild(values["compiled"], custom), auto_scale_loss=False)
    return model


def _parts(model: Model) -> dict[str, Any]:
    """What is kept beside the description."""
    known = isinstance(model.optimizer, Optimizer)
    return {"model": model, **({"optimizer": model.optimizer} if known else {})}


@contextmanager
def _as_it_was(shapes: set[tuple[int, ...]]) -> Iterator[None]:
    """Make weights in these shapes only, and draw no random numbers that others will miss."""
    bits = _random.generator(None).bit_generator
    before, running.shapes = bits.state, shapes
    try:
        yield
    finally:
        bits.state, running.shapes = before, None
