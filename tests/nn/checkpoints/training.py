"""A training with backups, to be killed and started again until it ends: run as a program.

Its one argument is a folder, where `final` is written when it has come to its end.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import optim
from nn import layers, models, utils
from nn.callbacks import BackupAndRestore, Callback, EarlyStopping, ReduceLROnPlateau
from nn.checkpoints import Checkpoint

EPOCHS, STEPS = 20, 25


def main(folder: Path) -> None:
    utils.set_random_seed(1)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(390, 10)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(np.int64)
    model = models.Sequential(
        [
            layers.Dense(16, "relu", input_shape=(10,)),
            layers.BatchNormalization(),
            layers.Dropout(0.2),
            layers.Dense(2, "softmax"),
        ]
    )
    optimizer = optim.Adam(0.02, clipnorm=1.0)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    callbacks: list[Callback] = [
        BackupAndRestore(folder / "backup", save_freq=5, delete_checkpoint=False),
        ReduceLROnPlateau(factor=0.7, patience=2),
        EarlyStopping(patience=EPOCHS, restore_best_weights=True),
    ]
    print("training", flush=True)
    history = model.fit(
        x,
        y,
        batch_size=16,
        epochs=EPOCHS,
        validation_data=(x[:100], y[:100]),
        callbacks=callbacks,
        verbose=0,
    )
    assert optimizer.iterations == EPOCHS * STEPS
    Checkpoint(model=model, optimizer=optimizer).save(folder / "final", history=history.history)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
