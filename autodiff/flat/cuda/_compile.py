"""CUDA C to machine code: by NVRTC as CuPy binds it, kept where CuPy keeps its kernels.

CuPy's own way there, `RawModule`, adds -ftz=true (cupy/cuda/compiler.py, _compile_with_cache_cuda):
floats below 1.2e-38 would be 0, which they are not in NumPy.
"""

from __future__ import annotations

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..._files import write_atomically
from ._prelude import COMMON, OPTIONS, PRELUDE


def machine_code(cupy: Any, text: str, capability: str) -> bytes:
    """What the driver loads, for kernels in CUDA C without the prelude.

    capability: compute capability without the point, "90". Of one that NVRTC does not know yet the
        driver makes the code itself, from PTX for the newest that NVRTC knows.

    Raises:
        RuntimeError: NVRTC does not compile it; with what it says, and the text.
    """
    nvrtc, source = cupy.cuda.nvrtc, PRELUDE + COMMON + text
    newest = max(n for n in nvrtc.getSupportedArchs() if n <= int(capability))
    known = newest == int(capability)
    architecture = f"{'sm' if known else 'compute'}_{newest}"
    options = (*OPTIONS, f"--gpu-architecture={architecture}")
    key = sha256(repr((nvrtc.getVersion(), options, source)).encode()).hexdigest()
    folder = os.environ.get("CUPY_CACHE_DIR") or Path.home() / ".cupy" / "kernel_cache"
    file = Path(folder, f"autodiff-{key}.bin")
    with suppress(OSError):
        return file.read_bytes()
    program = nvrtc.createProgram(source, "kernels.cu", (), ())
    try:
        try:
            nvrtc.compileProgram(program, options)
        except nvrtc.NVRTCError as error:
            said = nvrtc.getProgramLog(program)
            raise RuntimeError(f"NVRTC, {architecture}: {error}\n{said}\n{text}") from error
        code: bytes = nvrtc.getCUBIN(program) if known else nvrtc.getPTX(program)
    finally:
        nvrtc.destroyProgram(program)
    with suppress(OSError):  # a folder that cannot be written to costs time, nothing else
        write_atomically(file, code)
    return code
