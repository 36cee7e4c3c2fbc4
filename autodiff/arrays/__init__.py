"""Array libraries and devices: NumPy and CuPy behind one namespace, and how arrays get there."""
