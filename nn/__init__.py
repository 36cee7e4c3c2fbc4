"""Neural networks in Keras' words: layers, losses, metrics and models.

from nn import layers, models

model = models.Sequential()
model.add(layers.Dense(16, activation="relu", input_shape=(784,)))
model.add(layers.Dense(10, activation="softmax"))
"""

from nn import activations, initializers, layers, losses, metrics, models, regularizers, utils

__all__ = [
    "activations",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "regularizers",
    "utils",
]
