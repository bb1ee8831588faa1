"""Peeks planted where no model is: a join, bars that come early, a risk check, an allocator."""

from __future__ import annotations

import pytest

from nof0_core.project import LookAheadError, open_journal

PEEKS = '''
"""A market, a risk check and an allocator, each with an eye on what comes next."""
from contextlib import asynccontextmanager
from decimal import Decimal

import attrs
import numpy as np

from nof0_core import BackendKind, MarketRef, PolicyKind, ServiceKind, hookimpl, opt
from nof0_core.domain.candles import to_ms
from nof0_core.domain.decision import Verdict, VerdictKind
from nof0_core.protocols import MarketCapability

SEEN = {}


def rises(hours):
    """Tell whether BTC will be higher in so many hours; 0: whether it was, in the last bar."""
    bars = SEEN["market"].history("BTC", "3m")
    now = to_ms(SEEN["clock"].now())
    at = int(np.searchsorted(bars.open_time + 180_000, now, side="right")) - 1
    other = min(at + 20 * hours, len(bars) - 1) if hours else at - 1
    return bool((bars.close[other] > bars.close[at]) == bool(hours))


@attrs.frozen(kw_only=True)
class Config:
    market: MarketRef = opt(default=MarketRef(""))
    how: str = opt(default="honest")


class Market:
    """The market below, with columns that were joined in one way or another."""

    capabilities = frozenset({MarketCapability.RECORDING})

    def __init__(self, inner, how):
        self.inner, self.how = inner, how
        self.recorded, self.quotes = inner.recorded, inner.quotes
        self.instruments, self.candles = inner.instruments, inner.candles

    def history(self, symbol, interval):
        bars = self.inner.history(symbol, interval)
        if self.how == "joined":
            # Joined on when a bar closes instead of when it opens.
            return attrs.evolve(bars, volume=np.append(bars.volume[1:], bars.volume[-1]))
        if self.how == "early":
            # A bar is stamped as if it had closed when it opened.
            names = ("open", "high", "low", "close", "volume")
            later = {n: np.append(getattr(bars, n)[1:], getattr(bars, n)[-1]) for n in names}
            return attrs.evolve(bars, **later)
        return bars


@asynccontextmanager
async def open_market(config, env):
    SEEN.update(market=env.market(config.market), clock=env.clock)
    yield Market(env.market(config.market), config.how)


@attrs.frozen(kw_only=True)
class Rule:
    hours: int = opt(default=0)


class Check:
    def __init__(self, rule):
        self.hours = rule.hours

    def check(self, decision, context):
        if rises(self.hours):
            return Verdict(kind=VerdictKind.ALLOW)
        return Verdict(kind=VerdictKind.VETO, code="falls", message="it falls")


@attrs.frozen
class Shares:
    hours: int

    def allocate(self, request):
        share = Decimal(20) if rises(self.hours) else Decimal(10)
        return dict.fromkeys(request.configured, share)


@hookimpl
def nof0_market_providers():
    return [
        ServiceKind(
            type="joining", config=Config, open=open_market, summary="x",
            is_recorded=lambda _: True,
        )
    ]


@hookimpl
def nof0_risk_checks():
    return [PolicyKind(type="seer", config=Rule, build=Check, summary="x")]


@hookimpl
def nof0_allocators():
    return [
        PolicyKind(type="seer", config=Rule, build=lambda _: Shares(3), summary="x"),
        PolicyKind(type="blind", config=Rule, build=lambda _: Shares(0), summary="x"),
    ]
'''
MARKET = """
default: shown
providers:
  recorded: {{type: sim}}
  shown: {{type: joining, market: recorded, how: {how}}}
symbols: [BTC, ETH]
intervals: [3m, 4h]
"""


@pytest.fixture
def joined(place):
    """Let traders see a market of the plugin, and venues the recording below it."""

    def make(how="honest"):
        place.plugin(PEEKS)
        place.write("market.yaml", MARKET.format(how=how))
        for name in ("other", "paper_trading"):
            place.replace(
                "exchange.yaml",
                f"{name}: {{type: sim, ",
                f"{name}: {{type: sim, market: recorded, ",
            )
        return place

    return make


def checked(place, hours):
    """Let nothing but the check of the plugin refuse entries of the trader that trades by lot."""
    place.replace("manager.yaml", "min_risk_reward_ratio: 1.5", "min_risk_reward_ratio: 0.5")
    place.replace(
        "manager.yaml",
        "model: coin-flip-busy\n",
        f"model: coin-flip-busy\n    risk_checks: [{{type: seer, hours: {hours}}}]\n",
    )


def allocated(place, kind):
    """Let an allocator of the plugin share out capital every hour."""
    place.replace("manager.yaml", "allocation_strategy: fixed", f"allocation_strategy: {kind}")
    place.replace("manager.yaml", "rebalance_interval: 6h", "rebalance_interval: 1h")


@pytest.mark.parametrize("how", ["joined", "early"])
def test_columns_that_were_joined_with_later_ones_are_caught(joined, how):
    with pytest.raises(LookAheadError, match="what was seen of the market"):
        joined(how).run()


def test_a_risk_check_that_knows_later_prices_is_caught(joined):
    place = joined()
    checked(place, hours=3)

    with pytest.raises(LookAheadError, match="flip at .* (what was decided|orders)"):
        place.run(hours=6, moments=8)


def test_an_allocator_that_knows_later_prices_is_caught(joined):
    place = joined()
    allocated(place, "seer")

    with pytest.raises(LookAheadError, match="how capital is shared out"):
        place.run(hours=4, moments=8)


def test_what_looks_at_the_past_alone_is_not_accused(joined):
    place = joined()
    checked(place, hours=0)
    allocated(place, "blind")

    result = place.run(hours=4, moments=8)

    assert result.is_complete
    assert result.look_ahead.cycles > 0
    log = open_journal(result.folder / "run")
    moved = [record for record in log.records() if record.type == "transferred"]
    assert len({record.time for record in moved}) > 1
