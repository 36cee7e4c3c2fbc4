from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench._stats import paired_ratio, summarise

samples = st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=30)


def test_median_quartiles_and_spread() -> None:
    summary = summarise([4.0, 1.0, 5.0, 2.0, 3.0])
    assert (summary.q1, summary.median, summary.q3) == (2.0, 3.0, 4.0)
    assert summary.spread == pytest.approx(1 / 3)


@given(samples, st.floats(0.1, 10))
def test_a_summary_scales_with_the_unit(values: list[float], unit: float) -> None:
    summary, scaled = summarise(values), summarise([unit * v for v in values])
    assert scaled.median == pytest.approx(unit * summary.median)
    assert scaled.spread == pytest.approx(summary.spread, abs=1e-9)


@given(samples, st.floats(0.1, 10))
def test_what_slows_both_down_leaves_the_ratio_alone(drift: list[float], factor: float) -> None:
    ratio = paired_ratio([factor * d for d in drift], drift)
    assert ratio.value == pytest.approx(factor)
    assert ratio.low == pytest.approx(factor)
    assert ratio.high == pytest.approx(factor)


@given(samples.flatmap(lambda a: st.tuples(st.just(a), st.permutations(a))))
def test_the_interval_holds_the_ratio(pair: tuple[list[float], list[float]]) -> None:
    ratio = paired_ratio(*pair)
    assert ratio.low <= ratio.value <= ratio.high


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(200):
        drift = rng.uniform(1, 3, 30)
        ours = 0.2 * drift * np.exp(rng.normal(0, 0.1, 30))
        theirs = drift * np.exp(rng.normal(0, 0.1, 30))
        ratio = paired_ratio(list(ours), list(theirs))
        hits += ratio.low <= 0.2 <= ratio.high
    assert 180 <= hits <= 199


def test_samples_must_be_positive_and_paired() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        summarise([])
    with pytest.raises(ValueError, match="all positive"):
        summarise([1.0, 0.0])
    with pytest.raises(ValueError, match="2 and 1 samples"):
        paired_ratio([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="positive"):
        paired_ratio([1.0], [0.0])
