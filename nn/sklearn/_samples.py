"""The rows that a perceptron learns from."""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import check_array, check_non_negative

from nn.sklearn._network import Floats


class Samples(NamedTuple):
    """Rows to learn from or to judge by."""

    x: Floats
    targets: NDArray[Any]  # y as the network is told it
    y: NDArray[Any]
    weights: Floats | None

    def split(self, part: float, random: Any, strata: Any = None) -> tuple[Samples, Samples]:
        """Most of the rows, and the rest: this part of them, with its share of the strata."""
        arrays = [array for array in self if array is not None]
        halves = train_test_split(*arrays, test_size=part, random_state=random, stratify=strata)
        if len(halves[1]) < 2:
            raise ValueError(
                f"validation_fraction {part} of {len(self.x)} samples is {len(halves[1])}; "
                "expected 2 samples or more to validate with"
            )
        kept, held = ([*halves[k::2], None][:4] for k in (0, 1))
        return Samples(*kept), Samples(*held)


def weights_of(sample_weight: Any, x: Floats) -> Floats | None:
    """A weight for each row, none below 0 and one above."""
    if sample_weight is None:
        return None
    name = "sample_weight"
    weights: Floats = check_array(sample_weight, ensure_2d=False, dtype=x.dtype, input_name=name)
    if weights.shape != x.shape[:1]:
        raise ValueError(f"{name} has shape {weights.shape}; expected {x.shape[:1]}")
    check_non_negative(weights, name)
    if not weights.any():
        raise ValueError(f"{name}: all {len(x)} of them are zero")
    return weights
