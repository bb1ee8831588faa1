"""A server on loopback that keeps what is posted to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(self.server.keep(self.path, dict(self.headers), body))
        self.send_response(self.server.code())
        self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, *_):
        pass


def whole(path: str, headers: dict[str, str], body: bytes) -> Any:
    """Keep all of a post."""
    return path, headers, body


@contextmanager
def receiver(
    code: Callable[[], int] = lambda: 204, *, path: str = "hook", keep: Callable[..., Any] = whole
) -> Iterator[Any]:
    """Run a server; `url` is its address, `got` what it keeps of each post, `code` the answer."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.got, server.code, server.keep = [], code, keep
        server.url = f"http://127.0.0.1:{server.server_port}/{path}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
