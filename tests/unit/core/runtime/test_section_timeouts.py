"""What a section says of its calls reaches those who make them."""

from __future__ import annotations

import math

import pytest
from staged_engine import Stage

from nof0_core import config as configuration
from nof0_core.clock import ScaledClock, SimulatedClock
from nof0_core.execution.limits import LIMITS
from nof0_core.plugins import load_plugins
from nof0_core.runtime.preview import idle_timeouts
from nof0_core.testing.environment import START

pytestmark = pytest.mark.anyio


def with_timeouts(tmp_path, exchange, market):
    stage = Stage(tmp_path)
    stage.write(
        "etc/exchange.yaml",
        f"providers:\n  paper: {{type: venue, market: staged, timeout: {exchange}}}\n",
    )
    text = (tmp_path / "etc" / "market.yaml").read_text()
    stage.write("etc/market.yaml", text.replace("type: staged", f"type: staged, timeout: {market}"))
    return stage


@pytest.mark.parametrize(
    ("exchange", "market", "place", "protect", "quotes", "candles"),
    [("2s", "3s", 2, 2, 3, 3), ("8s", "12s", 8, 4, 10, 12), ("1h", "1h", 20, 4, 10, 15)],
)
async def test_calls_of_each_section_have_its_own_limits(
    tmp_path, monkeypatch, exchange, market, place, protect, quotes, candles
):
    stage = with_timeouts(tmp_path, exchange, market)
    async with stage.engine(ScaledClock(start=START, speed=1)) as engine:
        [execution] = engine.manager._executions.values()
        limits = execution._gateway.limits
        [feed] = {id(f): f for f in engine.views._portfolio._feeds.values()}.values()
        asking = feed._calls
        assert (limits.place, limits.protect) == (place, protect)
        assert (asking._quotes_within, asking._candles_within) == (quotes, candles)
        assert (limits.unit, limits.open, limits.close) == (LIMITS.unit, LIMITS.open, LIMITS.close)


async def test_where_no_limit_may_be_an_outcome_a_timeout_makes_none(tmp_path):
    async with with_timeouts(tmp_path, "2s", "3s").engine(SimulatedClock(START)) as engine:
        [execution] = engine.manager._executions.values()
        assert execution._gateway.limits == LIMITS.without_an_end()
        feeds = {id(f): f for f in engine.views._portfolio._feeds.values()}.values()
        assert {feed._calls._quotes_within for feed in feeds} == {math.inf}


@pytest.mark.parametrize(
    ("exchange", "market", "idle"),
    [
        ("29s", "14s", []),
        ("30s", "14s", ["exchange.yaml:2: exchange section paper: a timeout of 30s"]),
        ("2s", "15s", ["market.yaml:4: market section staged: a timeout of 15s"]),
        (
            "1h",
            "90m",
            [
                "market.yaml:4: market section staged: a timeout of 90m",
                "exchange.yaml:2: exchange section paper: a timeout of 1h",
            ],
        ),
    ],
)
def test_a_timeout_that_lowers_nothing_is_noted_with_its_place(tmp_path, exchange, market, idle):
    stage = with_timeouts(tmp_path, exchange, market)
    config = configuration.load(stage.root / "etc" / "nof0.yaml", load_plugins())
    told = [
        note.partition(" has no effect")[0].rpartition("/")[2] for note in idle_timeouts(config)
    ]
    assert told == idle
