"""What `compile` was told: a loss and metrics for each output, and how they add up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autodiff import Tensor, _nest
from nn import losses, metrics
from nn.layers._holds import unique

Metric = metrics.Metric


class Objective:
    """Losses and metrics of a model's outputs; known once the shapes of a batch are.

    loss: one for all outputs, or a list in their order, or a dictionary by their names, None where
        an output has none; each a name, a Loss or a function. loss_weights: numbers likewise.
    metrics: a list of names, Metrics or functions; for several outputs a list in their order or a
        dictionary by their names. weighted_metrics: likewise; these take sample weights into
        account.
    """

    def __init__(
        self, loss: Any, loss_weights: Any, given_metrics: Any, weighted_metrics: Any
    ) -> None:
        self._said = {
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": given_metrics,
            "weighted_metrics": weighted_metrics,
        }
        for what in ("metrics", "weighted_metrics"):
            if self._said[what] and not isinstance(self._said[what], list | tuple | dict):
                raise TypeError(
                    f"{what} is a list or a dictionary, got {self._said[what]!r:.60}; "
                    "one metric is [metric]"
                )
        self.built = False
        #: for each output
        self._losses: list[Any] = []
        self._weights: list[float] = []
        self._trackers: list[Metric | None] = []
        self._metrics: list[list[Metric]] = []
        self._weighted: list[list[Metric]] = []
        self._names: list[str] = []
        #: every metric by the name of its result
        self.named: dict[str, Metric] = {}

    def asks(self) -> bool:
        """Whether anything was said at all."""
        return any(value for value in self._said.values())

    def build(self, y: Any, y_pred: Any, names: Sequence[str] | None) -> None:
        """Choose losses and metrics for the shapes of a batch; names: of the outputs."""
        outputs = _nest.flatten(y_pred)
        if isinstance(y_pred, dict):
            names = list(y_pred)
        self._names = list(names or (f"output_{k}" for k in range(len(outputs))))
        said = {what: self._for_outputs(what, value) for what, value in self._said.items()}
        self._losses = said["loss"]
        truths = self._truths(y)
        for k, (loss, truth) in enumerate(zip(self._losses, truths, strict=True)):
            if loss is not None and truth is None:
                raise ValueError(f"output {self._names[k]!r} has a loss, but y has nothing for it")
            if loss is not None:
                self._losses[k] = losses.for_shapes(loss, truth.shape, outputs[k].shape)
        self._weights = [1.0 if w is None else float(w) for w in said["loss_weights"]]
        several = sum(loss is not None for loss in self._losses) > 1
        self._trackers = [None] * len(outputs)
        if several:
            for k, name in enumerate(self._names):
                if self._losses[k] is not None:
                    self._trackers[k] = self._name(f"{name}_loss", metrics.Mean())
        for kind, what in ((self._metrics, "metrics"), (self._weighted, "weighted_metrics")):
            for k, given in enumerate(said[what]):
                kind.append([])
                for identifier in _flat(given):
                    if truths[k] is None:
                        raise ValueError(
                            f"output {self._names[k]!r} has metrics, but y has nothing for it"
                        )
                    shapes = truths[k].shape, outputs[k].shape
                    metric = metrics.for_shapes(identifier, *shapes)
                    prefix = f"{self._names[k]}_" if len(outputs) > 1 else ""
                    name = prefix + metric.name
                    if name in self.named and kind is self._weighted:
                        name = f"{prefix}weighted_{metric.name}"
                    kind[k].append(self._name(unique(name, self.named), metric))
        self.built = True

    def _name(self, name: str, metric: Metric) -> Metric:
        self.named[name] = metric
        return metric

    def _for_outputs(self, what: str, value: Any) -> list[Any]:
        """What was said, for each output."""
        names = self._names
        if isinstance(value, dict):
            unknown = [key for key in value if key not in names]
            if unknown:
                raise ValueError(
                    f"{what} names {', '.join(map(repr, unknown))}; "
                    f"the outputs are {', '.join(map(repr, names))}"
                )
            return [value.get(name) for name in names]
        if what in ("loss", "loss_weights") and not isinstance(value, list | tuple):
            return [value] * len(names)
        if len(names) == 1:
            return [value] if what in ("metrics", "weighted_metrics") else [_only(what, value)]
        if value is None:
            return [None] * len(names)
        if len(value) != len(names):
            raise ValueError(
                f"{what} has {len(value)} entries; expected one for each of the outputs "
                f"{', '.join(map(repr, names))}, in a list or by name"
            )
        return list(value)

    def _truths(self, y: Any, what: str = "y") -> list[Any]:
        """The part of y for each output, in their order; None where there is none."""
        names = self._names
        if y is None:
            return [None] * len(names)
        if isinstance(y, dict) and set(y) <= set(names):
            return [y.get(name) for name in names]
        parts = _nest.flatten(y)
        if len(parts) == len(names):
            return parts
        wanted = [k for k, loss in enumerate(self._losses) if loss is not None]
        if len(parts) == len(wanted):  # only outputs with a loss have a truth
            found = dict(zip(wanted, parts, strict=True))
            return [found.get(k) for k in range(len(names))]
        given = f"names {', '.join(map(repr, y))}" if isinstance(y, dict) else f"has {len(parts)}"
        raise ValueError(
            f"{what} {given}; expected one for each of the outputs {', '.join(map(repr, names))}"
        )

    def _sample_weights(self, sample_weight: Any) -> list[Any]:
        """The weights for each output; one for all is for each."""
        if sample_weight is None or not isinstance(sample_weight, list | tuple | dict):
            return [sample_weight] * len(self._names)
        return self._truths(sample_weight, "sample_weight")

    def loss(self, y: Any, y_pred: Any, sample_weight: Any) -> Tensor | None:
        """The weighted sum of all outputs' losses; None if none has one."""
        total = None
        parts = (
            self._names,
            self._losses,
            self._trackers,
            self._weights,
            self._truths(y),
            _nest.flatten(y_pred),
            self._sample_weights(sample_weight),
        )
        for name, loss, tracker, weight, truth, output, weights in zip(*parts, strict=True):
            if loss is None:
                continue
            if truth is None:
                raise ValueError(f"output {name!r} has a loss, but y has nothing for it")
            value = loss(truth, output, weights)
            if tracker is not None:
                tracker.update_state(value, sample_weight=output.shape[0])
            if weight != 1.0:
                value = value * weight
            total = value if total is None else total + value
        return total

    def update(self, y: Any, y_pred: Any, sample_weight: Any) -> None:
        """Take a batch into account in all metrics."""
        parts = (
            self._metrics,
            self._weighted,
            self._truths(y),
            _nest.flatten(y_pred),
            self._sample_weights(sample_weight),
        )
        for plain, weighted, truth, output, weights in zip(*parts, strict=True):
            for metric in plain:
                metric.update_state(truth, output)
            for metric in weighted:
                metric.update_state(truth, output, sample_weight=weights)


def _flat(given: Any) -> list[Any]:
    if given is None:
        return []
    return _nest.flatten(given)


def _only(what: str, value: Sequence[Any]) -> Any:
    if len(value) != 1:
        raise ValueError(f"{what} has {len(value)} entries for one output")
    return value[0]
