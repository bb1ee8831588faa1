"""Whoever looks into the future is caught before there is a report."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from nof0_core.backtest import one_run
from nof0_core.backtest.cycle_log import CycleLog, CycleMark
from nof0_core.backtest.look_ahead import _compared
from nof0_core.backtest.repeat import Repeat
from nof0_core.domain.candles import to_ms
from nof0_core.ids import TraderId
from nof0_core.indicators.recipe import Recipe
from nof0_core.project import LookAheadError, load_config
from nof0_core.prompts import book

START = datetime(2025, 7, 23, tzinfo=UTC)

PEEKS = '''
"""A model, a market and a check, each with an eye on what comes next."""
from contextlib import asynccontextmanager
from datetime import timedelta

import attrs
import numpy as np

from nof0_core import BackendKind, MarketRef, PolicyKind, ServiceKind, hookimpl, opt
from nof0_core.domain.candles import to_ms
from nof0_core.domain.model import Completion
from nof0_core.protocols import MarketCapability

HOLD = '{"decisions": [{"signal": "hold", "symbol": "BTC", "reasoning": "%s"}]}'


def ahead(market, symbol, now, by=1):
    """The close of the bar that is still open."""
    bars = market.history(symbol, "3m")
    at = int(np.searchsorted(bars.open_time + 180_000, to_ms(now), side="right")) - 1 + by
    return float(bars.close[min(at, len(bars) - 1)])


@attrs.frozen(kw_only=True)
class Config:
    market: MarketRef = opt(default=MarketRef(""))


@attrs.frozen(kw_only=True)
class Params:
    how: str = opt(default="close")


class Model:
    def __init__(self, config, env):
        self.config, self.env = config, env

    async def complete(self, request):
        market, now = self.env.market(self.config.market), self.env.clock.now()
        how = request.model.params.how
        if how == "honest":
            said = ahead(market, "BTC", now, by=0)
        elif how == "close":
            said = ahead(market, "BTC", now)
        elif how == "direction":
            said = ahead(market, "BTC", now) > ahead(market, "BTC", now, by=0)
        elif how == "funding":
            said = market.funding_rate_at("BTC", now + timedelta(hours=1))
        elif how == "volume":
            bars = market.history("BTC", "3m")
            said = float(bars.volume[np.searchsorted(bars.open_time, to_ms(now), side="right") - 1])
        elif how == "random":
            import random
            said = random.random()
        else:
            said = request.prompt.digest
        return Completion(model=request.model.name, text=HOLD % said)


@asynccontextmanager
async def open_model(config, env):
    yield Model(config, env)


class Market:
    """The market below, with quotes that know the bar under way."""

    capabilities = frozenset({MarketCapability.RECORDING})

    def __init__(self, inner, env):
        self.inner, self.env = inner, env
        self.recorded, self.history = inner.recorded, inner.history
        self.instruments, self.candles = inner.instruments, inner.candles

    async def quotes(self, symbols):
        from nof0_core.money import decimal
        found = await self.inner.quotes(symbols)
        now = self.env.clock.now()
        return {
            s: attrs.evolve(q, mid=decimal(ahead(self.inner, s, now))) for s, q in found.items()
        }


@asynccontextmanager
async def open_market(config, env):
    yield Market(env.market(config.market), env)


@hookimpl
def nof0_llm_backends():
    return [
        BackendKind(
            type="peek", config=Config, params=Params, open=open_model, summary="x",
            reads_prompt=False,
        )
    ]


@hookimpl
def nof0_market_providers():
    return [
        ServiceKind(
            type="peeking", config=Config, open=open_market, summary="x",
            is_recorded=lambda _: True,
        )
    ]
'''


def peeking(place, how):
    place.plugin(PEEKS)
    place.replace(
        "llm.yaml",
        "models:\n",
        f"backends:\n  eye: {{type: peek}}\nmodels:\n"
        f"  seer: {{backend: eye, model_name: x, params: {{how: {how}}}}}\n",
    )
    place.model("seer")


@pytest.mark.parametrize("how", ["close", "direction", "funding", "volume", "random"])
def test_a_model_that_reads_later_data_is_caught(place, how):
    peeking(place, how)

    with pytest.raises(LookAheadError, match="look-ahead: cross at .* the answer"):
        place.run(moments=8 if how == "funding" else 2)
    assert not (place.folder / "report.json").exists()


def test_a_model_that_reads_the_same_arrays_up_to_now_is_not_accused(place):
    peeking(place, "honest")

    result = place.run(moments=2)

    assert result.look_ahead.cycles > 0
    assert len(result.look_ahead.moments) == 2


def test_an_indicator_over_later_bars_is_caught(place, monkeypatch):
    config, honest = load_config(place.config), Recipe.run

    def centred(self, columns):
        return tuple(np.roll(each, -1) for each in honest(self, columns))

    monkeypatch.setattr(Recipe, "run", centred)

    with pytest.raises(LookAheadError, match="what was seen of the market"):
        place.run(config=config)


def test_a_quote_that_knows_the_bar_under_way_is_caught(place):
    place.plugin(PEEKS)
    place.write(
        "market.yaml",
        """
        default: shown
        providers:
          recorded: {type: sim}
          shown: {type: peeking, market: recorded}
        symbols: [BTC, ETH]
        intervals: [3m, 4h]
        """,
    )
    place.replace(
        "exchange.yaml",
        "other: {type: sim, ",
        "other: {type: sim, market: recorded, ",
    )
    place.replace(
        "exchange.yaml",
        "paper_trading: {type: sim, ",
        "paper_trading: {type: sim, market: recorded, ",
    )

    with pytest.raises(LookAheadError, match="what was seen of the market"):
        place.run()


def test_a_prompt_that_tells_of_a_later_price_is_caught(place, monkeypatch):
    peeking(place, "prompt")
    opened = []
    honest_market, honest_variables = one_run.past_of, book.variables

    def kept(*arguments, **named):
        opened.append(honest_market(*arguments, **named))
        return opened[-1]

    def telling(context, **named):
        bars = opened[-1].history("BTC", "3m")
        at = int(np.searchsorted(bars.open_time, to_ms(context.time), side="right")) - 1
        return honest_variables(context, **named) | {"now": f"soon {bars.close[at]}"}

    monkeypatch.setattr(one_run, "past_of", kept)
    monkeypatch.setattr(book, "variables", telling)

    with pytest.raises(LookAheadError, match="differs: the prompt"):
        place.run()


def test_it_is_enough_that_another_one_decides_when(place):
    """A log that is shorter than the first one is a difference, too."""
    log = CycleLog()
    log.marks = [CycleMark(TraderId("a"), START, b"x" * 40)]

    repeat = Repeat(marks=[], transfers=[], cycles=0, error="", is_word_broken=False, seen={})
    with pytest.raises(LookAheadError, match="who decided when"):
        _compared(START, log, {}, repeat)
