"""Kernels compiled as a GPU's driver would get them, by NVRTC: it needs no driver.

NVRTC comes with NVIDIA's wheels (`pip install nvidia-cuda-nvrtc`) and with a CUDA toolkit.
"""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

from autodiff.flat.cuda._prelude import COMMON, OPTIONS, PRELUDE

#: compute capabilities that kernels are compiled for
ARCHITECTURES = ("sm_75", "sm_90")


@cache
def library() -> Any:
    """NVRTC; None where there is none."""
    folders = [Path(p, "nvidia") for p in sys.path]
    found = [f for folder in folders for f in sorted(folder.glob("*/lib/libnvrtc.so*"))]
    toolkits = (os.environ.get("CUDA_PATH", "/usr/local/cuda"), "/usr/local/cuda")
    found += [f for path in toolkits for f in sorted(Path(path, "lib64").glob("libnvrtc.so*"))]
    for file in found:
        if "builtins" not in file.name:
            try:
                return ctypes.CDLL(str(file))
            except OSError:
                continue
    return None


def compiled(text: str, architecture: str) -> bytes:
    """The machine code of kernels with the prelude; AssertionError with the compiler's words."""
    nvrtc = library()
    program = ctypes.c_void_p()
    source = (PRELUDE + COMMON + text).encode()
    assert not nvrtcresult(
        nvrtc.nvrtcCreateProgram(ctypes.byref(program), source, b"kernels.cu", 0, None, None)
    )
    options = [*OPTIONS, f"--gpu-architecture={architecture}"]
    given = (ctypes.c_char_p * len(options))(*(o.encode() for o in options))
    failed = nvrtc.nvrtcCompileProgram(program, len(options), given)
    size = ctypes.c_size_t()
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    assert not failed, log.value.decode() + text
    nvrtc.nvrtcGetCUBINSize(program, ctypes.byref(size))
    code = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetCUBIN(program, code)
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return code.raw


def nvrtcresult(code: int) -> int:
    """NVRTC's answer."""
    return int(code)
