"""Models: layers put together."""

from nn.models.model import Model
from nn.models.saving import load_model, save_model
from nn.models.sequential import Sequential

__all__ = ["Model", "Sequential", "load_model", "save_model"]
