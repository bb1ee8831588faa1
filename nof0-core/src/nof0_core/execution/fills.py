"""Booking what the venue reports: fills and funding, each once, in the order they happened."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import anyio

from nof0_core.border.answers import BadRow, Told
from nof0_core.domain.event import Filled, FundingSettled
from nof0_core.domain.fill import Fill, FundingPayment
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order import OrderStatus
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import EndOfDataError, ProviderError, TransientError, UnbookableError
from nof0_core.execution.gateway import Gateway
from nof0_core.execution.row_check import RowCheck
from nof0_core.execution.statement_search import StatementSearch
from nof0_core.ids import ENGINE, UNASSIGNED, ClientOrderId, Symbol, TraderId
from nof0_core.ledger import share_funding
from nof0_core.ledger.liquidations import share_liquidation, share_manual
from nof0_core.money import ZERO, plain
from nof0_core.state.recorder import Recorder

LATE = timedelta(minutes=10)
"""How far behind the newest known entry each reading begins: a venue may list entries late."""
LISTED_AFTER = timedelta(minutes=2)
"""How long after a full hour a venue may take to list all settlements of it."""
PATIENCE = 2.0
"""Real seconds that new executions wait for settlements; a look without any waits longer."""
VERY_LATE = timedelta(days=1)
"""How far behind it begins where ledger and venue differ."""


class Booked(NamedTuple):
    """Fills that were not known before, and what could not be read, a sentence each.

    Where not `is_complete`, rows were bad: they are in quarantine and not booked.
    """

    fills: tuple[Fill, ...] = ()
    trouble: tuple[str, ...] = ()
    is_complete: bool = True


class FillReader:
    """Books what happened on one venue account: what it handed over, and what it is asked for.

    Funding is asked for after each full hour, and again as long as it is to come. A row that cannot
    be true is not booked; its coin is in quarantine until the row is good or gone.
    """

    def __init__(
        self,
        *,
        gateway: Gateway,
        recorder: Recorder,
        instruments: Mapping[Symbol, Instrument],
    ) -> None:
        self._instruments = instruments
        self._venue_account = gateway.venue_account
        self._gateway = gateway
        self._funding_asked: datetime | None = None
        self._settled: datetime | None = None
        self._recorder = recorder
        self._ward = gateway.ward
        self._rows = RowCheck(
            venue_account=self._venue_account, state=recorder.state, instruments=instruments
        )
        self._bad_since: datetime | None = None
        self._search = StatementSearch(venue_account=self._venue_account, state=recorder.state)

    async def book_new(
        self, since: datetime, quotes: Mapping[Symbol, Quote], *, late: timedelta = LATE
    ) -> Booked:
        """Ask for everything new since `since` (UTC), book it and return the new fills.

        A fill belongs to the trader whose order it was. One that no order of ours caused goes to
        the unassigned account and raises an alert. Funding is shared by what each trader held when
        it was settled. Fills and settlements are booked in time order; what is listed more than
        `late` behind an entry known by then is not found, unless an order is known to be executed
        that is not on the statement so far.
        """
        begin = _begin(
            self._opened(since), self._recorder.state.last_fill_time(self._venue_account), late
        )
        # Whatever our clock said when the account began: it may have been ahead.
        begin = min(begin, self._recorder.clock.now() - max(late, self._search.back))
        if self._bad_since is not None:
            begin = min(begin, self._bad_since)
        told = await self._gateway.fills(begin)
        booked = await self._book(told, since, quotes, late, is_all=True)
        self._bad_since = None if booked.is_complete else begin
        self._search.note()
        return booked

    async def book_handed_over(
        self, told: Told[Fill], since: datetime, quotes: Mapping[Symbol, Quote]
    ) -> Booked:
        """Book executions the venue told by itself; returns those that were not known yet."""
        return await self._book(told, since, quotes, LATE, is_all=False)

    async def _book(
        self,
        told: Told[Fill],
        since: datetime,
        quotes: Mapping[Symbol, Quote],
        late: timedelta,
        *,
        is_all: bool,
    ) -> Booked:
        opened = self._opened(since)
        trouble: tuple[str, ...] = ()
        ours, now = told, self._recorder.clock.now()
        if told.good:
            good = [
                fill
                for fill in told.good
                if fill.time >= opened or self._owner(fill.client_id) != UNASSIGNED
            ]
            ours = Told(tuple(good), told.bad)
            # An order may reach the venue after an hour that our clock has yet to strike.
            now = max([now, *[fill.time for fill in told.good]])
        try:
            payments = await self._new_funding(opened, now, late, ours)
        except EndOfDataError:
            raise
        except ProviderError as error:
            # Of all that is read the least: fills and exits do not wait for it.
            payments, trouble = [], (f"funding: {error}",)
        new = self._rows.new_fills(ours)
        fills, bad = [], list(new.bad)
        for fill in sorted(new.good, key=lambda f: f.time):
            if payments:
                earlier = [p for p in payments if self._precedes(p, fill)]
                payments = [p for p in payments if p not in earlier]
                self._book_all_funding(earlier, quotes)
            try:
                self._book_fill(fill)
            except UnbookableError as error:
                problem = f"of trade {fill.trade_id} cannot be booked: {error}"
                bad.append(BadRow(fill.symbol, problem))
            else:
                fills.append(fill)
        if payments:
            self._book_all_funding(payments, quotes)
        self._ward.refuse_rows("fills", bad, is_all=is_all)
        return Booked(tuple(fills), trouble, is_complete=not bad)

    def settle_netted(self, hour: datetime, quotes: Mapping[Symbol, Quote]) -> None:
        """Let opposite positions that net to nothing at the venue pay each other for an hour.

        The venue settles its net position only, so it reports nothing for such a coin. What counts
        is what was held at the hour: a coin netted since then has a settlement that is yet to come.
        """
        state = self._recorder.state
        for symbol, quote in quotes.items():
            quantities = state.quantities_at(self._venue_account, symbol, hour, ZERO)
            is_settled = state.knows_funding(self._venue_account, symbol, hour)
            if not quantities or is_settled or sum(quantities.values(), ZERO):
                continue
            if quote.funding_rate is None:
                continue
            self._book_funding(
                FundingPayment(
                    symbol=symbol, time=hour, quantity=ZERO, rate=quote.funding_rate, amount=ZERO
                ),
                quotes,
            )

    def _opened(self, since: datetime) -> datetime:
        """Return from when on to book what others did: the capital it began with has the rest."""
        return self._recorder.state.opened_at(self._venue_account) or since

    def _may_have_funding(self, now: datetime, late: timedelta) -> bool:
        """Tell whether there may be settlements that are not booked yet.

        That is right after a full hour, until each coin that was held then is settled; as long as
        nothing is known of an hour at which something may have been held; and wherever ledger and
        venue differ.
        """
        hour = now.replace(minute=0, second=0, microsecond=0)
        asked = self._funding_asked
        if asked is None or asked < hour or late > LATE:
            return True
        if asked < hour + LISTED_AFTER:
            return not self._is_settled(hour)
        state = self._recorder.state
        known = state.funding_known_until(self._venue_account)
        # What is settled after now, our clock told when it was ahead.
        if known is not None and hour <= known <= now:
            return False
        newest = state.last_fill_time(self._venue_account)
        return (newest is not None and newest >= hour) or any(
            position.opened_at <= hour for position in state.positions(self._venue_account)
        )

    def _is_settled(self, hour: datetime) -> bool:
        """Tell whether every coin that the ledger held at an hour is known to be settled for it.

        Something has to be held for that, and nothing traded since the hour, when it is looked at:
        then what is told tells that the venue has got to it. What is traded later changes nothing.
        """
        if self._settled == hour:
            return True
        state, venue_account = self._recorder.state, self._venue_account
        newest, held = state.last_fill_time(venue_account), state.positions(venue_account)
        if not held or newest is None or newest >= hour:
            return False
        if not all(state.knows_funding(venue_account, p.symbol, hour) for p in held):
            return False
        self._settled = hour
        return True

    async def _new_funding(
        self, since: datetime, now: datetime, late: timedelta, fills: Told[Fill]
    ) -> list[FundingPayment]:
        """Ask for settlements where there may be any; `fills` that are new do not wait for long."""
        if not self._may_have_funding(now, late):
            return []
        state = self._recorder.state
        begin = _begin(since, state.funding_told_until(self._venue_account), late)
        if self._gateway.limits.funding < math.inf and self._rows.new_fills(fills).good:
            with anyio.move_on_after(PATIENCE) as waiting:
                told = await self._gateway.funding(begin)
            if waiting.cancelled_caught:
                message = f"no answer within {PATIENCE:g} s, and executions are to be booked"
                raise TransientError(message)
        else:
            told = await self._gateway.funding(begin)
        new = self._rows.new_funding(told)
        self._ward.refuse_rows("funding", new.bad, is_all=True)
        self._funding_asked = None if new.bad else now
        return list(new.good)

    def _precedes(self, payment: FundingPayment, fill: Fill) -> bool:
        """Tell whether a settlement came before a fill.

        At the same moment the size that was paid on tells: a fill on the hour may be what a
        settlement set off, or an order that came right after it.
        """
        if payment.time != fill.time or payment.symbol != fill.symbol:
            return payment.time < fill.time
        held = self._recorder.state.quantities(self._venue_account, fill.symbol)
        return sum(held.values(), ZERO) == payment.quantity

    def _book_fill(self, fill: Fill) -> None:
        owner = self._owner(fill.client_id)
        if owner == UNASSIGNED:
            self._book_foreign(fill)
            return
        record = self._recorder.state.order(fill.client_id) if fill.client_id else None
        if record is not None and record.outcome is not None and _counts_as_dead(record.outcome):
            self._recorder.alert(
                "late_order",
                f"{self._venue_account}: an order on {fill.symbol} that counted as dead was "
                f"executed: {fill.side} {plain(fill.size)} at {plain(fill.price)}",
                trader=owner,
                symbol=fill.symbol,
            )
        self._recorder.record(
            owner, Filled(trader=owner, venue_account=self._venue_account, fill=fill)
        )

    def _book_foreign(self, fill: Fill) -> None:
        """Book what no order of ours caused to those who hold the side it closed.

        What the venue closed for lack of margin is shared by all holders. What a person traded by
        hand first reduces what the unassigned account holds, then what traders do; the rest is a
        position of the unassigned account. Parts that were booked before a crash count as still
        held: the shares come out the same.
        """
        state = self._recorder.state
        booked = state.parts_of(self._venue_account, fill.trade_id)
        quantities = state.quantities(self._venue_account, fill.symbol)
        for trader, size in booked.items():
            quantities[trader] = quantities.get(trader, ZERO) - fill.side.sign * size
        instrument = self._instruments.get(fill.symbol)
        # A coin the venue no longer lists: the finest lot there is.
        lot = instrument.lot if instrument is not None else Decimal("1E-8")
        share = share_liquidation if fill.is_liquidation else share_manual
        parts = share(fill, {trader: quantities[trader] for trader in sorted(quantities)}, lot)
        for trader, part in parts.items():
            if trader not in booked:
                whole = fill.size if len(parts) > 1 or fill.is_liquidation else None
                self._recorder.record(
                    trader,
                    Filled(
                        trader=trader, venue_account=self._venue_account, fill=part, whole=whole
                    ),
                )
        to, coins, price = ", ".join(parts), plain(fill.size), plain(fill.price)
        if fill.is_liquidation:
            self._recorder.alert(
                "liquidation",
                f"{self._venue_account}: the venue closed {coins} {fill.symbol} at {price} for "
                f"lack of margin; booked to {to}",
                symbol=fill.symbol,
            )
            return
        self._recorder.alert(
            "foreign_fill",
            f"{self._venue_account}: {fill.side} {coins} {fill.symbol} at {price} was not ordered "
            f"by any trader; booked to {to}",
            symbol=fill.symbol,
        )

    def _owner(self, client_id: ClientOrderId | None) -> TraderId:
        record = self._recorder.state.order(client_id) if client_id is not None else None
        return record.trader if record is not None else UNASSIGNED

    def _book_all_funding(
        self, payments: Sequence[FundingPayment], quotes: Mapping[Symbol, Quote]
    ) -> None:
        """Book settlements; those that cannot be booked are asked for again."""
        for payment in payments:
            try:
                self._book_funding(payment, quotes)
            except UnbookableError as error:
                problem = f"of {payment.symbol} at {payment.time} cannot be booked: {error}"
                bad = BadRow(payment.symbol, problem)
                self._ward.refuse_rows("funding", [bad], is_all=False)
                self._funding_asked = None

    def _book_funding(self, payment: FundingPayment, quotes: Mapping[Symbol, Quote]) -> None:
        quantities = self._recorder.state.quantities_at(
            self._venue_account, payment.symbol, payment.time, payment.quantity
        )
        quote = quotes.get(payment.symbol)
        shares = share_funding(payment, quantities, quote.oracle if quote is not None else None)
        self._recorder.record(
            ENGINE,
            FundingSettled(
                venue_account=self._venue_account,
                symbol=payment.symbol,
                time=payment.time,
                rate=payment.rate,
                amounts=shares,
            ),
        )


def _counts_as_dead(outcome: OrderOutcome) -> bool:
    return outcome.status is OrderStatus.REJECTED and not outcome.filled_size


def _begin(since: datetime, known: datetime | None, late: timedelta) -> datetime:
    """Return from when on to read, if everything until `known` was listed by now or `late`."""
    return max(since, known - late) if known is not None else since
