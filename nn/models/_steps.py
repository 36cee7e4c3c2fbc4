"""What happens to one batch: forward, loss, gradients, update; and its flat program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autodiff as ad
import optim
from autodiff import Tensor, _nest
from nn import metrics
from nn.layers import Layer, _holds
from nn.layers._infer import unchanged
from nn.models._feed import arrays_in, join, pack, split, unpack, whole
from nn.models._objective import Objective
from nn.models._programs import Configuration, Program, frozen, signature

Metric = metrics.Metric


class Steps(Layer):
    """A layer that can be trained: the steps that `fit`, `evaluate` and `predict` repeat.

    A subclass may say `train_step(data)`, `test_step(data)` and `predict_step(data)` anew, where
    data is x, (x, y) or (x, y, sample_weight); the first two give the numbers to report, by name.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.optimizer: Any = None
        self.run_eagerly = False
        self.jit_compile: bool | str = "auto"
        self.steps_per_execution = 1
        self._objective: Objective | None = None
        self._loss_tracker: Metric | None = None
        #: those among the attributes, as a pass over data found them
        self._held_metrics: list[Metric] | None = None
        self._programs: dict[Any, Callable[..., Any]] = {}
        self._made_for: Configuration | None = None

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Say how to train.

        optimizer: a name or an `optim.Optimizer`, whose state lasts over all calls of `fit`.
        loss: a name, a `losses.Loss` or a function (y_true, y_pred) -> losses; for several outputs
            also a list, or a dictionary by the outputs' names. loss_weights: numbers likewise.
        metrics: a list of names, `metrics.Metric`s or functions; for several outputs a list or a
            dictionary of such. "accuracy" is the one that fits the shapes. weighted_metrics:
            metrics that take sample weights into account.
        run_eagerly: run every step op by op rather than as a flat program; what looks at values,
            or prints them, works then.
        steps_per_execution: how many batches `fit`, `evaluate` and `predict` take before callbacks
            hear of them, in an epoch the last ones fewer. On a device the steps on rows of arrays
            are one graph that is replayed; the numbers are the same.
        jit_compile: have Numba compile neighbouring operations on elements into one loop, as
            `ad.function(fuse=True)` does; "auto" is as the environment says, AUTODIFF_FUSE=1.
        auto_scale_loss: have an `optim.LossScaleOptimizer` around the optimizer of a model whose
            dtype policy is "mixed_float16".

        Raises ValueError for unknown names and for steps that are to be both eager and compiled,
        TypeError for what is none of these, ImportError where Numba is asked for and missing.
        """
        _check_names(loss, metrics, weighted_metrics)
        if jit_compile not in (True, False, "auto"):
            raise ValueError(f"jit_compile is True, False or 'auto', got {jit_compile!r:.60}")
        if run_eagerly and jit_compile is True:
            raise ValueError("run_eagerly=True and jit_compile=True exclude each other")
        _flat(jit_compile)
        together = whole("steps_per_execution", steps_per_execution)
        self.optimizer = optim.get(optimizer)
        scales = isinstance(self.optimizer, optim.LossScaleOptimizer)
        if auto_scale_loss and not scales and self.dtype_policy.name == "mixed_float16":
            self.optimizer = optim.LossScaleOptimizer(self.optimizer)
        self.loss = loss
        self._objective = Objective(loss, loss_weights, metrics, weighted_metrics)
        self._loss_tracker = _tracker()
        self.run_eagerly, self.jit_compile = bool(run_eagerly), jit_compile
        self.steps_per_execution = together
        self._programs = {}

    # -- what a step is --------------------------------------------------------------------------

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of training on a batch; gives the numbers to report."""
        x, y, sample_weight = unpack(data)
        with ad.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x, y, y_pred, sample_weight, training=True)
            scaled = self.optimizer.scale_loss(loss)
        weights = self.trainable_variables
        if weights:
            gradients = tape.gradient(scaled, weights)
            self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        self._track(loss, x)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """Loss and metrics on a batch; gives the numbers to report."""
        x, y, sample_weight = unpack(data)
        y_pred = self(x, training=False)
        self._track(self.compute_loss(x, y, y_pred, sample_weight, training=False), x)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """The outputs for a batch."""
        return self(unpack(data)[0], training=False)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Tensor:
        """What training minimises: the losses of `compile`, and those of the layers."""
        objective = self._known_objective(y, y_pred)
        total = objective.loss(y, y_pred, sample_weight)
        for loss in self.losses:
            total = loss if total is None else total + loss
        if total is None:
            raise ValueError(
                f"{self.name!r} has nothing to minimise: give compile a loss, or let a layer "
                "say add_loss"
            )
        return total

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Take a batch into account in all metrics; gives the numbers to report."""
        self._known_objective(y, y_pred).update(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """The numbers to report, by name."""
        results: dict[str, Any] = {}
        for name, metric in self.named_metrics().items():
            result = metric.result()
            results |= result if isinstance(result, dict) else {name: result}
        return results

    def _track(self, loss: Tensor, x: Any) -> None:
        if self._loss_tracker is not None:
            rows = next(leaf.shape[0] for leaf in _nest.flatten(x) if leaf is not None)
            self._loss_tracker.update_state(loss, sample_weight=rows)

    # -- metrics ---------------------------------------------------------------------------------

    @property
    def metrics(self) -> list[Metric]:
        """The metrics that an epoch begins anew: of the loss, of `compile`, and attributes."""
        known = [] if self._objective is None else list(self._objective.named.values())
        first = [] if self._loss_tracker is None else [self._loss_tracker]
        held = self._held_metrics
        if held is None:
            held = self._find_metrics()
        return list({id(metric): metric for metric in [*first, *known, *held]}.values())

    @property
    def metrics_names(self) -> list[str]:
        """What `evaluate` gives, in order."""
        return list(self.named_metrics())

    def _find_metrics(self) -> list[Metric]:
        found = (entry for layer in _holds.tree(self) for entry in _holds.parts(layer, Metric))
        return [metric for name, metric in found if name != "_held_metrics"]

    def reset_metrics(self) -> None:
        """Begin all metrics anew."""
        for metric in self.metrics:
            metric.reset_state()

    def named_metrics(self) -> dict[str, Metric]:
        by_metric = {} if self._objective is None else self._objective.named
        names = {id(metric): name for name, metric in by_metric.items()}
        return {names.get(id(metric), metric.name): metric for metric in self.metrics}

    # -- programs --------------------------------------------------------------------------------

    def _computes(self) -> bool:
        """Whether it can be called; one that only says `train_step` cannot."""
        return type(self).call is not Layer.call

    def _known_objective(self, y: Any, y_pred: Any) -> Objective:
        objective = self._objective
        if objective is None:
            raise RuntimeError(f"{self.name!r} is not compiled: compile says how to train")
        if not objective.built:
            objective.build(y, y_pred, getattr(self, "output_names", None))
        return objective

    def prepare(self, data: Any) -> None:
        """Make all Variables that a batch like this needs: no program can make them."""
        objective = self._objective
        x, y, _ = unpack(data)
        asked = objective is not None and objective.asks() and not objective.built and y is not None
        if self._computes() and (asked or not all(part.built for part in _holds.tree(self))):
            with unchanged(self):
                y_pred = self(x, training=False)
            if asked:
                self._known_objective(y, y_pred)
        self._held_metrics = self._find_metrics()
        if isinstance(self.optimizer, optim.Optimizer):
            self.optimizer.build(self.trainable_variables)

    def program(self, kind: str, structure: Any) -> Callable[..., Any]:
        """The step of a kind, "train", "test" or "predict", as a function of a batch's arrays."""
        layers = _holds.tree(self)
        parts: list[Any] = [*layers, *(v for layer in layers for v in _holds.own(layer))]
        flags = [self.run_eagerly, self.jit_compile, *(part.trainable for part in parts)]
        made_for = Configuration([self.optimizer, self._objective, *parts], flags)
        if made_for != self._made_for:
            self._programs, self._made_for = {}, made_for
        key = kind, frozen(structure)
        if key not in self._programs:
            self._programs[key] = self._make_program(kind, structure)
        return self._programs[key]

    def __getstate__(self) -> dict[str, Any]:
        """What copies and pickles take along: all but the programs, which are made anew."""
        return {**vars(self), "_programs": {}, "_made_for": None}

    def source(self, x: Any, y: Any = None, sample_weight: Any = None) -> str:
        """The text of the flat program that `fit` runs for a batch like this; nothing changes."""
        if self._objective is None:
            raise RuntimeError(f"{self.name!r} is not compiled: compile says how to train")
        named = {"x": x, "y": y, "sample_weight": sample_weight}
        data = pack(*(arrays_in(name, value) for name, value in named.items()))
        self.prepare(data)
        structure, arrays = split(data)
        step = self._flat_step("train", structure)
        return step.source(*arrays)

    def _make_program(self, kind: str, structure: Any) -> Callable[..., Any]:
        if self.run_eagerly:
            method = getattr(self, f"{kind}_step")
            return lambda *arrays: method(join(structure, map(ad.asarray, arrays)))
        return Program(self._flat_step(kind, structure), self.name)

    def _flat_step(self, kind: str, structure: Any) -> Any:
        """The flat program of a step."""
        method = getattr(self, f"{kind}_step")
        # what the default steps report is read from the metrics, when someone asks for it
        stated = (f"{kind}_step", "compute_metrics", "get_metrics_result")
        silent = kind != "predict" and all(_is_default(self, name) for name in stated)

        def step(*arrays: Any) -> Any:
            result = method(join(structure, arrays))
            return None if silent else result

        step.__name__ = f"{kind}_step"
        step.__signature__ = signature(structure)  # type: ignore[attr-defined]
        return _flat(self.jit_compile)(step)


def _flat(jit_compile: bool | str) -> Callable[..., Any]:
    """What makes a flat program of a function; ImportError where it cannot."""
    return ad.function(fuse=None if jit_compile == "auto" else bool(jit_compile))


def _is_default(model: Steps, name: str) -> bool:
    return getattr(type(model), name) is getattr(Steps, name)


def _tracker() -> Metric:
    return metrics.Mean(name="loss")


def _check_names(*said: Any) -> None:
    """Raise for a name that no loss or metric has, before any batch is seen."""
    from nn import losses

    for what, get in zip(said, (losses.get, metrics.get, metrics.get), strict=True):
        for leaf in _nest.flatten(what):
            known = ("accuracy", "acc", "crossentropy", "ce")
            if not (isinstance(leaf, str) and leaf.lower() in known):
                get(leaf)
