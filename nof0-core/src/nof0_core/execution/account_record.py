"""What the venue says of its account, written down when it says something else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from nof0_core.domain.account import AccountReport
from nof0_core.domain.event import AccountReported
from nof0_core.domain.outcome import VenueOrder
from nof0_core.domain.position import VenuePosition
from nof0_core.ids import ENGINE
from nof0_core.ledger import Totals
from nof0_core.state.recorded_facts import LastReport
from nof0_core.state.recorder import Recorder

T = TypeVar("T")
DAY = timedelta(days=1)
AT_LEAST_EVERY = timedelta(hours=1)
"""Of the engine's time: so old the newest record may be though nothing has changed."""


class AccountRecord:
    """Records reports of one venue account: when they changed, else every hour.

    `by_day`: only the first in each day, changed or not; while nothing changes and nothing is held
    or ordered, none.
    """

    def __init__(self, *, venue_account: str, recorder: Recorder, by_day: bool = False) -> None:
        self._venue_account = venue_account
        self._recorder = recorder
        self._by_day = by_day
        self._last: LastReport | None = None
        self._due: datetime | None = None
        self._rested: Totals | None = None
        """The ledger's sums at a look that found nothing to record until they change."""

    def next_due(self) -> datetime | None:
        """Return when the next report is recorded at the latest; None: it does not have to be."""
        last = self._recorder.state.facts.account(self._venue_account)
        if last is None or (self._rested is not None and self._rested == self._totals()):
            return None
        if last is not self._last:
            self._last = last
            self._due = _midnight(last.time) + DAY if self._by_day else last.time + AT_LEAST_EVERY
        return self._due

    def look(self, report: AccountReport) -> None:
        """Take a report that has passed the border; records it where that is due."""
        last = self._recorder.state.facts.account(self._venue_account)
        if self._by_day and last is not None:
            is_empty = not (report.positions or report.orders)
            rests = is_empty and same(report, last.report)
            self._rested = self._totals() if rests else None
            if rests:
                return
        if last is not None and (self._by_day or same(report, last.report)):
            due, most = self.next_due(), DAY if self._by_day else AT_LEAST_EVERY
            # A clock that was set back would be silent until it is where it was.
            if due is not None and due - most <= self._recorder.clock.now() < due:
                return
        body = AccountReported(venue_account=self._venue_account, report=report)
        self._recorder.record(ENGINE, body)

    def _totals(self) -> Totals:
        return self._recorder.state.totals(self._venue_account)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def same(one: AccountReport, other: AccountReport) -> bool:
    """Tell whether two reports say the same of all that does not move with marks.

    That is cash, positions with leverage and margin mode, and orders, in whatever order both stand.
    """
    return (
        one.account.raw_usd == other.account.raw_usd
        and len(one.positions) == len(other.positions)
        and len(one.orders) == len(other.orders)
        and _agree(one.positions, other.positions, _by_coin, _is_same_position)
        and _agree(one.orders, other.orders, _by_id, _is_same_order)
    )


def _agree(
    ones: tuple[T, ...],
    others: tuple[T, ...],
    key: Callable[[T], str],
    is_same: Callable[[T, T], bool],
) -> bool:
    """Compare row by row as both stand, which nearly always is the same; else by their keys."""
    pairs = zip(ones, others, strict=True)
    if all(one is other or is_same(one, other) for one, other in pairs):
        return True
    ones, others = tuple(sorted(ones, key=key)), tuple(sorted(others, key=key))
    return all(is_same(one, other) for one, other in zip(ones, others, strict=True))


def _by_coin(position: VenuePosition) -> str:
    return position.symbol


def _by_id(order: VenueOrder) -> str:
    return order.venue_order_id


def _is_same_position(one: VenuePosition, other: VenuePosition) -> bool:
    return (
        one.symbol == other.symbol
        and one.quantity == other.quantity
        and one.entry_price == other.entry_price
        and one.leverage == other.leverage
        and one.margin_mode is other.margin_mode
    )


def _is_same_order(one: VenueOrder, other: VenueOrder) -> bool:
    """Compare all but the time and the venue's words."""
    return (
        one.venue_order_id == other.venue_order_id
        and one.client_id == other.client_id
        and one.symbol == other.symbol
        and one.side is other.side
        and one.size == other.size
        and one.filled_size == other.filled_size
        and one.limit_price == other.limit_price
        and one.status is other.status
        and one.average_price == other.average_price
        and one.is_reduce_only == other.is_reduce_only
        and one.trigger == other.trigger
    )
