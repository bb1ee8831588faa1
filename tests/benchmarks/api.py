"""How close the API comes to a server that does nothing but send: `python tests/benchmarks/api.py`.

Starts our application and a bare ASGI application on the same server, with the same headers and
bytes to send, and asks both in turns with wrk (package `wrk` of the distribution). Answers per
second are what a client sees; processor time per answer says the same where other work disturbs.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from statistics import median
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from anyio.from_thread import start_blocking_portal

from nof0_api.app import make_app
from nof0_api.commands import TerminalLog
from nof0_api.server import bind, serving
from nof0_core.project import ServingConfig, TtlConfig
from nof0_core.sources import FileSource

ROUNDS = 5
SECONDS = "3s"
CONNECTIONS = "64"
PATH = "/api/trades"


class Bare:
    """Sends the same bytes whatever it is asked; nothing can be quicker on this server."""

    def __init__(self, status, headers, body):
        self.start = {"type": "http.response.start", "status": status, "headers": headers}
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
            allow_hosts=(),
        )
        log = TerminalLog()
        app = make_app(FileSource(directory, log=log), config, log=log)
    else:
        status, headers = json.loads((directory / f"{kind}.head").read_text())
        headers = [(name.encode(), value.encode()) for name, value in headers]
        app = Bare(status, headers, (directory / f"{kind}.body").read_bytes())
    with start_blocking_portal() as portal, ExitStack() as stack:
        address = bind("127.0.0.1", 0)
        stack.enter_context(portal.wrap_async_context_manager(serving(app, address)))
        print(address.url, flush=True)
        sys.stdin.read()


class Server:
    """One of the two in a process of its own."""

    def __init__(self, stack, kind, directory):
        self.process = stack.enter_context(
            subprocess.Popen(
                [sys.executable, __file__, kind, directory],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        stack.callback(self.process.stdin.close)
        self.url = self.process.stdout.readline().strip()

    def processor_time(self):
        """Return the microseconds used so far."""
        words = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return 1e6 * (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def rate(self, *headers):
        """Ask as fast as possible; returns answers per second and microseconds per answer."""
        words = [word for header in headers for word in ("-H", header)]
        before = self.processor_time()
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}", *words, f"{self.url}{PATH}"]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        used = self.processor_time() - before
        count = int(re.search(r"(\d+) requests in", out)[1])
        return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), used / count


def record(url, directory, case, headers):
    """Keep what our server answers, for the bare one to send."""
    asked = dict(header.split(": ", 1) for header in headers)
    request = Request(url, headers=asked)  # noqa: S310 - our own server
    try:
        with urlopen(request) as answer:  # noqa: S310 - our own server
            status, body, said = answer.status, answer.read(), answer.headers.items()
    except HTTPError as answer:
        status, body, said = answer.code, b"", answer.headers.items()
    # What the server adds itself.
    own = {"date", "connection"}
    head = [(name, value) for name, value in said if name.lower() not in own]
    (directory / f"{case}.body").write_bytes(body)
    (directory / f"{case}.head").write_text(json.dumps([status, head]))
    return dict(said)["etag"]


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

        ours = Server(stack, "ours", name)
        zipped = "Accept-Encoding: gzip"
        tag = record(ours.url + PATH, directory, "plain", ())
        print(f"{(directory / 'plain.body').stat().st_size} bytes")
        for case, headers in (
            ("plain", ()),
            ("gzip", (zipped,)),
            ("304", (f"If-None-Match: {tag}",)),
            ("304-gzip", (f"If-None-Match: {tag}", zipped)),
        ):
            record(ours.url + PATH, directory, case, headers)
            bare = Server(stack, case, name)
            pairs = [(ours.rate(*headers), bare.rate(*headers)) for _ in range(ROUNDS)]
            rates, costs = zip(*(zip(*pair, strict=True) for pair in pairs), strict=True)
            print(
                f"{case:8} ours {median(a for a, _ in rates):6.0f}/s"
                f"   bare {median(b for _, b in rates):6.0f}/s"
                f"   {100 * median(a / b for a, b in rates):4.0f} %"
                f"   processor {median(a for a, _ in costs):4.0f} and"
                f" {median(b for _, b in costs):4.0f} us"
                f"   {100 * median(b / a for a, b in costs):4.0f} %"
            )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        serve_one(*sys.argv[1:])
    else:
        main()
