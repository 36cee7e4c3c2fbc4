"""Programs of kernels are held against eager runs on the CPU, wherever the other tests run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import autodiff as ad


@pytest.fixture(autouse=True)
def _eager_on_the_cpu() -> Iterator[None]:
    with ad.device("cpu"):
        yield
