"""Cycles in which a rule held, kept together until their stretch is recorded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

import attrs

from nof0_core.decision import CallsMade, DecisionResult
from nof0_core.domain.account import AccountState
from nof0_core.domain.event import CyclesHeld
from nof0_core.domain.model import Usage
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.errors import ReplayMissError
from nof0_core.ids import TraderId
from nof0_core.manager.still_hours import StillHours
from nof0_core.state.brakes import RECORDED, Worth
from nof0_core.state.recorder import Recorder

MayAct = Callable[[TraderId, datetime], bool]
"""Tells whether a trader's model has said that it may act in the cycle of a moment (UTC)."""

_NOTHING = Usage()


class BrokenWordError(ReplayMissError):
    """A model did not hold in a cycle for which it had said that it would."""


@attrs.define(kw_only=True)
class _Stretch:
    first: datetime
    last: datetime
    count: int
    peak: Decimal
    index: Decimal | None


class HeldCycles:
    """The stretches of traders whose models tell beforehand when they may act.

    Without any such trader (`fold`) every cycle has a record of its own, as always outside of a
    backtest. With them the index of an account is still followed at every cycle: what is not
    recorded yet is in `worth`. `hours` are full hours without a record.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self.hours = StillHours(recorder)
        self._traders: dict[TraderId, int] = {}
        self._stretches: dict[TraderId, _Stretch] = {}
        self._may_act: MayAct = lambda *_: True
        self._must_ask: MayAct = lambda *_: True

    def fold(self, traders: Collection[TraderId], may_act: MayAct) -> None:
        """Keep the held cycles of these traders, in their order, together from now on."""
        self._traders = {trader: place for place, trader in enumerate(traders)}
        self._may_act = may_act

    def leave_out(self, must_ask: MayAct) -> None:
        """Ask no trader in a cycle for which this says False, for it would hold."""
        self._must_ask = must_ask

    def is_left_out(self, trader: TraderId, scheduled: datetime) -> bool:
        """Tell whether a trader need not be asked in a cycle."""
        return trader in self._traders and not self._must_ask(trader, scheduled)

    def folds(self, trader: TraderId) -> bool:
        """Tell whether held cycles of a trader are kept together."""
        return trader in self._traders

    def is_followed(self, account: AccountState) -> bool:
        """Tell whether an account is one whose worth can wait for its record."""
        return (
            not account.unpriced
            and account.equity > 0
            and self.is_known(account.trader, account.time.date())
        )

    def is_known(self, trader: TraderId, day: date) -> bool:
        """Tell whether the index of a trader's account is known since a day (UTC) began."""
        brakes, day_marked = self._recorder.state.brakes, self.hours.day
        return brakes.is_followed(trader, day, marked=day_marked)

    def look_up(self, trader: TraderId, scheduled: datetime) -> None:
        """Record the hours without a record where a trader may act: it sees its whole curve."""
        if self.hours.last is not None and self._may_act(trader, scheduled):
            self.hours.end()

    def is_held(self, account: AccountState, result: DecisionResult, made: CallsMade) -> bool:
        """Tell whether a cycle says nothing but that its trader holds."""
        said = result.completion
        return (
            account.trader in self._traders
            and result.status is CycleStatus.OK
            and not result.judgements
            and result.prompt is None
            and said is not None
            and not said.text
            and not said.chain_of_thought
            and not made.calls
            and said.usage == _NOTHING
            and self.is_followed(account)
        )

    def check(self, trader: TraderId, scheduled: datetime) -> None:
        """See that a trader's model acts only where it has said that it may.

        Raises:
            BrokenWordError: it does not keep to that; with another driver the run would be another.
        """
        if trader in self._traders and not self._may_act(trader, scheduled):
            message = (
                f"{trader}: its model told beforehand (`wakes`) that it would hold at "
                f"{scheduled:%Y-%m-%d %H:%M:%S} UTC, and did not: nothing of this run means "
                "anything"
            )
            raise BrokenWordError(message)

    def note(
        self,
        trader: TraderId,
        *,
        first: datetime,
        last: datetime,
        count: int,
        peak: Decimal,
        index: Decimal,
    ) -> None:
        """Add held cycles to a trader's stretch; see `CyclesHeld`."""
        known = self._stretches.get(trader)
        if known is None:
            self._stretches[trader] = _Stretch(
                first=first, last=last, count=count, peak=peak, index=index
            )
            return
        known.last, known.index = last, index
        known.count += count
        known.peak = max(known.peak, peak)

    def count(self, trader: TraderId) -> int:
        """Return how many cycles of a trader are without a record."""
        known = self._stretches.get(trader)
        return 0 if known is None else known.count

    def worth(self, trader: TraderId) -> Worth:
        """Return what a trader's account was worth at these cycles."""
        known = self._stretches.get(trader)
        found = RECORDED if known is None else Worth(peak=known.peak, index=known.index)
        account = self.hours.account(trader)
        if account is None:
            return found
        peak = account.index if found.peak is None else max(found.peak, account.index)
        return Worth(peak=peak, index=account.index if found.index is None else found.index)

    def hour_marked(self, traders: Iterable[TraderId]) -> None:
        """Take note that the accounts of these traders were valued by something newer."""
        for trader in traders:
            if trader in self._stretches:
                self._stretches[trader].index = None

    def hours_left_out(
        self, first: datetime, last: datetime, accounts: Sequence[AccountState]
    ) -> None:
        """Take note of full hours in which nobody held anything, as of cycles until after them."""
        self.hours.note(first, last, accounts)
        self.hour_marked(
            each.trader
            for each in accounts
            if (known := self._stretches.get(each.trader)) is not None and known.last < last
        )

    def end(self, trader: TraderId) -> None:
        """Record a trader's stretch, if there is one."""
        found = self._stretches.pop(trader, None)
        if found is not None:
            self._recorder.record(
                trader,
                CyclesHeld(
                    trader=trader,
                    first=found.first,
                    last=found.last,
                    count=found.count,
                    peak=found.peak,
                    index=found.index,
                ),
            )

    def end_all(self) -> None:
        """Record all stretches, in the order in which they began, equal ones in that of traders.

        Hours come first. Stretches may have been noted in another order: cycles that were left out
        are noted together.
        """
        self.hours.end()
        begun = (
            (one.first, self._traders[trader], trader) for trader, one in self._stretches.items()
        )
        for _, _, trader in sorted(begun):
            self.end(trader)
