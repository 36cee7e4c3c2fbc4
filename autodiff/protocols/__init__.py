"""NumPy's functions and methods on Tensors: found in the ops, composed of them, or refused."""
