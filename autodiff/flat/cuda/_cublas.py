"""cuBLAS by ctypes: a handle and workspace of our own, so that its calls can be recorded.

CuPy refuses its own cuBLAS calls while a stream records (cupy issue 6290). The library comes with
NVIDIA's wheels (`nvidia-cublas`, as the extras cuda12 and cuda13 install them), with a toolkit that
CUDA_PATH names, or from where the system's loader finds it.

Source: NVIDIA, "cuBLAS library", sections 2.1 (cublasSetWorkspace), 2.2 (types) and 2.8
(cublasGemmStridedBatchedEx).
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._gemm import Gemm

#: cudaDataType, by NumPy's characters; "E" is bfloat16's where `ml_dtypes` is installed
TYPES = {"f": 0, "d": 1, "e": 2, "E": 14}
#: cublasComputeType: how sums are made, and how float32 is multiplied
COMPUTE = {"f": 68, "d": 70, "e": 68, "E": 68}
#: float32 rounded to fewer bits before it is multiplied: 10, 10 and 7 bits of a mantissa
PRECISIONS = {"float32": 68, "tf32": 77, "float16": 74, "bfloat16": 75}
DEFAULT_ALGORITHM = -1
#: bytes that products may use; what NVIDIA recommends for the largest devices
WORKSPACE = 32 << 20
STATUS = {
    1: "not initialised",
    3: "out of memory",
    7: "invalid value",
    8: "the device is too old",
    13: "the launch failed",
    14: "internal error",
    15: "not supported",
}


class _Settings:
    """How float32 is multiplied by products that are bound from now on."""

    precision = "float32"


settings = _Settings()


def float32_matmul_precision(precision: str) -> None:
    """How matrices of float32 are multiplied by programs on a device that are recorded afterwards.

    Sums are made in float32 always; "tf32", "float16" and "bfloat16" round what is multiplied,
    which is several times faster on devices with matrix units. "float32", the default, does not.

    Raises:
        ValueError: another name.

    >>> float32_matmul_precision("float32")
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision is {precision!r}; expected one of {', '.join(PRECISIONS)}")
    settings.precision = precision


class Cublas:
    """A handle; `library` is cuBLAS, as `load` finds it."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self._handle = ctypes.c_void_p()
        _checked(library.cublasCreate_v2(ctypes.byref(self._handle)), "cublasCreate")
        scalars = {k: ctypes.c_double if k == "d" else ctypes.c_float for k in TYPES}
        self._one = {k: scalar(1) for k, scalar in scalars.items()}
        self._zero = {k: scalar(0) for k, scalar in scalars.items()}

    def on(self, stream: int, place: int, nbytes: int) -> None:
        """Products go to this stream from now on, with memory on the device to work in."""
        library = self._library
        _checked(library.cublasSetStream_v2(self._handle, ctypes.c_void_p(stream)), "SetStream")
        # setting a stream takes the workspace away
        found = library.cublasSetWorkspace_v2(
            self._handle, ctypes.c_void_p(place), ctypes.c_size_t(nbytes)
        )
        _checked(found, "SetWorkspace")

    def multiply(self, gemm: Gemm, x: int, y: int, out: int) -> None:
        """The product of matrices at addresses.

        By columns the result is its transpose, and the product of the transposes in the other
        order: y comes first.
        """
        kind = gemm.dtype.char
        compute = PRECISIONS[settings.precision] if kind == "f" else COMPUTE[kind]
        dtype, pointer, length, step = TYPES[kind], ctypes.c_void_p, ctypes.c_int, ctypes.c_longlong
        found = self._library.cublasGemmStridedBatchedEx(
            self._handle,
            *(ctypes.c_int(m.transposed) for m in (gemm.y, gemm.x)),
            *map(length, (gemm.columns, gemm.rows, gemm.inner)),
            ctypes.byref(self._one[kind]),
            *(pointer(y), length(dtype), length(gemm.y.leading), step(gemm.y.stride)),
            *(pointer(x), length(dtype), length(gemm.x.leading), step(gemm.x.stride)),
            ctypes.byref(self._zero[kind]),
            *(pointer(out), length(dtype), length(gemm.columns)),
            step(gemm.rows * gemm.columns),
            length(gemm.count),
            length(compute),
            length(DEFAULT_ALGORITHM),
        )
        what = f"({gemm.rows}, {gemm.inner}) @ ({gemm.inner}, {gemm.columns}) of {gemm.dtype}"
        _checked(found, f"GemmStridedBatchedEx of {gemm.count} times {what}")


def _checked(status: int, what: str) -> None:
    if status:
        reason = STATUS.get(status, "unknown")
        raise RuntimeError(f"cuBLAS, {what}: status {status}, {reason}")


def load(version: int | None = None) -> Any:
    """The library; of a major version of CUDA, where there are several.

    Raises:
        ImportError: there is none.
    """
    tried = []
    for file in _candidates(version):
        try:
            lt = file.with_name(file.name.replace("libcublas", "libcublasLt"))
            if lt.is_file():  # which the other asks for by its bare name
                ctypes.CDLL(str(lt), mode=ctypes.RTLD_GLOBAL)
            return ctypes.CDLL(str(file))
        except OSError as error:
            tried.append(f"{file}: {error}")
    raise ImportError(
        "cuBLAS was not found: pip install 'autodiff-tape[cuda12]' or 'autodiff-tape[cuda13]', or "
        f"set CUDA_PATH to a CUDA toolkit ({'; '.join(tried) or 'no file of that name'})"
    )


def _candidates(version: int | None) -> Iterator[Path]:
    major = "*" if version is None else str(version)
    for folder in map(Path, sys.path):
        for part in ("cublas", "cu*"):
            yield from sorted(folder.glob(f"nvidia/{part}/lib/libcublas.so.{major}"))
            yield from sorted(folder.glob(f"nvidia/{part}/bin/**/cublas64_{major}.dll"))
    if "CUDA_PATH" in os.environ:
        toolkit = Path(os.environ["CUDA_PATH"])
        yield from sorted(toolkit.glob(f"lib64/libcublas.so.{major}"))
        yield from sorted(toolkit.glob(f"bin/cublas64_{major}.dll"))
    for number in (version,) if version is not None else (13, 12):
        yield Path(f"libcublas.so.{number}")
