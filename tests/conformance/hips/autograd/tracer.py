"""Names of autograd.tracer."""

from typing import Any

import autodiff as ad

from .extend import primitive


def isbox(x: Any) -> bool:
    """Whether a value is recorded."""
    return isinstance(x, ad.Tensor)


__all__ = ["isbox", "primitive"]
