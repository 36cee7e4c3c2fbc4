"""What belongs to no layer: the random seed, and what a custom step is given."""

from nn._random import set_random_seed
from nn.models._feed import pack as pack_x_y_sample_weight
from nn.models._feed import unpack as unpack_x_y_sample_weight

__all__ = ["pack_x_y_sample_weight", "set_random_seed", "unpack_x_y_sample_weight"]
