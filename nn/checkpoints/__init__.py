"""Checkpoints: a training that was stopped, or killed, goes on where it was, bit for bit.

from nn.checkpoints import Checkpoint

checkpoint = Checkpoint(model=model, optimizer=optimizer, batches=steps)
first = checkpoint.restore(path)["epoch"] if os.path.exists(path) else 0
for epoch in range(first, 100):
    for x, y in steps:
        train(x, y)
    checkpoint.save(path, epoch=epoch + 1)
"""

from nn.checkpoints._checkpoint import Checkpoint

__all__ = ["Checkpoint"]
