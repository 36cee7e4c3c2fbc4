"""Fourier transforms: the `fft` part of the Array API standard, and NumPy's.

>>> import autodiff as ad
>>> ad.fft.rfft([1.0, 0.0, -1.0, 0.0]).real.tolist()
[0.0, 2.0, 0.0]
"""

from .ops.fft import fft, hfft, ifft, ihfft, irfft, rfft
from .ops.fft_axes import (
    fft2,
    fftfreq,
    fftn,
    fftshift,
    ifft2,
    ifftn,
    ifftshift,
    irfft2,
    irfftn,
    rfft2,
    rfftfreq,
    rfftn,
)

__all__ = [
    "fft",
    "fft2",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfft2",
    "irfftn",
    "rfft",
    "rfft2",
    "rfftfreq",
    "rfftn",
]
