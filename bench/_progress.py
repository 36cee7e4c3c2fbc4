"""A progress bar where tqdm is installed and someone watches, else a line now and then."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence


def progress(items: Sequence[int], label: str) -> Iterator[int]:
    """Yield the items and show on standard error how far it is."""
    try:
        from tqdm import tqdm
    except ImportError:
        tqdm = None
    if tqdm is not None and sys.stderr.isatty():
        yield from tqdm(items, desc=label, leave=False)
        return
    for done, item in enumerate(items, 1):
        yield item
        if done * 4 // len(items) > (done - 1) * 4 // len(items):  # each quarter
            print(f"{label}: {done} of {len(items)}", file=sys.stderr, flush=True)
