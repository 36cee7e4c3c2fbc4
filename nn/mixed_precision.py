"""Mixed precision: layers that compute in float16 with Variables of float32.

from nn import mixed_precision

mixed_precision.set_global_policy("mixed_float16")
model = nn.Sequential([...])  # computes in float16
model.compile("adam", loss)  # scales the loss

What needs it is kept in float32: Variables and their updates, losses, metrics, and the statistics
of normalization layers. Give the last layer `dtype="float32"` where the model's output should be.
"""

from nn._policy import DTypePolicy, dtype_policy, set_dtype_policy
from optim import LossScaleOptimizer

Policy = DTypePolicy
global_policy, set_global_policy = dtype_policy, set_dtype_policy

__all__ = [
    "DTypePolicy",
    "LossScaleOptimizer",
    "Policy",
    "dtype_policy",
    "global_policy",
    "set_dtype_policy",
    "set_global_policy",
]
