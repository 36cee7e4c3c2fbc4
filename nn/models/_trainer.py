"""Training as Keras has it: fit, evaluate, predict, and the same for single batches."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodiff import Tensor, _nest, concat
from nn.callbacks import Callback, CallbackList, History
from nn.callbacks._list import Watch
from nn.models._devices import Brought, Feed, Group, brought, computing
from nn.models._feed import Feed as HostFeed
from nn.models._feed import (
    arrays_in,
    join,
    make_feed,
    pack,
    split,
    unpack,
    weights_of_classes,
    whole,
)
from nn.models._place import Place
from nn.models._steps import Steps

Logs = dict[str, Any]


class Trainer(Steps):
    """What repeats the steps: over the batches of an epoch, over epochs, over test data."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: set by a callback, ends `fit` after the batch or epoch
        self.stop_training = False
        #: what the last call of `fit` reported
        self.history: History | None = None
        #: where a call of `fit` stands that is under way
        self._place: Place | None = None

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Callback | Iterable[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
        device: str | None = None,
    ) -> History:
        """Train for some epochs; returns the numbers reported after each.

        x, y: arrays whose first axis counts the samples, or lists or dictionaries of them for
            several inputs and outputs; integers and float64 are cast batch by batch, and
            memory-mapped arrays are read batch by batch. Or x is an iterable of batches (x, y) or
            (x, y, sample_weight).
        batch_size: samples per step, 32 if not given; the last step of an epoch takes the rest.
        verbose: 0 shows nothing, 1 a progress bar, 2 a line per epoch, "auto" what suits a
            terminal, a notebook or a log file.
        validation_split: this part of the samples, the last ones, is held out; validation_data:
            (x, y) or (x, y, sample_weight), or batches. Loss and metrics on them are reported
            after each epoch, or after every `validation_freq`th, or those listed in it.
        shuffle: a new random order every epoch, as `utils.set_random_seed` determines.
        class_weight: class -> weight, 1 for the others. sample_weight: (N,), or one array for each
            output.
        initial_epoch: the number that epochs are counted from, to `epochs`.
        steps_per_epoch, validation_steps: how many batches an epoch and a validation take.
        device: "cpu" or "cuda": where to compute. The model with its optimizer is brought there,
            and stays; by default it computes where it lies. Batches follow it; arrays that lie
            there already are not moved.

        The optimizer's state is kept over calls. Raises RuntimeError before `compile` and for a
        device that is not there, ValueError for data that do not fit together, TypeError for what
        is no data and no number.
        """
        self._check_compiled("fit")
        epochs = whole("epochs", epochs, least=0)
        initial_epoch = whole("initial_epoch", initial_epoch, least=0)
        with computing(self, device) as where:
            if validation_split and validation_data is None:
                x, y, sample_weight, validation_data = _held_out(
                    x, y, sample_weight, validation_split
                )
            on_host = make_feed(
                x, y, sample_weight, batch_size, shuffle, class_weight, steps=steps_per_epoch
            )
            feed = brought(on_host, where)
            held_out = None
            if validation_data is not None:
                size = validation_batch_size or batch_size
                held_out = brought(_feed_of(validation_data, size, validation_steps), where)
            self.prepare(join(*feed.first()))
            heard = CallbackList(
                callbacks, self, verbose=verbose, epochs=epochs, steps=feed.steps, history=True
            )
            self.stop_training = False
            feeds = {"train": feed} if held_out is None else {"train": feed, "validation": held_out}
            place = self._place = Place(self, heard, feeds, initial_epoch)
            heard.tell("on_train_begin", {})
            logs: Logs = {}
            while place.epoch < epochs and not self.stop_training:
                epoch = place.epoch
                self.reset_metrics()
                heard.tell("on_epoch_begin", epoch, {})
                logs = self._run("train", feed, heard, place=place)
                if held_out is not None and _is_due(epoch, validation_freq):
                    found = self._evaluate(held_out, heard)
                    logs |= {f"val_{name}": value for name, value in found.items()}
                place.end_epoch()
                heard.tell("on_epoch_end", epoch, logs)
            if hasattr(self.optimizer, "finalize_variable_values") and epochs > initial_epoch:
                self.optimizer.finalize_variable_values(self.trainable_variables)
            heard.tell("on_train_end", logs)
            self._place = None
            assert self.history is not None
            return self.history

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Callback | Iterable[Callback] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """Loss and metrics on data, as `fit` takes them, in their order or by name.

        Of a model without metrics the loss alone.
        """
        self._check_compiled("evaluate")
        with computing(self) as where:
            feed = brought(make_feed(x, y, sample_weight, batch_size, steps=steps), where)
            self.prepare(join(*feed.first()))
            heard = CallbackList(callbacks, self, verbose=verbose, epochs=1, steps=feed.steps)
            return _reported(self._evaluate(feed, heard), return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Callback | Iterable[Callback] | None = None,
    ) -> Any:
        """The outputs for all samples, as NumPy arrays, in batches."""
        with computing(self) as where:
            feed = brought(make_feed(x, batch_size=batch_size, steps=steps), where)
            self.prepare(join(*feed.first()))
            heard = CallbackList(callbacks, self, verbose=verbose, epochs=1, steps=feed.steps)
            outputs: list[Any] = []
            heard.tell("on_predict_begin", {})
            self._run("predict", feed, heard, outputs)
            heard.tell("on_predict_end", {})
        parts = [_nest.flatten(output) for output in outputs]
        whole = [np.concatenate([_array(y) for y in part]) for part in zip(*parts, strict=True)]
        return _nest.rebuild(outputs[0], whole) if whole else outputs[0]

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: dict[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One step of training on this batch; gives its loss and metrics as `evaluate` does."""
        self._check_compiled("train_on_batch")
        if class_weight is not None:
            sample_weight = weights_of_classes(arrays_in("y", y), class_weight)
        return _reported(self._one("train", x, y, sample_weight), return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Loss and metrics on this batch, as `evaluate` gives them."""
        self._check_compiled("test_on_batch")
        return _reported(self._one("test", x, y, sample_weight), return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for this batch, as NumPy arrays."""
        structure, arrays = split(pack(arrays_in("x", x)))
        with computing(self):
            self.prepare(join(structure, arrays))
            return _nest.replace(self.program("predict", structure)(*arrays), lambda y: y.numpy())

    # -- loops -----------------------------------------------------------------------------------

    def _run(
        self,
        kind: str,
        feed: Feed,
        heard: CallbackList,
        outputs: list[Any] | None = None,
        place: Place | None = None,
    ) -> Logs:
        """One pass over the batches, or what is left of it; gives the numbers reported for all."""
        watch = heard.watch(kind)
        last: Any = self  # no structure
        done = 0 if place is None else place.batch
        together, under_way = self.steps_per_execution, 0
        grouped = together > 1 and isinstance(feed, Brought)
        batches: Iterable[tuple[Any, Any]] = feed.epoch(done)
        if isinstance(feed, Brought) and grouped:
            batches = feed.groups(together, done)
        result = None
        for structure, arrays in batches:
            if structure is not last:
                program, last = self.program(kind, structure), structure
            if watch.begins and not under_way:
                watch.begin(done)
            if grouped and type(arrays) is Group:
                *others, result = arrays.run(program)
                if outputs is not None:
                    outputs += others
                done += len(others)
                under_way += len(others)
            else:
                result = program(*arrays)
            if outputs is not None:
                outputs.append(result)
            done += 1
            under_way += 1
            if under_way == together:
                if done > watch.due:
                    self._tell(watch, done, result, outputs, under_way, place)
                    if self.stop_training and kind == "train":
                        break
                under_way = 0
        else:
            if under_way and done > watch.due:
                self._tell(watch, done, result, outputs, under_way, place)
            self._check_enough(kind, done, feed)
        if place is not None:
            place.batch = done
        return {} if outputs is not None else self._logs(result)

    def _tell(
        self,
        watch: Watch,
        done: int,
        result: Any,
        outputs: list[Any] | None,
        count: int,
        place: Place | None,
    ) -> None:
        """Tell who wants to hear of the last so many batches."""
        if place is not None:
            place.batch = done
        said = self._logs(result) if outputs is None else _joined(outputs[-count:])
        watch.end(done - 1, said)

    def _check_enough(self, kind: str, done: int, feed: Feed) -> None:
        if feed.steps is None:
            feed.steps = done
        if done < feed.steps or not done:
            warnings.warn(
                f"x gave {done} batches where {feed.steps or 'some'} were expected: it takes "
                "something that can be gone through anew every epoch, or gives enough for all",
                stacklevel=4,
            )
            if kind == "train":
                self.stop_training = True

    def _evaluate(self, feed: Feed, heard: CallbackList) -> Logs:
        self.reset_metrics()
        heard.tell("on_test_begin", {})
        logs = self._run("test", feed, heard)
        heard.tell("on_test_end", logs)
        return logs

    def _one(self, kind: str, x: Any, y: Any, sample_weight: Any) -> Logs:
        data = pack(arrays_in("x", x), arrays_in("y", y), arrays_in("sample_weight", sample_weight))
        structure, arrays = split(data)
        with computing(self):
            self.prepare(data)
            self.reset_metrics()
            return self._logs(self.program(kind, structure)(*arrays))

    def _logs(self, result: Any) -> Logs:
        """The numbers to report: of the metrics, or of the last step where it names others."""
        found = self.get_metrics_result()
        if isinstance(result, dict) and set(result) != set(found):
            found = result
        return {name: _number(value) for name, value in found.items()}

    def _check_compiled(self, method: str) -> None:
        if self._objective is None:
            raise RuntimeError(
                f"{self.name!r} is not compiled: call compile(optimizer, loss, metrics) "
                f"before {method}"
            )


def _feed_of(data: Any, batch_size: int | None, steps: int | None) -> HostFeed:
    """The feed of validation data: arrays in a tuple or list, or batches."""
    if isinstance(data, tuple | list):
        return make_feed(*unpack(data), batch_size=batch_size, steps=steps)
    return make_feed(data, steps=steps)


def _held_out(x: Any, y: Any, sample_weight: Any, part: float) -> tuple[Any, Any, Any, Any]:
    """What is left to train on, and the last part of the samples to validate on."""
    if not 0 < part < 1:
        raise ValueError(f"validation_split must lie between 0 and 1, got {part}")
    feed = make_feed(x, y, sample_weight)
    if not hasattr(feed, "rows"):
        raise ValueError("validation_split needs arrays; for batches give validation_data")
    first = int(feed.rows * (1 - part))
    if not 0 < first < feed.rows:
        raise ValueError(
            f"validation_split {part} of {feed.rows} samples leaves nothing on one side"
        )
    named = zip(("x", "y", "sample_weight"), (x, y, sample_weight), strict=True)
    nests = [arrays_in(name, value) for name, value in named]

    def rows(nest: Any, which: slice) -> Any:
        return _nest.replace(nest, lambda array: None if array is None else array[which])

    kept, held = ([rows(nest, s) for nest in nests] for s in (slice(first), slice(first, None)))
    return kept[0], kept[1], kept[2], tuple(held)


def _joined(outputs: list[Any]) -> Logs:
    """The outputs for several batches as callbacks hear of them."""
    if len(outputs) == 1:
        return {"outputs": outputs[0]}
    parts = zip(*map(_nest.flatten, outputs), strict=True)
    return {"outputs": _nest.rebuild(outputs[0], [concat(list(part)) for part in parts])}


def _is_due(epoch: int, frequency: int | Sequence[int]) -> bool:
    """Whether an epoch, counted from 0, is one after which validation is asked for."""
    if isinstance(frequency, int):
        return (epoch + 1) % frequency == 0
    return epoch + 1 in frequency


def _number(value: Any) -> Any:
    """A 0-d Tensor as a Python number; anything else as it is."""
    if isinstance(value, Tensor):
        return value.item() if not value.ndim else value.numpy()
    return value


def _array(y: Any) -> NDArray[Any]:
    """A Tensor's values, to be copied from."""
    return np.asarray(y, copy=False) if isinstance(y, Tensor) else np.asarray(y)


def _reported(logs: Logs, by_name: bool) -> Any:
    if by_name:
        return logs
    values = list(logs.values())
    return values[0] if len(values) == 1 else values
