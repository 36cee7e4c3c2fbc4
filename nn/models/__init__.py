"""Models: layers put together."""

from nn.models.sequential import Sequential

__all__ = ["Sequential"]
