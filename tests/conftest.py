"""Fixtures for all tests."""

from __future__ import annotations

import gc
import socket
from collections import Counter
from contextlib import contextmanager
from decimal import ROUND_UP, Context, getcontext, localcontext
from pathlib import Path

import pytest
import told_alerts
from hypothesis import HealthCheck, settings
from llm_server import LlmServer

from nof0_core.redaction import READ, ReadValues

# How fast the machine is today says nothing about the code.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

told_alerts.listen()
TELLERS = told_alerts.table()

LOCAL = ("127.0.0.1", "::1", "localhost")

HERE = Path(__file__).parent
LONGEST = (
    "unit/core/storage/test_database_check.py",
    "world/test_lives.py",
    "integration/test_bad_endings.py",
    "integration/test_bad_plugin.py",
    "repo/test_static.py",
    "generated/test_day.py",
    "integration/test_api.py",
    "world/test_under_faults.py",
    "integration/test_providers.py",
    "integration/hyperliquid/test_replay_at_venue.py",
)
"""Files that take half a minute and more. A worker takes a whole file: none of them comes last."""


@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session")
def coarse():
    """Context manager: a decimal context of 9 digits around, which must stay as it is."""

    @contextmanager
    def surrounded():
        with localcontext(Context(prec=9, rounding=ROUND_UP)) as ambient:
            yield
            assert getcontext() is ambient
            assert (ambient.prec, ambient.rounding) == (9, ROUND_UP)
            assert not any(ambient.flags.values()), "something was calculated in it"

    return surrounded


@pytest.fixture
def llm_server():
    """A local endpoint that speaks OpenAI's protocol; see `llm_server.Say` for its script."""
    with LlmServer() as server:
        yield server


@pytest.fixture(autouse=True, scope="module")
def _no_secrets_of_others():
    """Forget what other files of tests have read: the key of one, `none`, hid a name in another."""
    read = READ.secrets_read
    for name, value in vars(ReadValues()).items():
        setattr(READ, name, value)
    READ.secrets_read = read + 1  # what was looked at before has to be looked at anew


@pytest.fixture(autouse=True)
def _no_network(request, monkeypatch):
    """Refuse connections that leave the machine, except in tests marked `external`."""
    if request.node.get_closest_marker("external"):
        return

    def guarded(connect):
        def attempt(self, address):
            is_remote = self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOCAL
            if is_remote:
                message = f"a test tried to reach {address[0]}: mark it external"
                raise RuntimeError(message)
            return connect(self, address)

        return attempt

    monkeypatch.setattr(socket.socket, "connect", guarded(socket.socket.connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guarded(socket.socket.connect_ex))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Look whether a test that is named for alerts has had them told."""
    told_alerts.told.clear()
    answer = yield
    missing = TELLERS.get(item.nodeid, set()) - told_alerts.told
    assert not missing, f"{told_alerts.TABLE.name} says that this test has {missing} told"
    return answer


def pytest_collection_finish():
    """Let the collector leave the tests alone: each run of an engine looked through all of them."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter):
    """Sum up what happened in the lives of `world`, once for a run."""
    totals = Counter()
    for report in (r for reports in terminalreporter.stats.values() for r in reports):
        if getattr(report, "when", "") == "call":
            for name, seen in report.user_properties:
                totals.update(seen if name == "lives" else {})
    if totals:
        told = ", ".join(f"{count:,} {what}" for what, count in totals.items())
        terminalreporter.write_line(f"In the simulated world: {told}.")


def pytest_collection_modifyitems(config, items):
    """Begin with the longest files; leave out what needs the network unless it was asked for."""
    ranks = {HERE / name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path, len(ranks)))
    if "external" in (config.getoption("-m") or ""):
        return
    skip = pytest.mark.skip(reason="needs the network: ask with -m external")
    for item in items:
        if item.get_closest_marker("external"):
            item.add_marker(skip)
