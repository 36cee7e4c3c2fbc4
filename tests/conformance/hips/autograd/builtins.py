"""Names of autograd.builtins."""

from . import dict, isinstance, list, tuple

__all__ = ["dict", "isinstance", "list", "tuple"]
