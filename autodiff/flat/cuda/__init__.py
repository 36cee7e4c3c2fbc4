"""Flat programs on a device: CUDA C kernels, products by cuBLAS, recorded once and replayed."""
