"""Optimizers: update formulas over Tensors, with Keras' names and defaults.

optimizer = SGD(learning_rate=0.1, momentum=0.9)
optimizer.apply_gradients(zip(gradients, variables))
"""

from optim._optimizer import Optimizer
from optim.adam import Adam
from optim.rmsprop import RMSprop
from optim.sgd import SGD

__all__ = ["SGD", "Adam", "Optimizer", "RMSprop"]
