"""How close the API comes to a server that does nothing but send: `python tests/benchmarks/api.py`.

Starts our application and a bare ASGI application on the same server, one after the other and in
turns, with the same bytes to send, and asks both with wrk (package `wrk` of the distribution).
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from urllib.request import urlopen

from anyio.from_thread import start_blocking_portal

from nof0_api.app import make_app
from nof0_api.commands import TerminalLog
from nof0_api.files import FileSource
from nof0_api.server import bind, serving
from nof0_core.config.model import TtlConfig
from nof0_core.runtime.serving import ServingConfig

ROUNDS = 5
SECONDS = "3s"
CONNECTIONS = "64"


class Bare:
    """Sends the same bytes whatever it is asked; nothing can be quicker on this server."""

    def __init__(self, status, body, *headers):
        self.start = {
            "type": "http.response.start",
            "status": status,
            "headers": [*headers, (b"content-length", b"%d" % len(body))] if body else [*headers],
        }
        self.body = {"type": "http.response.body", "body": body}

    async def __call__(self, scope, receive, send):
        await send(self.start)
        await send(self.body)


def serve_one(kind, directory):
    """Serve until standard input ends; for a process of its own."""
    directory = Path(directory)
    if kind == "ours":
        config = ServingConfig(
            name="benchmark",
            host="127.0.0.1",
            port=0,
            data_path=directory,
            metrics_file=None,
            ttl=TtlConfig(short=timedelta(seconds=10)),
            allow_origins=(),
        )
        log = TerminalLog()
        app = make_app(FileSource(directory, log=log), config, log=log)
    else:
        body = (directory / f"{kind}.body").read_bytes()
        headers = [(b"content-type", b"application/json"), (b"etag", b'W/"0123456789abcdef01"')]
        headers += [(b"content-encoding", b"gzip")] if kind == "gzip" else []
        app = Bare(200 if body else 304, body, *headers)
    with start_blocking_portal() as portal, ExitStack() as stack:
        address = bind("127.0.0.1", 0)
        stack.enter_context(portal.wrap_async_context_manager(serving(app, address)))
        print(address.url, flush=True)
        sys.stdin.read()


def rate(url, *headers):
    """Ask as fast as possible; returns answers per second."""
    words = [word for header in headers for word in ("-H", header)]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}", *words, url]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])


def main():
    if not shutil.which("wrk"):
        sys.exit("wrk is missing: apt install wrk")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        directory = Path(name)
        rows = [
            {"model_id": f"m{n // 100}", "text": "a closed trade with numbers", "n": n * 1.2345678}
            for n in range(3500)
        ]
        text = json.dumps({"trades": rows}).encode()
        (directory / "trades.json").write_bytes(text)

        def start(kind):
            command = [sys.executable, __file__, kind, name]
            process = stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            stack.callback(process.stdin.close)
            return process.stdout.readline().strip()

        ours = start("ours") + "/api/trades"
        with urlopen(ours) as answer:  # noqa: S310 - our own server
            body, tag = answer.read(), answer.headers["etag"]
        (directory / "plain.body").write_bytes(body)
        (directory / "gzip.body").write_bytes(gzip.compress(body, 6))
        (directory / "none.body").write_bytes(b"")
        print(f"{len(body)} bytes")
        cases = [
            ("plain", (), start("plain")),
            ("gzip", ("Accept-Encoding: gzip",), start("gzip")),
            ("304", (f"If-None-Match: {tag}",), start("none")),
        ]
        for case, headers, bare in cases:
            pairs = [(rate(ours, *headers), rate(bare, *headers)) for _ in range(ROUNDS)]
            mine, theirs = (statistics.median(p[i] for p in pairs) for i in (0, 1))
            ratio = statistics.median(a / b for a, b in pairs)
            print(f"{case:6} ours {mine:8.0f}/s   bare {theirs:8.0f}/s   {100 * ratio:.0f} %")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        serve_one(*sys.argv[1:])
    else:
        main()
