"""Neural networks in Keras' words: layers, losses, metrics, models and how they are trained.

from nn import layers, models

model = models.Sequential()
model.add(layers.Dense(16, activation="relu", input_shape=(784,)))
model.add(layers.Dense(10, activation="softmax"))
model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=5, batch_size=10, validation_data=(x_test, y_test))
"""

from nn import (
    activations,
    callbacks,
    checkpoints,
    initializers,
    layers,
    losses,
    metrics,
    mixed_precision,
    models,
    plots,
    regularizers,
    utils,
)
from nn.layers import Input
from nn.models import Model, Sequential

__all__ = [
    "Input",
    "Model",
    "Sequential",
    "activations",
    "callbacks",
    "checkpoints",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "plots",
    "regularizers",
    "utils",
]
