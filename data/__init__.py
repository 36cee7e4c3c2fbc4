"""Data sets as NumPy arrays, read from disk or downloaded once."""
