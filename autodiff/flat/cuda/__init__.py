"""Flat programs on a device: CUDA C kernels, products by cuBLAS, recorded once and replayed."""

from ._cublas import float32_matmul_precision as float32_matmul_precision
