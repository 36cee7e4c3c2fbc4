"""A Chromium to open pages in, spoken to through a pipe: no driver, no port, no package.

The protocol is Chrome's DevTools Protocol, https://chromedevtools.github.io/devtools-protocol,
whose messages are JSON with a zero byte behind each, on file descriptors 3 and 4.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    *("--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu"),
    *("--no-first-run", "--disable-extensions", "--disable-background-networking"),
    *("--disable-dev-shm-usage", "--hide-scrollbars", "--host-resolver-rules=MAP * ~NOTFOUND"),
)
SECONDS = 60.0


def program() -> str | None:
    """The browser, if there is one that can be spoken to."""
    if sys.platform == "win32":
        return None
    return next(filter(None, map(shutil.which, NAMES)), None)


def _high(descriptor: int) -> int:
    """The same file under a number that nobody else reckons with."""
    import fcntl

    found: int = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return found


class Browser:
    """One page of a headless Chromium; what it complains about is in `complaints`."""

    def __init__(self, width: int = 1200, height: int = 700) -> None:
        found = program()
        if found is None:
            raise RuntimeError("there is no Chromium")
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        take, self._write = map(_high, os.pipe())
        self._read, give = map(_high, os.pipe())
        self._rest, self._number = b"", 0
        self.complaints: list[str] = []
        place = f"--user-data-dir={self._profile.name}"
        size = f"--window-size={width},{height}"
        start = f"os.dup2({take}, 3); os.dup2({give}, 4); os.execv(sys.argv[1], sys.argv[1:])"
        python = [sys.executable, "-I", "-S", "-c", f"import os, sys; {start}"]
        self._process = subprocess.Popen(
            [*python, found, *FLAGS, place, size, "about:blank"],
            pass_fds=(take, give),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(take)
        os.close(give)
        self._session = ""
        try:
            self._attach()
        except BaseException:
            self.__exit__(None, None, None)
            raise

    def _attach(self) -> None:
        pages = self.send("Target.getTargets")["targetInfos"]
        id = next(page["targetId"] for page in pages if page["type"] == "page")
        attached = self.send("Target.attachToTarget", targetId=id, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> Any:
        """The result of a command."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def _next(self) -> Any:
        end = time.monotonic() + SECONDS
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._read], [], [], max(0.0, end - time.monotonic()))
            more = os.read(self._read, 1 << 16) if ready else b""
            if not more:
                raise RuntimeError(f"Chromium said nothing for {SECONDS:g} s, or ended")
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\0")
        message = json.loads(line)
        method = message.get("method")
        if method == "Runtime.exceptionThrown":
            self.complaints.append(
                message["params"]["exceptionDetails"]["exception"]["description"]
            )
        elif method == "Log.entryAdded":
            self.complaints.append(message["params"]["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            if not url.startswith(("file:", "data:", "about:")):
                self.complaints.append(f"asked for {url}")
        return message

    def open(self, path: Path) -> None:
        """Show a file, and wait until it has drawn itself."""
        self.send("Page.navigate", url=path.resolve().as_uri())
        end = time.monotonic() + SECONDS
        while self("document.documentElement?.dataset.drawn") is None:
            if self.complaints or time.monotonic() > end:
                raise RuntimeError(f"the page is not drawn: {self.complaints}")
            time.sleep(0.02)

    def __call__(self, script: str) -> Any:
        """The value of an expression."""
        done = self.send("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in done:
            raise RuntimeError(done["exceptionDetails"]["exception"]["description"])
        return done["result"].get("value")

    def middle(self, selector: str) -> tuple[float, float]:
        """Where an element is on the screen."""
        box = f"document.querySelector({json.dumps(selector)}).getBoundingClientRect()"
        x, y = self(f"(b => [b.x + b.width / 2, b.y + b.height / 2])({box})")
        return x, y

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        """A pointer's event: mouseMoved, mousePressed, mouseReleased, mouseWheel."""
        self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def hover(self, selector: str) -> None:
        """Point at an element."""
        self.mouse("mouseMoved", *self.middle(selector))

    def click(self, selector: str) -> None:
        """Click on an element, wherever it is."""
        x, y = self.middle(selector)
        self.mouse("mouseMoved", x, y)
        for kind in ("mousePressed", "mouseReleased"):
            self.mouse(kind, x, y, button="left", clickCount=1)

    def key(self, key: str) -> None:
        """Press and release a key."""
        for kind in ("keyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=key)

    def screenshot(self, path: Path) -> None:
        """What is to be seen, as a PNG file."""
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot")["data"]))

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError, RuntimeError):
            self._session = ""
            self.send("Browser.close")
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._read)
        os.close(self._write)
        self._profile.cleanup()
