"""The way prices take through a run, as far as it is known beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial

import attrs
import numpy as np
import numpy.typing as npt

from nof0_core.backtest.jumps import Jumps
from nof0_core.backtest.past_market import PastMarket
from nof0_core.backtest.price_path import Holes, PricePath
from nof0_core.backtest.series_marks import SeriesKey, SeriesMarks
from nof0_core.backtest.waking import Waking, stances, waking_traders
from nof0_core.config.model import Config
from nof0_core.domain.candles import to_ms
from nof0_core.ids import Symbol, TraderId
from nof0_core.manager.manager import Manager
from nof0_core.manager.schedule import Rank
from nof0_core.market.feed import MarketFeed
from nof0_core.market.recorded import RecordedSeries, whole_series
from nof0_core.plugins.env import Logger
from nof0_core.runtime import compatibility
from nof0_core.runtime.sight import list_name


@attrs.frozen(kw_only=True, eq=False)
class Ways:
    """All series and marks of a run, by market and coin."""

    config: Config
    manager: Manager
    feeds: Mapping[str, MarketFeed]
    paths: Mapping[str, Mapping[Symbol, PricePath]]
    holes: Mapping[str, Mapping[Symbol, Holes]]
    series: Mapping[SeriesKey, RecordedSeries]

    @classmethod
    def of(
        cls,
        config: Config,
        manager: Manager,
        feeds: Mapping[str, MarketFeed],
        markets: Mapping[str, PastMarket],
    ) -> Ways:
        """Look at everything that traders are going to see.

        Raises:
            ProviderError: a recording lacks or garbles a series.
        """
        paths: dict[str, dict[Symbol, PricePath]] = {name: {} for name in markets}
        holes: dict[str, dict[Symbol, Holes]] = {name: {} for name in markets}
        series: dict[SeriesKey, RecordedSeries] = {}
        for trader in config.traders:
            own, name = list_name(config, trader), trader.market
            for symbol in trader.symbols:
                found = whole_series(feeds[name].sources(symbol, own))
                for interval, each in found.items():
                    series[name, own, symbol, str(interval)] = each
                if symbol not in paths[name]:
                    finest = markets[name].history(symbol, markets[name].recorded().resolution)
                    paths[name][symbol] = PricePath(finest)
                    shown = [each.candles for each in found.values()]
                    holes[name][symbol] = Holes([finest, *shown])
        return cls(
            config=config, manager=manager, feeds=feeds, paths=paths, holes=holes, series=series
        )

    def waking_traders(
        self, *, start: datetime, end: datetime, is_sampled: bool, log: Logger
    ) -> dict[TraderId, Waking]:
        """Ask the models of all traders when they may act; see there."""
        marks = {name: partial(_marks, paths) for name, paths in self.paths.items()}
        return waking_traders(
            self.config, self.feeds, marks, start=start, end=end, is_sampled=is_sampled, log=log
        )

    def obstacle(self) -> str:
        """Say why no moment of this run can be left out; empty if some can."""
        if not self.manager.tells_events:
            return "an exchange does not tell when something may happen at it"
        [sync, *_] = (
            timer
            for name in self.manager.accounts
            for timer in self.manager.schedule.of(Rank.SYNC, name)
        )
        paths = [path for paths in self.paths.values() for path in paths.values()]
        if any(sync.step.total_seconds() * 1000 != path.length for path in paths):
            return "venues are looked at in other steps than the bars of the market have"
        if not all(path.is_on_grid for path in paths):
            return "bars do not close at full multiples of their length"
        if any(
            symbol not in self.paths.get(priced_by, {})
            for venue, priced_by in compatibility.pricing(self.config).items()
            for trader in self.config.traders
            if trader.exchange == venue
            for symbol in trader.symbols
        ):
            return "a venue is valued with a market in which not all coins are looked at"
        return ""

    def jumps(self, waking: Mapping[TraderId, Waking], *, end: datetime) -> Jumps:
        """Return what leaves moments out."""
        return Jumps(
            config=self.config,
            manager=self.manager,
            feeds=self.feeds,
            pricing=compatibility.pricing(self.config),
            paths=self.paths,
            holes=self.holes,
            waking=waking,
            end=end,
        )

    def seen(self) -> Mapping[SeriesKey, SeriesMarks]:
        """Return marks of all that traders were shown, bars to come included."""
        return {key: SeriesMarks.of(each) for key, each in self.series.items()}


def follow(manager: Manager, waking: Mapping[TraderId, Waking]) -> None:
    """Let held cycles of these traders be kept together, and see that they keep their word."""
    state = manager.recorder.state

    def may_act(trader: TraderId, scheduled: datetime) -> bool:
        venue_account = state.venue_account_of(trader)
        if venue_account is None:
            return True
        held = (p for p in state.positions(venue_account) if p.trader == trader)
        return waking[trader].may_act(to_ms(scheduled), stances(held))

    manager.held.fold(waking.keys(), may_act)
    limits = [trader.config.limits for trader in manager.traders.values()]
    if waking.keys() == manager.traders.keys() and not any(
        each.sharpe_pause_threshold is not None for each in limits
    ):
        manager.held.hours.keep()


def _marks(
    paths: Mapping[Symbol, PricePath], symbol: Symbol, moments: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    return paths[symbol].at(moments)
