"""A server on loopback over a directory of JSON files, and a client that shows what it gets."""

from __future__ import annotations

import gzip
import http.client
import json
import shutil
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import pytest
from anyio.from_thread import start_blocking_portal

from nof0_api.app import make_app
from nof0_api.server import bind, serving
from nof0_core.project import ServingConfig, TtlConfig
from nof0_core.sources import FileSource
from nof0_core.testing.environment import Lines

ARENA = Path(__file__).parents[2] / "data" / "arena"


@attrs.frozen
class Got:
    """An answer; `headers` by name in lower case."""

    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Site:
    """A running server."""

    def __init__(self, url, directory, log, app):
        self.url = url
        self.app = app
        self.directory = directory
        self.log = log

    def stop(self):
        """Let the server end, as at the end of a run."""
        self.app.close()

    def ask(self, path, method="GET", **headers):
        """Send the path as it is; `accept_encoding=` is the header Accept-Encoding."""
        place = urlsplit(self.url)
        line = http.client.HTTPConnection(place.hostname, place.port, timeout=10)
        try:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            line.request(method, path, headers=names)
            answer = line.getresponse()
            body = answer.read()
        finally:
            line.close()
        return Got(answer.status, {k.lower(): v for k, v in answer.getheaders()}, body)

    def write(self, name, value):
        """Put a file in place as the exporter does."""
        text = value if isinstance(value, bytes) else json.dumps(value).encode()
        draft = self.directory / ".draft"
        draft.write_bytes(text)
        draft.replace(self.directory / f"{name}.json")


@pytest.fixture
def log():
    return Lines()


@pytest.fixture
def serve(log):
    """Start a server over a directory; all are stopped at the end of the test."""
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())

        def start(
            directory,
            *,
            lag=None,
            quarantine=None,
            metrics_file=None,
            allow_origins=(),
            allow_hosts=(),
            host="127.0.0.1",
            state_dir=None,
        ):
            config = ServingConfig(
                name="test",
                host=host,
                port=0,
                data_path=directory,
                metrics_file=metrics_file,
                ttl=TtlConfig(
                    short=timedelta(seconds=7), medium=timedelta(seconds=70), long=timedelta(0)
                ),
                allow_origins=allow_origins,
                allow_hosts=allow_hosts,
                state_dir=state_dir,
            )
            address = bind(config.host, config.port)
            app = make_app(
                FileSource(directory, log=log), config, log=log, lag=lag, quarantine=quarantine
            )
            stack.enter_context(portal.wrap_async_context_manager(serving(app, address)))
            return Site(address.url, directory, log, app)

        yield start


@pytest.fixture
def arena(tmp_path):
    """A copy of the recorded answers under the names the API reads."""
    directory = tmp_path / "api"
    shutil.copytree(ARENA, directory)
    (directory / "account-totals.excerpt.json").rename(directory / "account-totals.json")
    return directory


@pytest.fixture
def site(serve, arena):
    return serve(arena)


def unzipped(got):
    assert got.headers["content-encoding"] == "gzip"
    return gzip.decompress(got.body)
