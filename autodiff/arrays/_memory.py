"""Large arrays kept by the process instead of handed back to the system one by one.

By default glibc maps every array above some 100 kB afresh and unmaps it when it is freed, so each
new result pays for page faults: three times the time of an elementwise op on half a megabyte.
Raising two thresholds lets freed arrays be used again. The price is that up to `KEEP` bytes of
freed memory stay with the process. `AUTODIFF_MALLOPT=0` in the environment leaves glibc alone;
other systems are left alone anyway. See mallopt(3).
"""

from __future__ import annotations

import os
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
#: blocks from this size on are still mapped; the most that glibc takes
MAPPED = 32 << 20
#: free memory at the end of the heap that stays with the process
KEEP = 512 << 20

_done = False


def keep_large_arrays() -> None:
    """Set glibc's thresholds, once; does nothing elsewhere or if switched off."""
    global _done
    if _done:
        return
    _done = True
    if not sys.platform.startswith("linux") or os.environ.get("AUTODIFF_MALLOPT") == "0":
        return
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # musl has none
        mallopt(M_MMAP_THRESHOLD, MAPPED)
        mallopt(M_TRIM_THRESHOLD, KEEP)
