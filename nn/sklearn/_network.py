"""The network of a multi-layer perceptron, and the loss that scikit-learn's minimises."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autodiff as ad
from autodiff import Tensor, Variable
from nn.initializers import RandomUniform
from nn.layers import Dense
from nn.models import Model, Sequential

Floats = NDArray[np.floating[Any]]

#: what scikit-learn calls them -> what they are called here
ACTIVATIONS = {"identity": "linear", "logistic": "sigmoid"}
#: rows that outputs are computed for at once
MANY = 4096


class Perceptron(Sequential):
    """Dense layers one after the other; the loss of a batch has ½ α Σw² / N in it.

    features: of the input. widths: of the hidden layers. units: outputs.
    activation: of the hidden layers; output_activation: of the last; names, or functions.
    alpha: α. N is the number of samples in the batch, or the sum of their weights; biases do not
        count among the w.

    Weights and biases are drawn evenly from ±√(6 / (fan in + fan out)), with 2 for 6 where the
    activation is a sigmoid.

    >>> net = Perceptron(4, [8], 3, "relu", "softmax")
    >>> net.count_params(), [layer.name for layer in net.layers]
    (67, ['hidden_1', 'output'])

    Source: X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural
    networks" (2010), for the weights; the sum's share as scikit-learn's `MLPClassifier` has it.
    """

    def __init__(
        self,
        features: int,
        widths: Sequence[int],
        units: int,
        activation: Any,
        output_activation: str,
        alpha: float = 0.0,
        dtype: Any = "float32",
    ) -> None:
        super().__init__()
        self.alpha = float(alpha)
        #: what of this must stay as it is
        self.hidden = list(widths), activation
        names = [f"hidden_{k + 1}" for k in range(len(widths))]
        activation = (
            ACTIVATIONS.get(activation, activation) if isinstance(activation, str) else activation
        )
        spread = 2.0 if activation == "sigmoid" else 6.0
        fan_in = features
        for name, width in zip([*names, "output"], [*widths, units], strict=True):
            bound = math.sqrt(spread / (fan_in + width))
            last = name == "output"
            self.add(
                Dense(
                    width,
                    output_activation if last else activation,
                    kernel_initializer=RandomUniform(-bound, bound),
                    bias_initializer=RandomUniform(-bound, bound),
                    input_shape=(fan_in,),
                    dtype=dtype,
                    name=name,
                )
            )
            fan_in = width

    @property
    def kernels(self) -> list[Variable]:
        """The weights of each layer, (fan in, fan out)."""
        return self.weights[::2]

    @property
    def biases(self) -> list[Variable]:
        """The biases of each layer, (fan out,)."""
        return self.weights[1::2]

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Tensor:
        """The loss that `compile` was told, and ½ α Σw² / N."""
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        if not self.alpha:
            return loss
        squares = [ad.sum(ad.square(kernel)) for kernel in self.kernels]
        total = sum(squares[1:], start=squares[0])
        if sample_weight is None:
            return loss + total * (0.5 * self.alpha / y_pred.shape[0])
        weight = ad.sum(ad.asarray(sample_weight, dtype=total.dtype))
        return loss + total * (0.5 * self.alpha) / ad.where(weight == 0, 1.0, weight)


def outputs(model: Model, x: NDArray[Any]) -> Floats:
    """A model's outputs (N, units) for all rows, op by op: each call may have another number.

    Raises ValueError for a model that gives something else.
    """
    parts = []
    for start in range(0, len(x), MANY):
        found = model.predict_step(ad.asarray(x[start : start + MANY]))
        if not isinstance(found, Tensor) or found.ndim != 2:
            what = f"shape {found.shape}" if isinstance(found, Tensor) else type(found).__name__
            raise ValueError(f"{model.name!r} gives {what}; expected one output, (N, units)")
        parts.append(found.numpy())
    return np.concatenate(parts) if len(parts) > 1 else parts[0]
