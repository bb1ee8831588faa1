"""One virtual account, and the sums of all accounts that share an exchange account."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import attrs

from nof0_core.domain.fill import Fill
from nof0_core.domain.growth import NOTHING_YET, Growth
from nof0_core.ids import Symbol, TraderId
from nof0_core.ledger.position import Position
from nof0_core.money import ZERO

REMEMBERED = timedelta(hours=25)
"""How far back from the newest fill of a venue account it is known who held what."""
KNOWN = timedelta(days=30)
"""How far back from the newest of a venue account each fill and settlement is known by itself. All
that is older counts as known: no statement has anything new so late."""


class Change(NamedTuple):
    """What a fill did to a trader's position, in coins."""

    time: datetime
    symbol: Symbol
    trader: TraderId
    quantity: Decimal


class Sums(NamedTuple):
    """The sums of an account, in USD."""

    deposited: Decimal
    realized: Decimal
    fees: Decimal
    funding: Decimal
    cash: Decimal


@attrs.define(kw_only=True, eq=False)
class Account:
    """Running sums of one trader in one venue account, in USD, exact.

    `cash` = `deposited` + `realized` - `fees` + `funding` at any time. Changed by the ledger only,
    in the `STRICT` context. `growth` of an account that traders share says nothing.
    """

    trader: TraderId
    deposited: Decimal = ZERO
    realized: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    cash: Decimal = ZERO
    growth: Growth = NOTHING_YET
    positions: dict[Symbol, Position] = attrs.field(factory=dict)

    def after(
        self,
        *,
        deposited: Decimal = ZERO,
        realized: Decimal = ZERO,
        fees: Decimal = ZERO,
        funding: Decimal = ZERO,
    ) -> Sums:
        """Return what the sums will be with these amounts; raises where one would not be exact."""
        return Sums(
            self.deposited + deposited,
            self.realized + realized,
            self.fees + fees,
            self.funding + funding,
            self.cash + deposited + realized - fees + funding,
        )

    def put(self, sums: Sums) -> None:
        """Take over the sums that `after` has returned."""
        self.deposited, self.realized, self.fees, self.funding, self.cash = sums


@attrs.frozen(kw_only=True)
class Totals:
    """What the exchange account of a venue account must show.

    `raw_usd` is deposits minus everything paid for coins plus everything got for them, fees and
    funding included. `quantities` are signed, in coins; closed coins are left out.
    """

    raw_usd: Decimal
    quantities: Mapping[Symbol, Decimal]


@attrs.define(kw_only=True, eq=False)
class VenueLedger:
    """All accounts on one exchange account, with sums kept beside them.

    `raw_usd` and `quantities` are added up from the events themselves, not from the accounts: that
    both agree is what `audit` checks. `parts` are quantities by fill and trader of fills that are
    not booked completely yet. `changes` are the fills of the last `REMEMBERED`, in the order they
    were booked. `opened_at` is as of when the first capital was booked (UTC, by the venue's
    clock): it holds all that happened before. `trade_ids` are the booked fills with their times,
    `settlements` the booked settlements, both of the last `KNOWN`; `forgotten` and `settled_before`
    are the times (UTC) of the newest that are known no more by themselves.
    """

    accounts: dict[TraderId, Account] = attrs.field(factory=dict)
    opened_at: datetime | None = None
    raw_usd: Decimal = ZERO
    quantities: dict[Symbol, Decimal] = attrs.field(factory=dict)
    trade_ids: dict[str, datetime] = attrs.field(factory=dict)
    forgotten: datetime | None = None
    parts: dict[str, dict[TraderId, Decimal]] = attrs.field(factory=dict)
    changes: deque[Change] = attrs.field(factory=deque)
    last_fill: datetime | None = None
    settlements: dict[tuple[Symbol, datetime], None] = attrs.field(factory=dict)
    settled_before: datetime | None = None
    last_funding: datetime | None = None
    last_told_funding: datetime | None = None

    def remember(self, trader: TraderId, fill: Fill) -> None:
        """Remember that a trader's quantity has changed."""
        self.changes.append(Change(fill.time, fill.symbol, trader, fill.quantity))

    def knowing(self, trader: TraderId, fill: Fill, whole: Decimal | None) -> Callable[[], None]:
        """Return how to remember that a fill is booked, or a trader's part of one of size `whole`.

        What cannot be reckoned with raises now.
        """
        newest = max(self.last_fill or fill.time, fill.time)
        oldest = newest - REMEMBERED
        parts = {**self.parts.get(fill.trade_id, {}), trader: fill.size}
        is_whole = whole is None or sum(parts.values(), ZERO) >= whole

        def know() -> None:
            self.last_fill = newest
            self.remember(trader, fill)
            while self.changes[0].time < oldest:
                self.changes.popleft()
            if is_whole:
                self.parts.pop(fill.trade_id, None)
                self.trade_ids[fill.trade_id] = fill.time
                self._forget_fills(newest)
            else:
                self.parts[fill.trade_id] = parts

        return know

    def knows(self, trade_id: str, time: datetime | None = None) -> bool:
        """Tell whether a fill was booked; where its `time` is given, also one of long ago."""
        if trade_id in self.trade_ids:
            return True
        return time is not None and self.forgotten is not None and time <= self.forgotten

    def knows_settlement(self, symbol: Symbol, time: datetime) -> bool:
        """Tell whether a settlement was booked, or is so old that it must have been."""
        if (symbol, time) in self.settlements:
            return True
        return self.settled_before is not None and time <= self.settled_before

    def note_settlement(self, symbol: Symbol, time: datetime) -> None:
        """Remember that a settlement is booked."""
        self.settlements[symbol, time] = None
        newest = max(self.last_funding or time, time)
        while self.settlements:
            oldest = next(iter(self.settlements))
            if newest - oldest[1] <= KNOWN:
                return
            del self.settlements[oldest]
            self.settled_before = max(self.settled_before or oldest[1], oldest[1])

    def _forget_fills(self, newest: datetime) -> None:
        """Let go of fills of long before the newest, in the order they were booked."""
        while self.trade_ids:
            trade_id, time = next(iter(self.trade_ids.items()))
            if newest - time <= KNOWN:
                return
            del self.trade_ids[trade_id]
            self.forgotten = max(self.forgotten or time, time)

    def quantities_at(
        self, symbol: Symbol, time: datetime, net: Decimal
    ) -> dict[TraderId, Decimal]:
        """Return who held how much of a coin at a time, closed positions left out.

        A fill at that very moment counts, unless only without it `net` is what all held together.
        """
        quantities = {
            account.trader: account.positions[symbol].quantity
            for account in self.accounts.values()
            if symbol in account.positions
        }
        later = [c for c in self.changes if c.symbol == symbol and c.time >= time]
        # The newest first; equal times in the opposite order of booking.
        later.reverse()
        later.sort(key=lambda change: change.time, reverse=True)
        then = quantities
        for change in later:
            quantities = {
                **quantities,
                change.trader: quantities.get(change.trader, ZERO) - change.quantity,
            }
            if change.time > time or sum(quantities.values(), ZERO) == net != sum(
                then.values(), ZERO
            ):
                then = quantities
        return {trader: size for trader, size in then.items() if size}

    def audit(self) -> list[str]:
        """Return what does not add up, a sentence each."""
        wrong = []
        raw_usd = ZERO
        quantities: dict[Symbol, Decimal] = {}
        for account in self.accounts.values():
            if (
                account.cash
                != account.deposited + account.realized - account.fees + account.funding
            ):
                wrong.append(f"the cash of {account.trader} is not what its bookings add up to")
            raw_usd += account.cash
            for symbol, position in account.positions.items():
                raw_usd -= position.cost
                quantities[symbol] = quantities.get(symbol, ZERO) + position.quantity
        if raw_usd != self.raw_usd:
            wrong.append(f"all accounts together have {raw_usd} USD, not {self.raw_usd}")
        if {symbol: size for symbol, size in quantities.items() if size} != self.quantities:
            wrong.append("all positions together are not the net positions")
        return wrong

    def after(
        self, symbol: Symbol, change: Decimal, price: Decimal, fee: Decimal
    ) -> tuple[Decimal, Decimal]:
        """Return what `raw_usd` and the size of the coin will be after a fill."""
        return self.raw_usd - change * price - fee, self.quantities.get(symbol, ZERO) + change

    def put(self, symbol: Symbol, raw_usd: Decimal, size: Decimal) -> None:
        """Take over the sums that `after` has returned."""
        self.raw_usd = raw_usd
        if size:
            self.quantities[symbol] = size
        else:
            self.quantities.pop(symbol, None)

    def totals(self) -> Totals:
        """Return the sums as they are now."""
        return Totals(raw_usd=self.raw_usd, quantities=dict(self.quantities))
