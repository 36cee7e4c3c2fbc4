"""Tensors, how ops are declared and called, the graph that they record, the tape that walks it."""
