"""Models: layers put together."""

from nn.models.model import Model
from nn.models.sequential import Sequential

__all__ = ["Model", "Sequential"]
