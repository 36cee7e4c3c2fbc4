"""Random smooth functions of an array, built from a few steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np
from hypothesis import strategies as st

import autodiff as ad

Step = Callable[[Any], Any]


def _mixed(x: Any) -> Any:
    n = x.size
    return ad.reshape(x, (-1,)) @ np.sin(np.arange(3.0 * n)).reshape(n, 3)


def _few(x: Any) -> Any:
    return ad.reshape(x, (-1,))[:3]


STEPS: dict[str, Step] = {
    "tanh": ad.tanh,
    "square": lambda x: x * x,
    "softmax": lambda x: ad.softmax(ad.reshape(x, (1, -1))),
    "mixed": _mixed,
    "centred": lambda x: x - ad.mean(x),
    "row sums": lambda x: ad.sum(ad.expand_dims(x, 0) * 1.5, axis=0),
    "reversed": lambda x: x[..., ::-1] * x if x.ndim else x * x,
    "twice": lambda x: ad.stack([x, ad.sin(x)], axis=-1),
    "outer": lambda x: _few(x)[:, None] * ad.cos(_few(x)),
    "first": lambda x: ad.reshape(x, (-1,))[:1],
    "affine": lambda x: 2.0 * x + 1.0,
}


def functions() -> st.SearchStrategy[Step]:
    """Functions of a Tensor that is not empty."""

    def compose(names: Sequence[str]) -> Step:
        def f(x: Any) -> Any:
            return reduce(lambda y, name: STEPS[name](y), names, x)

        f.__name__ = " of ".join(reversed(names)) or "identity"
        return f

    return st.lists(st.sampled_from(sorted(STEPS)), max_size=3).map(compose)
