"""One file from the first of several mirrors that serves the right bytes in time.

A transfer runs in a thread of its own and into memory: name look-up, connecting and reading can
each block for longer than asked, and a thread can be left behind when the time is up. Only whole,
checked bytes are written, under a name of their own, then renamed: another process sees all of the
file or none, whatever happens to this one.
"""

from __future__ import annotations

import http.client
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
FAILURES = (OSError, http.client.HTTPException, ValueError)  # what a URL or a body can do wrong


class DownloadError(OSError):
    """No mirror served the file; the message gives each mirror's reason."""


def download(
    urls: Sequence[str], check: Callable[[bytes], T], deadline: float, max_bytes: int
) -> tuple[str, bytes, T]:
    """(url, body, check(body)) of the first URL whose body passes.

    check: raises ValueError where the body is not what it should be.
    deadline: on the clock of `time.monotonic`, for all URLs together. Each gets an even share of
        what is left, and more while it is on course to finish in time.
    max_bytes: a longer body is refused.
    """
    reasons = []
    for place, url in enumerate(urls):
        share = (deadline - time.monotonic()) / (len(urls) - place)
        if share <= 0:
            reasons.append((url, "not tried, the time was up"))
            continue
        transfer = _Transfer(url, share, max_bytes)
        try:
            body = transfer.wait(share, deadline)
            return url, body, check(body)
        except FAILURES as error:
            reasons.append((url, str(error) or type(error).__name__))
    raise DownloadError("".join(f"\n  {url}: {reason}" for url, reason in reasons))


class _Transfer(threading.Thread):
    """One GET request; `body` grows as it comes in."""

    def __init__(self, url: str, stall: float, max_bytes: int) -> None:
        super().__init__(name=f"download {url}", daemon=True)
        self.url, self.stall, self.max_bytes = url, stall, max_bytes
        self.body, self.length = bytearray(), 0
        self.error: Exception | None = None
        self.done, self.abandoned = threading.Event(), False
        self.started = time.monotonic()
        self.start()

    def run(self) -> None:
        try:
            self._get()
        except urllib.error.HTTPError as error:
            error.close()  # it holds the connection
            self.error = OSError(str(error))
        except FAILURES as error:
            self.error = error
        finally:
            self.done.set()

    def _get(self) -> None:
        request = urllib.request.Request(self.url, headers={"User-Agent": "autodiff"})
        with urllib.request.urlopen(request, timeout=self.stall) as response:
            self.length = int(response.headers.get("Content-Length") or 0)
            while not self.abandoned and (piece := response.read1(1 << 16)):
                self.body += piece
                size = max(len(self.body), self.length)
                if size > self.max_bytes:
                    raise ValueError(f"{size:,} bytes or more, expected {self.max_bytes:,} at most")
        if len(self.body) < self.length:
            raise ValueError(f"broke off after {len(self.body):,} of {self.length:,} bytes")

    def wait(self, share: float, deadline: float) -> bytes:
        """The body, or why there is none; after its share only while on course for the deadline."""
        while not self.done.wait(share) and self._on_course(deadline):
            share = 0.1
        if not self.done.is_set():
            self.abandoned = True
            seconds = time.monotonic() - self.started
            of = f" of {self.length:,}" if self.length else ""
            raise TimeoutError(f"too slow, {len(self.body):,}{of} bytes in {seconds:.1f} s")
        if self.error is not None:
            raise self.error
        return bytes(self.body)

    def _on_course(self, deadline: float) -> bool:
        """Whether the rest comes before the deadline if it comes as fast as the bytes so far."""
        elapsed = time.monotonic() - self.started
        return 0 < self.length * elapsed < len(self.body) * (deadline - self.started)
