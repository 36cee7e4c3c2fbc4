"""How a training run went."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Epoch:
    """One pass over the training digits, and how the held-out digits are read after it."""

    loss: float  # mean over the epoch's steps
    test_loss: float
    test_accuracy: float
    seconds: float  # of training alone

    def __str__(self) -> str:
        return (
            f"loss {self.loss:.4f}, held-out loss {self.test_loss:.4f}, "
            f"accuracy {self.test_accuracy:.2%}, {self.seconds:.2f} s"
        )


@dataclass
class History:
    """The loss of every step, in order, and every epoch."""

    losses: list[float] = field(default_factory=list)
    epochs: list[Epoch] = field(default_factory=list)

    @property
    def accuracy(self) -> float:
        """The part of the held-out digits that is read right in the end."""
        return self.epochs[-1].test_accuracy

    @property
    def seconds_per_epoch(self) -> float:
        """The mean over the epochs."""
        return sum(epoch.seconds for epoch in self.epochs) / len(self.epochs)
