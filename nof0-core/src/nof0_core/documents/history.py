"""What the files need and no view has: the past, folded from events.

Only events go in, so two engines that read the same journal know the same, whenever they were
started.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

import msgspec

from nof0_core.analysis.signal_tables import KeptSignals, SignalLog
from nof0_core.documents.account_totals import HourlyRows, KeptHours
from nof0_core.documents.benchmark import BENCHMARK, BITCOIN, Benchmark
from nof0_core.documents.candles import CandleFile, KeptCandles
from nof0_core.documents.conversations import ConversationFile, KeptTalks
from nof0_core.documents.seen_price import has_price, seen_price
from nof0_core.documents.wire import encode
from nof0_core.domain.account import AccountState
from nof0_core.domain.event import (
    CycleEnded,
    Event,
    Filled,
    HourMarked,
    HoursMarked,
    MarketSeen,
    Transferred,
)
from nof0_core.domain.growth import NOTHING_YET, Growth
from nof0_core.ids import TraderId, is_shared


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """A fill that may have opened a position: by which order, and its trader's equity then."""

    venue_order_id: str
    equity: Decimal


class KeptHistory(msgspec.Struct):
    """A `History`, written down."""

    hours: KeptHours
    conversations: KeptTalks
    candles: KeptCandles
    signals: dict[TraderId, KeptSignals]
    capital: dict[TraderId, Decimal]
    benchmark: tuple[Decimal, datetime, Decimal] | None
    market: bytes | None
    equity: dict[TraderId, Decimal]
    entries: dict[TraderId, dict[str, Entry]]


class History:
    """The fold. `apply` takes events in order, each once."""

    def __init__(
        self,
        *,
        conversations_per_trader: int,
        candles_per_coin: int,
        has_indicators: bool = False,
    ) -> None:
        self.hours = HourlyRows()
        self.conversations = ConversationFile(conversations_per_trader)
        self.candles = CandleFile(candles_per_coin, has_indicators=has_indicators)
        self.signals: dict[TraderId, SignalLog] = {}
        self.capital: dict[TraderId, Decimal] = {}
        """What each account began with, in USD."""
        self.benchmark: Benchmark | None = None
        self._newest_market: bytes | None = None
        self._equity: dict[TraderId, Decimal] = {}
        self._entries: dict[TraderId, dict[str, Entry]] = {}

    def keep(self) -> KeptHistory:
        """Return all of it in what can be written down."""
        return KeptHistory(
            hours=self.hours.keep(),
            conversations=self.conversations.keep(),
            candles=self.candles.keep(),
            signals={trader: log.keep() for trader, log in self.signals.items()},
            capital=self.capital,
            benchmark=self.benchmark.keep() if self.benchmark is not None else None,
            market=self._newest_market,
            equity=self._equity,
            entries=self._entries,
        )

    def take(self, kept: KeptHistory) -> None:
        """Take over what `keep` has returned, into a new one."""
        self.hours = HourlyRows.of(kept.hours)
        self.conversations.take(kept.conversations)
        self.candles.take(kept.candles)
        self.signals = {trader: SignalLog.of(each) for trader, each in kept.signals.items()}
        self.capital, self._equity = kept.capital, kept.equity
        if kept.benchmark is not None:
            capital, start, price = kept.benchmark
            self.benchmark = Benchmark(capital=capital, start=start, price=price)
        self._newest_market = kept.market
        self._entries = kept.entries

    def apply(self, event: Event) -> None:
        """Take in one event."""
        match event.body:
            case CycleEnded() as body:
                self._cycle(event, body)
            case HourMarked() as body:
                self._hour(event.time, body)
            case HoursMarked() as body:
                for hour, mark in body.each():
                    self._hour(hour, mark)
            case Transferred() as body:
                self._transfer(event.time, body)
            case Filled() as body:
                self._fill(body)
            case MarketSeen() as body:
                self._market(event.time, body)

    def equity_at(self, trader: TraderId, trade_id: str) -> Decimal | None:
        """Return the trader's equity when a fill happened, None where that is not known.

        Known are the fills since entries were forgotten last, and those that were left out then.
        """
        entry = self._entries.get(trader, {}).get(trade_id)
        return entry.equity if entry is not None else None

    def forget_entries(self, trader: TraderId, *, but: Collection[str]) -> None:
        """Forget a trader's fills so far, but those of orders that opened what it still holds.

        Of a position all is asked before the last of it is closed and told; `but` are order ids of
        the venue.
        """
        known = self._entries.pop(trader, {})
        kept = {trade: each for trade, each in known.items() if each.venue_order_id in but}
        if kept:
            self._entries[trader] = kept

    def signal_log(self, trader: TraderId) -> SignalLog:
        """Return what a trader signalled so far."""
        return self.signals.get(trader) or SignalLog()

    def _cycle(self, event: Event, cycle: CycleEnded) -> None:
        self.signals.setdefault(cycle.trader, SignalLog()).add(cycle, event.time.timestamp())
        self.conversations.add(event, cycle)
        self._equity[cycle.trader] = cycle.account.equity
        for fill in cycle.fills:
            entries = self._entries.setdefault(cycle.trader, {})
            entries[fill.trade_id] = Entry(fill.venue_order_id, cycle.account.equity)

    def _fill(self, body: Filled) -> None:
        equity = self._equity.get(body.trader)
        if equity is not None:
            fill, entries = body.fill, self._entries.setdefault(body.trader, {})
            entries.setdefault(fill.trade_id, Entry(fill.venue_order_id, equity))

    def _transfer(self, time: datetime, body: Transferred) -> None:
        for trader, amount in body.amounts.items():
            if is_shared(trader):
                continue
            before = body.equities[trader]
            self._equity[trader] = before + amount
            if trader not in self.capital:
                self.capital[trader] = amount
                growth = NOTHING_YET.moved(before, amount)
                self.hours.begin(_fresh(trader, time, amount, growth))

    def _hour(self, time: datetime, body: HourMarked) -> None:
        self.hours.seal(min((account.time for account in body.accounts), default=time))
        for account in body.accounts:
            if account.trader in self.capital:
                self._equity[account.trader] = account.equity
                self.hours.add_point(account)
        if self.benchmark is not None and self._newest_market is not None:
            # Read when it is needed: most recorded markets are never asked for their price.
            price = seen_price(self._newest_market, BITCOIN)
            if price is not None:
                self.hours.add_point(self.benchmark.account(time, price))

    def _market(self, time: datetime, body: MarketSeen) -> None:
        """Keep the market and its bars; the first price of BTC begins the benchmark."""
        self.candles.add(body.section, body.snapshots)
        if not has_price(body.snapshots, BITCOIN):
            return
        seen = body.snapshots
        snapshots = bytes(seen) if isinstance(seen, bytes | msgspec.Raw) else encode(seen)
        self._newest_market = snapshots
        if self.benchmark is not None or not self.capital or BENCHMARK in self.capital:
            return
        price = seen_price(body.snapshots, BITCOIN)
        if price:
            capital = sum(self.capital.values(), Decimal(0)) / len(self.capital)
            self.benchmark = Benchmark(capital=capital, start=time, price=price)
            self.hours.begin(self.benchmark.account(time, price))


def _fresh(trader: TraderId, time: datetime, amount: Decimal, growth: Growth) -> AccountState:
    zero = Decimal(0)
    return AccountState(
        trader=trader,
        time=time,
        deposited=amount,
        cash=amount,
        equity=amount,
        realized_pnl=zero,
        unrealized_pnl=zero,
        fees=zero,
        funding=zero,
        margin_used=zero,
        growth=growth,
    )
