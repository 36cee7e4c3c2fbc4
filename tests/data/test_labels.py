"""One-hot labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from data import to_categorical

labels = hnp.arrays(
    st.sampled_from([np.uint8, np.int64, np.float32]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=5),
    elements=st.integers(0, 9),
)


@given(y=labels, extra=st.integers(0, 3))
def test_one_at_the_label_and_zero_elsewhere(y: np.ndarray, extra: int) -> None:
    onehot = to_categorical(y, int(y.max()) + 1 + extra)
    assert onehot.dtype == np.float32
    shape = y.shape[:-1] if y.ndim > 1 and y.shape[-1] == 1 else y.shape
    assert onehot.shape == (*shape, int(y.max()) + 1 + extra)
    np.testing.assert_array_equal(onehot.sum(axis=-1), 1)
    np.testing.assert_array_equal(onehot.argmax(axis=-1), y.reshape(shape))


@given(y=labels)
def test_classes_are_counted_by_the_largest_label(y: np.ndarray) -> None:
    np.testing.assert_array_equal(to_categorical(y), to_categorical(y, int(y.max()) + 1))


def test_no_labels_and_truth_values() -> None:
    assert to_categorical([], num_classes=4).shape == (0, 4)
    assert to_categorical([True, False]).tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("y", "num_classes", "error", "message"),
    [
        ([0, -1], None, ValueError, "not be negative, got -1"),
        ([-3], 5, ValueError, "not be negative, got -3"),
        ([0, 3], 3, ValueError, "below num_classes, 3, got 3"),
        ([0.0, 1.5], None, ValueError, r"integers, got 1\.5"),
        ([np.nan], 2, ValueError, "integers, got nan"),
        ([np.inf], 2, ValueError, "integers, got inf"),
        ([], None, ValueError, "give num_classes"),
        ([], 0, ValueError, "at least 1, got 0"),
        (["a"], None, TypeError, "integers, got dtype <U1"),
        ([1], 2.0, TypeError, "integer"),
    ],
)
def test_errors_say_what_was_given(
    y: list[object], num_classes: int | None, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        to_categorical(y, num_classes)  # type: ignore[arg-type]
