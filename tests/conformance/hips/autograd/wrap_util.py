"""Names of autograd.wrap_util."""

from ._tape import unary_to_nary

__all__ = ["unary_to_nary"]
