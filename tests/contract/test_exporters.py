"""Core's own exporters against the suite for exporters."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import attrs
import pytest

from nof0_core.exporters.kinds import EXPORTERS
from nof0_core.exporters.webhook import WebhookConfig
from nof0_core.testing.contracts import ExporterContract, Written
from nof0_core.testing.contracts.exporter import Files

KINDS = {kind.type: kind for kind in EXPORTERS}


class Content(Files):
    """What files say of the run; the number of the export is meant to grow each time."""

    def state(self):
        found = super().state()
        note = found.pop("export.json", None)
        return found, note and json.loads(note)["documents"]


class TestFiles(ExporterContract):
    @pytest.fixture(params=["json", "prometheus"])
    def kind(self, request):
        return KINDS[request.param]

    @pytest.fixture
    def written(self, opener):
        return Content(opener.env.data_dir)


class Receiver(BaseHTTPRequestHandler):
    """Keeps what it is sent, with the key that tells repetitions."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.headers["Idempotency-Key"], json.loads(body)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments):
        """Stay silent."""


@attrs.frozen
class Heard(Written):
    server: ThreadingHTTPServer

    def state(self):
        return list(self.server.heard)


class TestWebhook(ExporterContract):
    @pytest.fixture
    def kind(self):
        return KINDS["webhook"]

    @pytest.fixture
    def server(self):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        server.heard = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
        server.server_close()

    @pytest.fixture
    def config(self, server):
        return WebhookConfig(url=f"http://127.0.0.1:{server.server_port}/alerts")

    @pytest.fixture
    def written(self, server):
        return Heard(server)


def test_every_exporter_is_covered():
    assert set(KINDS) == {"json", "prometheus", "webhook"}
