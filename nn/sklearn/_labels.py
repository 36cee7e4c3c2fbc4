"""Classes as a network has them: a unit for each, or one for two of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import type_of_target


class Labels:
    """The classes of y, and how y is told to a network and read from its outputs.

    y: (N,) of any values that can be sorted, or (N, L) of 0 and 1, a column for each of L labels
        that a sample may have or not.

    A network has a sigmoid for each label, or one for two classes, or a softmax over all classes.

    Raises ValueError for what is no such y.

    >>> labels = Labels(np.array(["no", "yes", "no"]))
    >>> labels.encode(np.array(["yes", "no"])).tolist()
    [[1], [0]]
    >>> labels.decode(np.array([[0.9], [0.2]])).tolist()
    ['yes', 'no']
    """

    def __init__(self, y: NDArray[Any]) -> None:
        kind = type_of_target(y, input_name="y", raise_unknown=True)
        if kind not in ("binary", "multiclass", "multilabel-indicator"):
            raise ValueError(
                f"Unknown label type: y of shape {y.shape} is {kind}; expected classes, "
                "or a column of 0 and 1 for each label"
            )
        #: whether a sample may have several
        self.several = kind == "multilabel-indicator"
        self.classes: NDArray[Any] = np.arange(y.shape[1]) if self.several else np.unique(y)
        if len(self.classes) < 2 and not self.several:
            raise ValueError(
                f"y has the one class {self.classes.tolist()}; there is nothing to learn from "
                "fewer than two classes"
            )

    @property
    def units(self) -> int:
        """How many outputs it takes."""
        return 1 if len(self.classes) == 2 and not self.several else len(self.classes)

    def encode(self, y: NDArray[Any]) -> NDArray[Any]:
        """(N, L) of 0 and 1 for labels and, L = 1, for two classes; else (N,), from 0 to K − 1.

        Raises ValueError for classes that are not known.
        """
        if self.several:
            if y.shape[1:] != self.classes.shape or not np.isin(y, (0, 1)).all():
                raise ValueError(
                    f"y of shape {y.shape}; expected columns of 0 and 1 "
                    f"for {len(self.classes)} labels"
                )
            return y.astype(np.int64)
        known = self.classes
        unknown = np.setdiff1d(y, known)
        if y.ndim != 1 or len(unknown):
            raise ValueError(
                f"y of shape {y.shape} has classes {unknown[:10].tolist()} that are not "
                f"among those of the first fit, {known[:10].tolist()}"
            )
        codes: NDArray[Any] = np.searchsorted(known, y)
        return codes[:, None] if self.units == 1 else codes

    def one_hot(self, y: NDArray[Any]) -> NDArray[Any]:
        """(N, K): 1 for a sample's class or for each of its labels, else 0."""
        codes = self.encode(y)
        if self.several:
            return codes
        return (codes.reshape(-1, 1) == np.arange(len(self.classes))).astype(np.int64)

    def probabilities(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """Outputs with a column for each class or label."""
        if not self.several and outputs.shape[1] == 1 and len(self.classes) == 2:
            return np.concatenate([1 - outputs, outputs], axis=1)
        return outputs

    def decode(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """The most probable class of each sample, or whether each label is more likely than not."""
        if self.several:
            return (outputs > 0.5).astype(np.int64)
        if outputs.shape[1] == 1:
            found: NDArray[Any] = self.classes[(outputs[:, 0] > 0.5).astype(np.intp)]
            return found
        return self.classes[outputs.argmax(axis=1)]
