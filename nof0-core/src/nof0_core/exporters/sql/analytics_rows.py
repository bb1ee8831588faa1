"""The analytics of a trader, once a day: the tables of the API as of the day's first full hour."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from nof0_core.analysis.trade_columns import KeptTrades
from nof0_core.documents.account_totals import HourlyRows
from nof0_core.documents.analytics import Analytics
from nof0_core.documents.history import History, KeptHistory
from nof0_core.domain.account import AccountState
from nof0_core.domain.event import CycleEnded, Event, Filled, HourMarked, Transferred
from nof0_core.domain.view import TraderView
from nof0_core.exporters.sql.cleaning import clean_json
from nof0_core.ids import TraderId
from nof0_core.money import ZERO
from nof0_core.state.histories import Histories

_LOOKED_AT = (CycleEnded, Filled, HourMarked, Transferred)


class KeptAnalytics(msgspec.Struct):
    """An `AnalyticsRows`, written down."""

    history: KeptHistory
    trades: dict[TraderId, KeptTrades]
    days: dict[TraderId, date]


class AnalyticsRows:
    """Remembers what the tables need, and on which day each trader's were made last."""

    def __init__(self) -> None:
        self._history = History(conversations_per_trader=1, candles_per_coin=1)
        self._analytics = Analytics(self._history)
        self._days: dict[TraderId, date] = {}

    def keep(self) -> KeptAnalytics:
        """Return all of it in what can be written down."""
        return KeptAnalytics(self._history.keep(), self._analytics.keep(), self._days)

    def take(self, kept: KeptAnalytics) -> None:
        """Take over what `keep` has returned, into a new one."""
        self._history.take(kept.history)
        self._analytics.take(kept.trades)
        self._days = kept.days

    def apply(self, event: Event) -> None:
        """Take in one event; a cycle has to be whole."""
        if isinstance(event.body, _LOOKED_AT):
            self._history.apply(event)
            # The hours are rows of a table here, not of a file.
            self._history.hours = HourlyRows()

    def of(self, account: AccountState, histories: Histories) -> Any:
        """Return the tables of a trader as of its account's hour; None where the day has them."""
        trader, day = account.trader, account.time.date()
        if self._days.get(trader) == day:
            return None
        self._days[trader] = day
        standing = histories.standing(trader)
        view = TraderView(
            trader=trader,
            name="",
            model="",
            is_baseline=False,
            venue_account="",
            started_at=standing.started_at or account.time,
            initial_capital=standing.initial_capital or ZERO,
            account=account,
            performance=histories.performance(trader, account),
            status="",
            next_cycle=None,
            trades=histories.trades(trader),
            equity_curve=(),
        )
        row = self._analytics.row(view, account.time, force=True)
        return clean_json(msgspec.json.decode(row))
