"""What the venue says of its account, written down when it says something else."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from nof0_core.domain.account import AccountReport
from nof0_core.domain.event import AccountReported
from nof0_core.domain.outcome import VenueOrder
from nof0_core.domain.position import VenuePosition
from nof0_core.ids import ENGINE
from nof0_core.state.recorder import Recorder

AT_LEAST_EVERY = timedelta(hours=1)
"""Of the engine's time: so old the newest record may be though nothing has changed."""


class AccountRecord:
    """Records reports of one venue account: when they changed, else every hour."""

    def __init__(self, *, venue_account: str, recorder: Recorder) -> None:
        self._venue_account = venue_account
        self._recorder = recorder

    def look(self, report: AccountReport) -> None:
        """Take a report that has passed the border; records it where that is due."""
        last = self._recorder.state.facts.account(self._venue_account)
        if last is not None and same(report, last.report):
            age = self._recorder.clock.now() - last.time
            # A clock that was set back would be silent until it is where it was.
            if timedelta(0) <= age < AT_LEAST_EVERY:
                return
        body = AccountReported(venue_account=self._venue_account, report=report)
        self._recorder.record(ENGINE, body)


def same(one: AccountReport, other: AccountReport) -> bool:
    """Tell whether two reports say the same of all that does not move with marks.

    That is cash, positions with leverage and margin mode, and orders, in whatever order both stand.
    """
    if one.account.raw_usd != other.account.raw_usd:
        return False
    if one.positions != other.positions and _held(one.positions) != _held(other.positions):
        return False
    return one.orders == other.orders or _waiting(one.orders) == _waiting(other.orders)


def _held(positions: Iterable[VenuePosition]) -> list[tuple[object, ...]]:
    return sorted(
        (p.symbol, p.quantity, p.entry_price, p.leverage, p.margin_mode) for p in positions
    )


def _waiting(orders: Iterable[VenueOrder]) -> dict[str, tuple[object, ...]]:
    return {
        o.venue_order_id: (
            o.client_id,
            o.symbol,
            o.side,
            o.size,
            o.filled_size,
            o.limit_price,
            o.status,
            o.average_price,
            o.is_reduce_only,
            o.trigger,
        )
        for o in orders
    }
