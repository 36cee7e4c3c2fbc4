"""A small data set and an HTTP server on this machine whose folders each fail in their own way."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import struct
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from data._dataset import IdxDataset, IdxFile

SHAPES = {"a-images": (7, 4, 4), "a-labels": (7,), "b-images": (3, 4, 4), "b-labels": (3,)}


def idx(array: np.ndarray) -> bytes:
    """The IDX file of a uint8 array."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


class Mirrors:
    """`url("good")` and its bad neighbours: folders of the server, named for what they do."""

    def __init__(self, content: dict[str, bytes]) -> None:
        self.content = content
        self.requests: list[str] = []  # "good/a-images.gz", in the order they came
        self.closing = threading.Event()  # ends what would go on for ever
        self.gate = threading.Barrier(1)  # the mirror "gate" serves this many clients at a time
        mirrors = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                mirrors.requests.append(self.path.lstrip("/"))
                _, folder, name = self.path.split("/")
                with contextlib.suppress(OSError):  # the client may hang up
                    mirrors.serve(self, folder, name)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def url(self, folder: str) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/{folder}/"

    def serve(self, http: BaseHTTPRequestHandler, folder: str, name: str) -> None:
        body = gzip.compress(self.content[name.removesuffix(".gz")])
        if folder == "404":
            return http.send_error(404)
        if folder == "moved":
            http.send_response(302)
            http.send_header("Location", self.url("good") + name)
            return http.end_headers()
        if folder == "silent":
            self.closing.wait()
            return None
        if folder == "gate":
            self.gate.wait(60)
        if folder == "slow-header":
            http.wfile.write(b"HTTP/1.0 200 OK\r\nX: ")
            return self.drip(http, b"x" * 10**6, pause=0.05)
        if folder == "other":  # a good IDX file of the same shape, with one byte changed
            plain = self.content[name.removesuffix(".gz")]
            body = gzip.compress(plain[:-1] + bytes([plain[-1] ^ 1]))
        if folder == "page":
            body = b"<html>Log in to this network first.</html>"
        if folder == "plain":
            body = gzip.decompress(body)
        http.send_response(200)
        if folder not in ("cut", "endless"):
            http.send_header("Content-Length", str(len(body)))
        http.end_headers()
        if folder in ("cut", "short"):  # without and with an announced length
            http.wfile.write(body[: len(body) // 2])
        elif folder == "slow":
            self.drip(http, body, pause=0.3)
        elif folder == "steady":
            self.drip(http, body, pause=1.0 / len(body))
        elif folder == "endless":
            self.drip(http, bytes(10**7), pause=0, size=10**4)
        else:
            http.wfile.write(body)
        return None

    def drip(self, http: BaseHTTPRequestHandler, body: bytes, pause: float, size: int = 1) -> None:
        for start in range(0, len(body), size):
            http.wfile.write(body[start : start + size])
            http.wfile.flush()
            if self.closing.wait(pause):
                return

    def close(self) -> None:
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture(scope="session")
def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {name: rng.integers(0, 256, shape, np.uint8) for name, shape in SHAPES.items()}


@pytest.fixture(scope="session")
def content(arrays: dict[str, np.ndarray]) -> dict[str, bytes]:
    return {name: idx(array) for name, array in arrays.items()}


@pytest.fixture
def mirrors(content: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirrors]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = Mirrors(content)
    yield server
    server.close()
    deadline = time.monotonic() + 5
    for thread in threading.enumerate():
        if thread.name.startswith("download "):  # one that was left behind comes to its end
            thread.join(deadline - time.monotonic())
            assert not thread.is_alive()


@pytest.fixture
def tiny(content: dict[str, bytes]) -> IdxDataset:
    """Four small files and no mirror yet."""
    return IdxDataset(
        "tiny",
        tuple(
            IdxFile(name, shape, hashlib.md5(content[name]).hexdigest())
            for name, shape in SHAPES.items()
        ),
        mirrors=(),
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the small data set belongs: AUTODIFF_DATA and the user's cache are empty folders."""
    monkeypatch.setenv("AUTODIFF_DATA", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "own" / "tiny"
