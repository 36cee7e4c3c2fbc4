"""Where it is asked for: neighbouring values become one loop, compiled by Numba."""
