"""Ready-made values for tests: a trader, its account and what it sees."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import attrs

from nof0_core.domain.account import AccountState
from nof0_core.domain.candles import Candles, Interval, interval_ms, to_ms
from nof0_core.domain.context import DecisionContext, Performance
from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.growth import Growth
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.limits import RiskLimits
from nof0_core.domain.order_book import BookLevel, OrderBook
from nof0_core.domain.position import ExitPlan, Holding
from nof0_core.domain.snapshot import MarketSnapshot, Quote, Series
from nof0_core.domain.venue_view import OpenEntry, VenueTrader, VenueView
from nof0_core.ids import Symbol, TraderId, cycle_id
from nof0_core.protocols.risk import ApprovedEntry, RiskContext
from nof0_core.testing.environment import START
from nof0_core.testing.market import INSTRUMENTS

TRADER = TraderId("sample")
BTC = Symbol("BTC")
_BARS = 60


def instrument(symbol: str = "BTC") -> Instrument:
    """Return one of the instruments of `HandMarket`."""
    return INSTRUMENTS[Symbol(symbol)]


def account(equity: str = "10000", *, holdings: tuple[Holding, ...] = ()) -> AccountState:
    """Return the account of a trader that has only ever been given `equity` USD."""
    amount = Decimal(equity)
    zero = Decimal(0)
    return AccountState(
        trader=TRADER,
        time=START,
        deposited=amount,
        cash=amount,
        equity=amount,
        realized_pnl=zero,
        unrealized_pnl=zero,
        fees=zero,
        funding=zero,
        margin_used=sum((h.margin for h in holdings), zero),
        growth=Growth(base=amount),
        holdings=holdings,
    )


def holding(symbol: str = "BTC", size: str = "0.01", mark: str = "100000") -> Holding:
    """Return a position entered at the mark an hour before `START`, five times leveraged."""
    zero = Decimal(0)
    return Holding(
        symbol=Symbol(symbol),
        quantity=Decimal(size),
        entry_price=Decimal(mark),
        mark=Decimal(mark),
        leverage=5,
        margin=abs(Decimal(size)) * Decimal(mark) / 5,
        unrealized_pnl=zero,
        liquidation_price=None,
        opened_at=START - timedelta(hours=1),
        exit_plan=ExitPlan(stop_loss=Decimal(mark) * Decimal("0.97")),
        confidence=80,
        risk_usd=Decimal(30),
        fees=zero,
        funding=zero,
        realized_pnl=zero,
        entry_order_id="1",
    )


def snapshot(symbol: str = "BTC", price: str = "100000") -> MarketSnapshot:
    """Return fresh prices with 60 flat bars of 3 minutes and 4 hours, without indicators."""
    mark = Decimal(price)
    quote = Quote(
        symbol=Symbol(symbol),
        time=START,
        mark=mark,
        mid=mark,
        oracle=mark,
        funding_rate=Decimal("0.0000125"),
        open_interest=Decimal(1000),
        day_volume_usd=Decimal(1_000_000_000),
    )
    series = {i: _flat(Interval(i), float(mark)) for i in (Interval("3m"), Interval("4h"))}
    return MarketSnapshot(symbol=Symbol(symbol), time=START, quote=quote, series=series)


def _flat(interval: Interval, price: float) -> Series:
    length = interval_ms(interval)
    times = [to_ms(START) - length * back for back in range(_BARS, 0, -1)]
    prices = [price] * _BARS
    candles = Candles(
        interval=interval,
        open_time=times,
        open=prices,
        high=prices,
        low=prices,
        close=prices,
        volume=prices,
    )
    return Series(interval=interval, candles=candles, indicators={})


def context(
    *,
    time: datetime = START,
    snapshots: Mapping[Symbol, MarketSnapshot] | None = None,
    state: AccountState | None = None,
    limits: RiskLimits | None = None,
) -> DecisionContext:
    """Return what a trader with BTC on its list knows when it decides."""
    seen = {BTC: snapshot()} if snapshots is None else dict(snapshots)
    return DecisionContext(
        trader=TRADER,
        cycle=cycle_id(TRADER, time),
        time=time,
        started_at=START - timedelta(days=1),
        symbols=tuple(seen),
        account=account() if state is None else state,
        performance=Performance(),
        snapshots=seen,
        instruments={symbol: INSTRUMENTS[symbol] for symbol in seen},
        limits=RiskLimits() if limits is None else limits,
    )


def decision(signal: Signal = Signal.BUY_TO_ENTER, **changes: Any) -> Decision:
    """Return an entry in BTC that built-in checks have nothing against, with `changes` made."""
    if not signal.is_entry:
        return Decision(signal=signal, symbol=changes.pop("symbol", BTC), **changes)
    side = 1 if signal is Signal.BUY_TO_ENTER else -1
    entry = Decision(
        signal=signal,
        symbol=BTC,
        leverage=5,
        position_size_usd=Decimal(1000),
        entry_price=Decimal(100_000),
        stop_loss=Decimal(100_000 - side * 1_000),
        take_profit=Decimal(100_000 + side * 4_000),
        risk_usd=Decimal(10),
        confidence=80,
        invalidation_condition="price closes beyond the stop",
    )
    return attrs.evolve(entry, **changes)


def order_book(symbol: str = "BTC", price: str = "100000") -> OrderBook:
    """Return a fresh order book around a price: ten levels a side, a tick apart."""
    mid, rules = Decimal(price), instrument(symbol)
    tick = rules.tick(mid)
    size = rules.round_size(Decimal(10_000) / mid)

    def side(step: int) -> tuple[BookLevel, ...]:
        return tuple(BookLevel(price=mid + step * n * tick, size=size) for n in range(1, 11))

    return OrderBook(symbol=Symbol(symbol), time=START, bids=side(-1), asks=side(1))


def approved_entry(symbol: str = "ETH", *, is_long: bool = True) -> ApprovedEntry:
    """Return an entry of 500 USD, five times leveraged."""
    return ApprovedEntry(
        symbol=Symbol(symbol),
        is_long=is_long,
        size_usd=Decimal(500),
        leverage=5,
        margin=Decimal(100),
    )


def venue_view(*accounts: AccountState, entries: tuple[OpenEntry, ...] = ()) -> VenueView:
    """Return a venue account with these accounts, of which the first has the entries under way."""
    traders = tuple(
        VenueTrader(account=each, entries=() if place else entries)
        for place, each in enumerate(accounts)
    )
    return VenueView(venue_account="paper", seq=1, traders=traders)


def open_entry(symbol: str = "BTC", quantity: str = "0.01", price: str = "100000") -> OpenEntry:
    """Return an entry under way, five times leveraged; a negative quantity makes it a short."""
    worth = abs(Decimal(quantity)) * Decimal(price)
    return OpenEntry(
        symbol=Symbol(symbol),
        quantity=Decimal(quantity),
        size_usd=worth,
        leverage=5,
        margin=worth / 5,
    )


def risk_context(of: Decision | None = None, **changes: Any) -> RiskContext:
    """Return what a check sees when it judges a decision, with `changes` made."""
    judged = decision() if of is None else of
    around: DecisionContext = changes.pop("context", None) or context()
    seen = around.snapshots.get(judged.symbol)
    plain = RiskContext(
        context=around,
        quote=seen.quote if seen else None,
        instrument=around.instruments.get(judged.symbol),
        holding=around.holding(judged.symbol),
        size_usd=judged.position_size_usd or Decimal(0),
        leverage=judged.leverage or 1,
    )
    return attrs.evolve(plain, **changes)
