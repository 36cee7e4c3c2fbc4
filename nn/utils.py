"""What belongs to no layer: the random seed."""

from nn._random import set_random_seed

__all__ = ["set_random_seed"]
