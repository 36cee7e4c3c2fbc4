"""Names of autograd.core."""

from ._tape import make_jvp, make_vjp
from .extend import VJPS as primitive_vjps  # noqa: N811
from .extend import primitive

__all__ = ["make_jvp", "make_vjp", "primitive", "primitive_vjps"]
