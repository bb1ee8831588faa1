"""Passwords, tokens and addresses of outputs that fail are in nothing a run writes or shows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from redis_server import RedisServer

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
WEBHOOKS = """
Exporters:
  - {type: webhook, url: "http://127.0.0.1:PORT/canary-path", secret: canary-key, repeat_after: 0s}
  - {type: webhook, format: ntfy, url: "http://127.0.0.1:PORT/canary-topic", token: canary-token}
  - {type: webhook, format: telegram, url: "http://127.0.0.1:PORT/botcanary-bot/x", chat_id: "1"}
"""


class Refusing(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, body))
        # A target may even repeat what it was sent.
        self.send_response(403, f"canary-path {self.headers.get('Authorization', '')}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def target():
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        server.got = []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def locked():
    server = RedisServer("--requirepass", "canary-right")
    yield server
    server.close()


def test_a_run_with_outputs_that_refuse_it(tmp_path, target, locked):
    for name in ("etc", "prompts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    main = tmp_path / "etc" / "nof0.yaml"
    main.write_text(main.read_text() + WEBHOOKS.replace("PORT", str(target.server_port)))
    data = tmp_path / "data"
    data.mkdir()
    halt = [sys.executable, "-m", "nof0_core", "halt", main, "--data-dir", data]
    halted = subprocess.run(halt, capture_output=True, text=True, check=False, env=_environ(locked))
    assert halted.returncode == 0, halted.stderr
    done = subprocess.run(
        [sys.executable, "-m", "nof0_core", "run", main, "--cycles", "6", "--data-dir", data,
         "--verbose"],
        capture_output=True, text=True, check=False, env=_environ(locked),
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    # Each of them has failed, and was told of.
    log = (data / "nof0.log").read_text()
    assert "refuses the password" in log
    assert log.count("answered HTTP 403") >= 3
    assert {path for path, _ in target.got} == {
        "/canary-path", "/canary-topic", "/botcanary-bot/x",
    }  # fmt: skip
    assert "canary" not in said
    files = [path for path in data.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert [path for path in files if b"canary" in path.read_bytes()] == []
    assert not [body for _, body in target.got if b"canary" in body]


def _environ(server):
    return os.environ | {"Cache__0__Host": server.host, "Cache__0__Pass": "canary-wrong"}
