"""`account-totals.json`: every account at every hour since it began.

Elapsed hours never change, and a year of them is hundreds of megabytes. So old rows leave for pages
of their own, `account-totals-1.json` and on: each is written once and then neither written nor kept
in memory again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs

from nof0_core.analysis.performance import PerformanceTracker
from nof0_core.documents.positions import held
from nof0_core.documents.wire import Json, encode, number, seconds
from nof0_core.domain.account import AccountState
from nof0_core.domain.view import EquityPoint
from nof0_core.ids import TraderId

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

PAGE_BYTES = 4_000_000
"""Text of elapsed hours that makes a page. The main file is never much larger than this."""

Key = tuple[TraderId, int]
"""Trader and hourly marker: what a row's `id` is made of."""


@attrs.frozen
class Page:
    """Rows that will not change, oldest first; pages are numbered from 1 in the order of time."""

    number: int
    rows: tuple[bytes, ...]
    highest_marker: int


class HourlyRows:
    """The rows of elapsed hours as they are written; each is encoded once, when its hour is marked.

    An hour has one row. The first row of an account is its beginning, so that a curve starts at
    the initial capital. Where pages end depends on the marked hours alone.
    """

    def __init__(self) -> None:
        self.page_count = 0
        self._pages: list[Page] = []
        self._rows: dict[Key, bytes] = {}
        self._size = 0
        self._highest = 0
        self._trackers: dict[TraderId, PerformanceTracker] = {}
        self._inception: dict[TraderId, datetime] = {}
        self._capital: dict[TraderId, Decimal] = {}
        self._newest: dict[TraderId, datetime] = {}

    def inception(self, trader: TraderId) -> datetime | None:
        """Return when an account began, None if it has not."""
        return self._inception.get(trader)

    def begin(self, account: AccountState) -> None:
        """Open the curve of an account that has just got its capital."""
        self._inception[account.trader] = account.time
        self._capital[account.trader] = account.deposited
        self._trackers[account.trader] = PerformanceTracker()
        self._put(account, 0.0)

    def add_point(self, account: AccountState) -> None:
        """Add the row of a full hour; an account that never began is left out.

        An hour that is marked a second time, as after a restart, is left as it was.
        """
        tracker = self._trackers.get(account.trader)
        if tracker is None or account.time <= self._newest.get(account.trader, _LONG_AGO):
            return
        self._newest[account.trader] = account.time
        tracker.add_point(EquityPoint.of(account))
        self._put(account, tracker.sharpe_ratio)

    def sharpe_ratio(self, trader: TraderId) -> float:
        """Return the daily Sharpe ratio of the hours marked so far."""
        tracker = self._trackers.get(trader)
        return tracker.sharpe_ratio if tracker else 0.0

    def rows(self, current: Iterable[tuple[AccountState, float]]) -> tuple[list[bytes], int]:
        """Return the rows that are on no page, with the growing hour of each account at the end.

        Args:
            current: accounts as they are now, with their Sharpe ratios.

        Returns:
            The rows, and the highest hourly marker of all so far (0 without rows).
        """
        growing: dict[Key, bytes] = {}
        for account, sharpe in current:
            start = self._inception.get(account.trader)
            if start is not None:
                key = (account.trader, (account.time - start) // HOUR)
                growing[key] = encode(self._row(account, sharpe))
        rows = [row for key, row in self._rows.items() if key not in growing]
        highest = max((marker for _, marker in growing), default=0)
        return [*rows, *growing.values()], max(self._highest, highest)

    def finished_pages(self) -> list[Page]:
        """Return the pages that were not yet reported as written, oldest first."""
        return list(self._pages)

    def written(self, page: Page) -> None:
        """Forget a page that is safe in its file."""
        self._pages.remove(page)

    def _put(self, account: AccountState, sharpe: float) -> None:
        start = self._inception[account.trader]
        key = (account.trader, (account.time - start) // HOUR)
        row = encode(self._row(account, sharpe))
        self._size += len(row) - len(self._rows.get(key, b""))
        self._rows[key] = row
        self._highest = max(self._highest, key[1])
        if self._size > PAGE_BYTES:
            self._turn_page()

    def _row(self, account: AccountState, sharpe: float) -> Json:
        trader = account.trader
        return account_row(account, self._inception[trader], self._capital[trader], sharpe)

    def _turn_page(self) -> None:
        """Move what can no longer change to a page: all but the newest row of each account."""
        newest = dict(self._rows.keys())
        moved = [key for key in self._rows if key[1] < newest[key[0]]]
        if not moved:
            return
        self.page_count += 1
        rows = tuple(self._rows.pop(key) for key in moved)
        self._pages.append(Page(self.page_count, rows, max(marker for _, marker in moved)))
        self._size = sum(map(len, self._rows.values()))


def account_row(account: AccountState, start: datetime, initial: Decimal, sharpe: float) -> Json:
    """Write one account at one moment, in USD.

    `realized_pnl` is after fees and funding, so that `dollar_equity` = deposited + realized +
    unrealized. `cum_pnl_pct` is profit in percent of the `initial` equity, 0 where that was 0;
    `return_pct` is time-weighted, so transfers never move it.
    """
    elapsed = account.time - start
    profit = account.net_realized_pnl + account.unrealized_pnl
    return {
        "id": f"{account.trader}_{elapsed // HOUR}",
        "model_id": account.trader,
        "timestamp": seconds(account.time),
        "dollar_equity": number(account.equity),
        "realized_pnl": number(account.net_realized_pnl),
        "total_unrealized_pnl": number(account.unrealized_pnl),
        "cum_pnl_pct": number(100 * profit / initial) if initial else 0.0,
        "return_pct": number(account.return_pct),
        "sharpe_ratio": sharpe,
        "since_inception_hourly_marker": elapsed // HOUR,
        "since_inception_minute_marker": elapsed // MINUTE,
        "margin_used_pct": number(account.margin_used_pct),
        "positions": held(account.holdings),
    }
