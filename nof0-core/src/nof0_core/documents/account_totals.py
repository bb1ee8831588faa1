"""`account-totals.json`: every account at every hour since it began.

Elapsed hours never change, and a year of them is hundreds of megabytes. So old rows leave for
pieces, each of which is written once and then neither written nor kept in memory again. The pieces
of a year are many: always so many of them are laid out in a further piece, which the main file
names in their stead.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from nof0_core.analysis.performance import KeptPerformance, PerformanceTracker
from nof0_core.documents.pieces import KeptPiece, Part, Piece, Sheet
from nof0_core.documents.positions import held
from nof0_core.documents.wire import Json, encode, number, seconds
from nof0_core.domain.account import AccountState
from nof0_core.domain.hour_event import HOUR
from nof0_core.domain.view import EquityPoint
from nof0_core.ids import TraderId

MINUTE = timedelta(minutes=1)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

PIECE_BYTES = 48_000
"""Text of elapsed hours that makes a piece. The main file is never much larger than this."""

GATHERED = 32
"""Pieces of hours that are laid out in a further one."""

Key = tuple[TraderId, int]
"""Trader and hourly marker: what a row's `id` is made of."""


class KeptHours(msgspec.Struct):
    """`HourlyRows`, written down."""

    rows: list[tuple[Key, bytes]]
    layout: list[Part]
    leaves: list[Part]
    names: list[str]
    unwritten: list[KeptPiece]
    sealed_until: datetime
    highest: int
    trackers: dict[TraderId, KeptPerformance]
    inception: dict[TraderId, datetime]
    capital: dict[TraderId, Decimal]
    newest: dict[TraderId, datetime]


class HourlyRows:
    """The rows of elapsed hours as they are written; each is encoded once, when its hour is marked.

    An hour has one row. The first row of an account is its beginning, so that a curve starts at
    the initial capital. Where pieces end depends on the marked hours alone.
    """

    def __init__(self) -> None:
        self._rows: dict[Key, bytes] = {}
        self._layout: list[Part] = []
        self._leaves: list[Part] = []
        self._names: list[str] = []
        self._unwritten: list[Piece] = []
        self._sealed_until = _LONG_AGO
        self._highest = 0
        self._trackers: dict[TraderId, PerformanceTracker] = {}
        self._inception: dict[TraderId, datetime] = {}
        self._capital: dict[TraderId, Decimal] = {}
        self._newest: dict[TraderId, datetime] = {}

    def keep(self) -> KeptHours:
        """Return all of it in what can be written down."""
        return KeptHours(
            rows=list(self._rows.items()),
            layout=self._layout,
            leaves=self._leaves,
            names=self._names,
            unwritten=[piece.keep() for piece in self._unwritten],
            sealed_until=self._sealed_until,
            highest=self._highest,
            trackers={trader: each.keep() for trader, each in self._trackers.items()},
            inception=self._inception,
            capital=self._capital,
            newest=self._newest,
        )

    @classmethod
    def of(cls, kept: KeptHours) -> HourlyRows:
        """Return what `keep` was asked of."""
        made = cls()
        made._rows = dict(kept.rows)
        made._layout, made._leaves, made._names = kept.layout, kept.leaves, kept.names
        made._unwritten = [each.piece() for each in kept.unwritten]
        made._sealed_until, made._highest = kept.sealed_until, kept.highest
        made._trackers = {t: PerformanceTracker.of(each) for t, each in kept.trackers.items()}
        made._inception, made._capital = kept.inception, kept.capital
        made._newest = kept.newest
        return made

    def inception(self, trader: TraderId) -> datetime | None:
        """Return when an account began, None if it has not."""
        return self._inception.get(trader)

    def begin(self, account: AccountState) -> None:
        """Open the curve of an account that has just got its capital."""
        self._inception[account.trader] = account.time
        self._capital[account.trader] = account.deposited
        self._trackers[account.trader] = PerformanceTracker()
        self._put(account, 0.0)

    def seal(self, time: datetime) -> None:
        """Move hours to a piece that are over at a `time` and enough for one.

        No account may be marked at an earlier time after that. What is moved are the oldest rows,
        so the order of all of them stays what it was.
        """
        moved: list[Key] = []
        size = 0
        for key, row in self._rows.items():
            if self._end(key) > time:
                break
            moved.append(key)
            size += len(row)
        if size <= PIECE_BYTES:
            return
        self._sealed_until = max(time, self._sealed_until)
        piece = self._piece(rows=[self._rows.pop(key) for key in moved])
        self._leaves.append(piece.part())
        if len(self._leaves) == GATHERED:
            self._layout.append(self._piece(layout=self._leaves).part())
            self._leaves.clear()

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

    def sheet(self, current: Iterable[tuple[AccountState, float]]) -> tuple[Sheet, int]:
        """Return what is to be written, the growing hour of each account at the end.

        Args:
            current: accounts as they are now, with their Sharpe ratios.

        Returns:
            The sheet, and the highest hourly marker of all so far (0 without rows).
        """
        growing: dict[Key, bytes] = {}
        for account, sharpe in current:
            start = self._inception.get(account.trader)
            if start is not None:
                key = (account.trader, (account.time - start) // HOUR)
                if self._end(key) > self._sealed_until:
                    growing[key] = encode(self._row(account, sharpe))
        rows = [row for key, row in self._rows.items() if key not in growing]
        rows += growing.values()
        highest = max((marker for _, marker in growing), default=0)
        layout = [*self._layout, *self._leaves]
        if layout and rows:
            layout.append(Part(len(rows)))
        sheet = Sheet(rows=rows, layout=layout, pieces=self.unwritten, names=self._names)
        return sheet, max(self._highest, highest)

    @property
    def unwritten(self) -> list[Piece]:
        """Return the pieces that were not yet reported as written, oldest first."""
        return list(self._unwritten)

    @property
    def names(self) -> frozenset[str]:
        """Return the names of all pieces."""
        return frozenset(self._names)

    def written(self, piece: Piece) -> None:
        """Forget a piece that is safe in its file."""
        self._unwritten.remove(piece)

    def _put(self, account: AccountState, sharpe: float) -> None:
        start = self._inception[account.trader]
        key = (account.trader, (account.time - start) // HOUR)
        if self._end(key) > self._sealed_until:
            self._rows[key] = encode(self._row(account, sharpe))
            self._highest = max(self._highest, key[1])

    def _end(self, key: Key) -> datetime:
        """Return when the hour of a row is over."""
        return self._inception[key[0]] + (key[1] + 1) * HOUR

    def _piece(self, *, rows: Iterable[bytes] = (), layout: Iterable[Part] = ()) -> Piece:
        piece = Piece.of("account-totals", "accountTotals", rows, layout=layout)
        self._names.append(piece.name)
        self._unwritten.append(piece)
        return piece

    def _row(self, account: AccountState, sharpe: float) -> Json:
        trader = account.trader
        return account_row(account, self._inception[trader], self._capital[trader], sharpe)


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
