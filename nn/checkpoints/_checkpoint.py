"""Checkpoint: all that a training needs to go on from where it was, in one file."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from nn.checkpoints import _state
from nn.checkpoints._parts import Parts, build_optimizers, parts_of

KIND = _state.Kind("checkpoint 1", "a training's state", "this training")


class Checkpoint:
    """The state of a training, saved and restored as a whole, so that it goes on bit for bit.

    parts: by name, and nested in lists and dictionaries as you like: layers and models (Variables,
        and the random generators of Dropout and the like), optimizers (step counter, learning rate
        and slots), metrics, Variables, random generators of NumPy and of `ad.random`, `batches`,
        and whatever has state_dict() and load_state_dict(state), as callbacks do. The generator
        behind `utils.set_random_seed` is always among them.

    A model is built before its state can be restored. Where an optimizer has taken no step yet, its
    slots are made for the trainable Variables of the models and layers that the file has slots of.

    The file is in safetensors format, which any program can read: Variables by their paths,
    "model/dense/kernel", everything else as JSON in its metadata, with a SHA-256 of the whole file.
    Reading it runs and imports nothing, and takes no more memory than the Variables and the state
    that was saved.

    >>> import optim, tempfile
    >>> from nn import layers, models
    >>> model = models.Sequential([layers.Dense(2, input_shape=(3,))])
    >>> optimizer = optim.SGD(0.1)
    >>> checkpoint = Checkpoint(model=model, optimizer=optimizer)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     checkpoint.save(f"{folder}/run.safetensors", epoch=3)
    ...     optimizer.learning_rate = 0.01
    ...     checkpoint.restore(f"{folder}/run.safetensors"), float(optimizer.learning_rate)
    ({'epoch': 3}, 0.1)
    """

    def __init__(self, **parts: Any) -> None:
        self._parts = parts
        parts_of(parts)

    def save(
        self,
        path: str | PathLike[str],
        /,
        *,
        previous: str | PathLike[str] | None = None,
        **values: Any,
    ) -> None:
        """Write the state as it is now; the file is replaced whole or left as it was.

        values: numbers, text, arrays and lists, tuples and dictionaries of them, which `restore`
            gives back.
        previous: where, in the same folder, the file that was there before is kept.

        Raises TypeError for a value that is none of these.
        """
        _state.write(path, KIND, parts_of(self._parts), values, previous)

    def restore(self, path: str | PathLike[str]) -> dict[str, Any]:
        """Take on the state that a file holds; returns the values that were saved with it.

        Everything is checked before anything is changed. Raises ValueError, and leaves all as it
        was, for a file that is no checkpoint, was truncated or changed, or was saved with other
        parts, naming what differs.
        """

        def prepare(values: dict[str, Any], entries: Mapping[str, Any]) -> Parts:
            build_optimizers(self._parts, entries)
            return parts_of(self._parts)

        return _state.read(path, KIND, prepare)

    def values(self, path: str | PathLike[str]) -> dict[str, Any]:
        """The values that a file was saved with, without restoring anything.

        Raises ValueError for a file that is no checkpoint, or was truncated or changed.
        """
        return _state.read_values(path, KIND)
