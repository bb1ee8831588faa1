"""What the brakes remember, as a fold of events: the same after a restart as before it.

Worth is followed on the index of the account (`nof0_core.domain.growth`), so capital that is moved
in or out neither trips nor hides anything. It is known at each valuation the journal has: one per
cycle, one per full hour, one right before each transfer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import attrs
import msgspec

from nof0_core.domain.account import AccountState
from nof0_core.domain.body import Body
from nof0_core.domain.brakes import ActiveBrake, Brake
from nof0_core.domain.event import (
    BrakeReleased,
    BrakeTripped,
    CycleEnded,
    CyclesHeld,
    Event,
    HourMarked,
    HoursMarked,
    OrderAnswered,
    OrderIntended,
    Transferred,
)
from nof0_core.domain.growth import NOTHING_YET, Growth
from nof0_core.domain.order import OrderPurpose, OrderStatus
from nof0_core.ids import ClientOrderId, TraderId, is_shared
from nof0_core.ledger.arithmetic import share
from nof0_core.money import EXACT, HUNDRED, ONE, ZERO
from nof0_core.state.changes import Change, unchanged
from nof0_core.state.projection import Handler

PERCENT_STEP = Decimal("1E-18")
"""Grid of what is compared with a limit."""
NEVER_FILLED = frozenset({OrderStatus.REJECTED, OrderStatus.CANCELED})


@attrs.define(kw_only=True, eq=False)
class _Track:
    """One trader. `day_start` is the index at 0:00 UTC of `day`, `peak` its highest value.

    `growth` is that of the account, unless the account was ruined and a person let the trader go on
    nevertheless: then it begins with the first capital after that (`is_anew`).
    """

    growth: Growth = NOTHING_YET
    is_anew: bool = False
    index: Decimal = ONE
    peak: Decimal = ONE
    day: date | None = None
    day_start: Decimal = ONE
    entry_day: date | None = None
    entries: set[ClientOrderId] = attrs.field(factory=set)
    active: dict[Brake, ActiveBrake] = attrs.field(factory=dict)
    is_paused: bool | None = None
    judged_trades: int = 0

    def index_at(self, account: AccountState) -> Decimal:
        """Return the index of an account as it was valued."""
        if not self.is_anew:
            return account.index
        if self._waits and account.equity <= 0:
            return self.growth.index
        return self.growth.at(account.equity)

    def value(self, account: AccountState, *, is_hour: bool) -> None:
        """Take over a valuation; `is_hour` tells that it is the mark of a full hour."""
        index = self.index_at(account)
        if self._waits and account.equity > 0:
            self.growth = Growth(index=index, base=account.equity)
        elif not index:
            self.growth = self.growth.ruined()
        # The mark of the full hour at midnight is the beginning itself.
        self._move(index, account.time.date(), is_midnight=is_hour and account.time.hour == 0)

    def transfer(self, before: Decimal, amount: Decimal, time: datetime) -> None:
        """Take over that capital was moved at an equity of `before`, in USD."""
        if self._waits:
            after = EXACT.add(before, amount)
            self.growth = Growth(index=self.growth.index, base=max(ZERO, after))
        else:
            self.growth = self.growth.moved(before, amount)
        self._move(self.growth.index, time.date(), is_midnight=False)

    def release(self) -> None:
        """Measure the drawdown from now on; where nothing was left, from the next capital on."""
        if self.index <= 0:
            self.growth, self.is_anew = NOTHING_YET, True
            self.index = self.day_start = ONE
        self.peak = self.index

    @property
    def _waits(self) -> bool:
        """Tell whether capital that makes a new beginning is still to come."""
        return self.is_anew and not self.growth.base

    def _move(self, index: Decimal, today: date, *, is_midnight: bool) -> None:
        before, self.index = self.index, index
        self.peak = max(self.peak, index)
        if self.day is None or today > self.day or (is_midnight and today == self.day):
            # Without a mark at midnight the last value known before it counts, so that what
            # happened unseen belongs to this day.
            self.day, self.day_start = today, index if is_midnight else before

    def copied(self) -> _Track:
        """Return another with the same values, which is made with every cycle: `copy` is slow."""
        return _Track(
            growth=self.growth,
            is_anew=self.is_anew,
            index=self.index,
            peak=self.peak,
            day=self.day,
            day_start=self.day_start,
            entry_day=self.entry_day,
            entries=self.entries,
            active=self.active,
            is_paused=self.is_paused,
            judged_trades=self.judged_trades,
        )


@attrs.frozen(kw_only=True)
class Worth:
    """The index of an account at cycles without a record yet: the highest, and the newest.

    None where there was none; `index` also where something newer is recorded.
    """

    peak: Decimal | None = None
    index: Decimal | None = None


RECORDED = Worth()
"""Nothing is without a record."""


class _Dump(msgspec.Struct):
    tracks: dict[TraderId, _Track]
    halt: ActiveBrake | None


class Brakes:
    """The memory of all brakes. Everything returned is a value."""

    name: ClassVar[str] = "brakes"
    version: ClassVar[int] = 1

    def __init__(self) -> None:
        self._tracks: dict[TraderId, _Track] = {}
        self.halt: ActiveBrake | None = None

    @property
    def handlers(self) -> Mapping[type[Body], Handler]:
        """Return the handlers by kind of event."""
        return {
            Transferred: self._transferred,
            CycleEnded: self._cycle_ended,
            CyclesHeld: self._cycles_held,
            HourMarked: self._hour_marked,
            HoursMarked: self._hours_marked,
            OrderIntended: self._order_intended,
            OrderAnswered: self._order_answered,
            BrakeTripped: self._tripped,
            BrakeReleased: self._released,
        }

    def dump(self) -> bytes:
        """Return all of it."""
        return msgspec.json.encode(_Dump(self._tracks, self.halt), order="sorted")

    def load(self, data: bytes) -> None:
        """Take over what `dump` has returned."""
        found = msgspec.json.decode(data, type=_Dump)
        self._tracks, self.halt = found.tracks, found.halt

    def active(self, trader: TraderId) -> tuple[ActiveBrake, ...]:
        """Return a trader's own brakes that are on; the halt of all is not among them."""
        found = self._tracks.get(trader)
        return tuple(found.active.values()) if found else ()

    def is_paused(self, trader: TraderId) -> bool | None:
        """Tell whether a person paused (True) or resumed (False) a trader; None if neither."""
        found = self._tracks.get(trader)
        return found.is_paused if found else None

    def day_loss_pct(
        self, trader: TraderId, account: AccountState, unrecorded: Worth = RECORDED
    ) -> Decimal:
        """Return the loss since 0:00 UTC of the account's day, percent, not below 0."""
        return self.falls_pct(trader, account, unrecorded)[0]

    def drawdown_pct(
        self, trader: TraderId, account: AccountState, unrecorded: Worth = RECORDED
    ) -> Decimal:
        """Return the fall from the peak, percent, not below 0."""
        return self.falls_pct(trader, account, unrecorded)[1]

    def falls_pct(
        self, trader: TraderId, account: AccountState, unrecorded: Worth = RECORDED
    ) -> tuple[Decimal, Decimal]:
        """Return the loss of the day and the fall from the peak; both need the same index."""
        start, peak = self.levels(trader, account.time.date(), unrecorded)
        now = self._track(trader).index_at(account)
        return _fall_pct(start, now), _fall_pct(peak, now)

    def levels(
        self, trader: TraderId, day: date, unrecorded: Worth = RECORDED
    ) -> tuple[Decimal, Decimal]:
        """Return the index at the beginning of a day (UTC), and its highest value so far.

        `unrecorded` is what the account was worth at cycles that are still to be recorded.
        """
        track = self._track(trader)
        newest = track.index if unrecorded.index is None else unrecorded.index
        start = track.day_start if track.day == day else newest
        return start, track.peak if unrecorded.peak is None else max(track.peak, unrecorded.peak)

    def is_followed(self, trader: TraderId, day: date, *, marked: date | None = None) -> bool:
        """Tell whether an account's index is that of its growth, and known since a day began.

        `marked` is the day of the newest hour that is still to be recorded.
        """
        found = self._tracks.get(trader)
        return found is not None and day in (found.day, marked) and not found.is_anew

    def entries_on(self, trader: TraderId, day: date) -> int:
        """Return how many entries were sent on a UTC day that may have filled."""
        found = self._tracks.get(trader)
        return len(found.entries) if found and found.entry_day == day else 0

    def judged_trades(self, trader: TraderId) -> int:
        """Return how many trades were closed when the Sharpe pause was last tripped."""
        found = self._tracks.get(trader)
        return found.judged_trades if found else 0

    def _track(self, trader: TraderId) -> _Track:
        found = self._tracks.get(trader)
        if found is None:
            found = self._tracks[trader] = _Track()
        return found

    def _valued(self, states: Iterable[AccountState], *, is_hour: bool) -> Change:
        """Value accounts, on copies of what is known of their traders."""
        valued: dict[TraderId, _Track] = {}
        for state in states:
            if not is_shared(state.trader) and not state.unpriced:
                known = valued.get(state.trader) or self._tracks.get(state.trader)
                track = valued[state.trader] = known.copied() if known else _Track()
                track.value(state, is_hour=is_hour)
        return lambda: self._tracks.update(valued)

    def _transferred(self, event: Event, body: Transferred) -> Change:
        moved: dict[TraderId, _Track] = {}
        for trader, amount in body.amounts.items():
            if not is_shared(trader):
                known = self._tracks.get(trader)
                track = moved[trader] = known.copied() if known else _Track()
                track.transfer(body.equities[trader], amount, event.time)
        return lambda: self._tracks.update(moved)

    def _cycle_ended(self, event: Event, body: CycleEnded) -> Change:  # noqa: ARG002 - a handler
        return self._valued([body.account], is_hour=False)

    def _cycles_held(self, event: Event, body: CyclesHeld) -> Change:  # noqa: ARG002 - a handler
        def change() -> None:
            track = self._track(body.trader)
            track.peak = max(track.peak, body.peak)
            if body.index is not None:
                track.index = body.index

        return change

    def _hour_marked(self, event: Event, body: HourMarked) -> Change:  # noqa: ARG002 - a handler
        return self._valued(body.accounts, is_hour=True)

    def _hours_marked(self, event: Event, body: HoursMarked) -> Change:  # noqa: ARG002 - a handler
        # The hours between leave nothing behind, but for the one the last day begins with.
        midnight = body.last.replace(hour=0)
        hours = [body.first, *([midnight] if midnight > body.first else []), body.last]
        marks = [state for hour in hours for state in body.at(hour).accounts]
        return self._valued(marks, is_hour=True)

    def _order_intended(self, event: Event, body: OrderIntended) -> Change:
        if body.purpose is not OrderPurpose.OPEN:
            return unchanged

        def change() -> None:
            track, today = self._track(body.trader), event.time.date()
            if track.entry_day != today:
                track.entry_day = today
                track.entries.clear()
            track.entries.add(body.request.client_id)

        return change

    def _order_answered(self, event: Event, body: OrderAnswered) -> Change:  # noqa: ARG002 - a handler
        if body.outcome.status not in NEVER_FILLED or body.outcome.filled_size:
            return unchanged
        return lambda: self._track(body.trader).entries.discard(body.outcome.client_id)

    def _tripped(self, event: Event, body: BrakeTripped) -> Change:
        on = ActiveBrake(brake=body.brake, since=event.time, until=body.until, message=body.message)
        trades = int(body.numbers.get("trades", ZERO))

        def change() -> None:
            if body.trader is None:
                self.halt = on
                return
            track = self._track(body.trader)
            track.active[body.brake] = on
            if body.brake is Brake.PAUSED:
                track.is_paused = True
            elif body.brake is Brake.SHARPE_PAUSE:
                track.judged_trades = trades

        return change

    def _released(self, event: Event, body: BrakeReleased) -> Change:  # noqa: ARG002 - a handler
        def change() -> None:
            if body.trader is None:
                self.halt = None
                return
            track = self._track(body.trader)
            track.active.pop(body.brake, None)
            if body.brake is Brake.PAUSED:
                track.is_paused = False
            elif body.brake is Brake.MAX_DRAWDOWN:
                track.release()

        return change


def _fall_pct(start: Decimal, now: Decimal) -> Decimal:
    """Return the fall from `start` to `now` in percent; all of it where there was nothing left."""
    if start <= 0:
        return HUNDRED
    if now >= start:
        return ZERO
    return EXACT.subtract(HUNDRED, share(HUNDRED, now, start, PERCENT_STEP))


def next_midnight(moment: datetime) -> datetime:
    """Return the next 0:00 UTC after a moment."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=1)
