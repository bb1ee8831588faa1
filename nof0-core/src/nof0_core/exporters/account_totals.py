"""`account-totals.json`: every account at every hour since it began."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from nof0_core.analysis.performance import PerformanceTracker
from nof0_core.domain.account import AccountState
from nof0_core.domain.view import EquityPoint
from nof0_core.exporters.positions import held
from nof0_core.exporters.wire import Json, encode, number, seconds
from nof0_core.ids import TraderId

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

Key = tuple[TraderId, int]
"""Trader and hourly marker: what a row's `id` is made of."""


class HourlyRows:
    """The rows of elapsed hours as they are written; each is encoded once, when its hour is marked.

    An hour has one row. The first row of an account is its beginning, so that a curve starts at
    the initial capital.
    """

    def __init__(self) -> None:
        self._rows: dict[Key, bytes] = {}
        self._trackers: dict[TraderId, PerformanceTracker] = {}
        self._inception: dict[TraderId, datetime] = {}
        self._newest: dict[TraderId, datetime] = {}

    def inception(self, trader: TraderId) -> datetime | None:
        """Return when an account began, None if it has not."""
        return self._inception.get(trader)

    def begin(self, account: AccountState) -> None:
        """Open the curve of an account that has just got its capital."""
        self._inception[account.trader] = account.time
        self._trackers[account.trader] = PerformanceTracker()
        self._put(account, 0.0)

    def mark(self, account: AccountState) -> None:
        """Add the row of a full hour; an account that never began is left out.

        An hour that is marked a second time, as after a restart, is left as it was.
        """
        tracker = self._trackers.get(account.trader)
        if tracker is None or account.time <= self._newest.get(account.trader, _LONG_AGO):
            return
        self._newest[account.trader] = account.time
        tracker.mark(
            EquityPoint(time=account.time, equity=account.equity, deposited=account.deposited)
        )
        self._put(account, tracker.sharpe_ratio)

    def sharpe_ratio(self, trader: TraderId) -> float:
        """Return the daily Sharpe ratio of the hours marked so far."""
        tracker = self._trackers.get(trader)
        return tracker.sharpe_ratio if tracker else 0.0

    def rows(self, current: Iterable[tuple[AccountState, float]]) -> tuple[list[bytes], int]:
        """Return all rows with the growing hour of each account at the end.

        Args:
            current: accounts as they are now, with their Sharpe ratios.

        Returns:
            The rows, and the highest hourly marker among them (0 without rows).
        """
        growing: dict[Key, bytes] = {}
        for account, sharpe in current:
            start = self._inception.get(account.trader)
            if start is not None:
                key = (account.trader, (account.time - start) // HOUR)
                growing[key] = encode(account_row(account, start, sharpe))
        rows = [row for key, row in self._rows.items() if key not in growing]
        highest = max((marker for _, marker in (*self._rows, *growing)), default=0)
        return [*rows, *growing.values()], highest

    def _put(self, account: AccountState, sharpe: float) -> None:
        start = self._inception[account.trader]
        key = (account.trader, (account.time - start) // HOUR)
        self._rows[key] = encode(account_row(account, start, sharpe))


def account_row(account: AccountState, start: datetime, sharpe: float) -> Json:
    """Write one account at one moment, in USD.

    `realized_pnl` is after fees and funding, so that `dollar_equity` = deposited + realized +
    unrealized; `cum_pnl_pct` is in percent of what was deposited.
    """
    elapsed = account.time - start
    return {
        "id": f"{account.trader}_{elapsed // HOUR}",
        "model_id": account.trader,
        "timestamp": seconds(account.time),
        "dollar_equity": number(account.equity),
        "realized_pnl": number(account.net_realized_pnl),
        "total_unrealized_pnl": number(account.unrealized_pnl),
        "cum_pnl_pct": number(account.return_pct),
        "sharpe_ratio": sharpe,
        "since_inception_hourly_marker": elapsed // HOUR,
        "since_inception_minute_marker": elapsed // MINUTE,
        "margin_used_pct": number(account.margin_used_pct),
        "positions": held(account.holdings),
    }
