"""Forced closing of positions whose margin is used up (Hyperliquid documentation, "Liquidations").

A bar does not tell the path inside it. It is taken to go from its open straight to the low, and
from its open straight to the high, all coins of a pool evenly: markets move together, so what is
long in one coin and short in another is not given the worst of both. Where the maintenance margin
is reached on the way, the venue closes at the market; a pool whose equity is already below two
thirds of its maintenance margin, as after a gap, is taken over whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Literal

from nof0_core.domain.instrument import Instrument
from nof0_core.domain.margin import maintenance, maintenance_rates
from nof0_core.domain.order import OrderStatus, Side
from nof0_core.ids import Symbol
from nof0_core.money import EXACT, ZERO, plain, truncate_usd
from nof0_core.plugins.env import Logger
from nof0_provider_sim.exchange import refusals
from nof0_provider_sim.exchange.account import Position
from nof0_provider_sim.exchange.execution import Execution
from nof0_provider_sim.exchange.feed import Bar
from nof0_provider_sim.exchange.pool import Marks, Pool, pool_of, pools
from nof0_provider_sim.exchange.records import Liquidated
from nof0_provider_sim.exchange.triggers import Reach

PARTIAL_FROM = Decimal(100_000)
"""Notional in USD above which only a part is closed first."""
PARTIAL = Decimal("0.2")
COOL_DOWN_MS = 30_000
"""How long after a partial liquidation the next ones are for whole positions."""
Price = Literal["open", "low", "high", "close"]
_PATHS: tuple[Price, ...] = ("low", "high", "close")
_CAUTION = 1e-9
"""By how much, relatively, thresholds in floats are moved to the safe side."""


class Liquidation:
    """Watches the margin of the paper account and closes what it no longer bears."""

    def __init__(
        self, *, execution: Execution, instruments: Mapping[Symbol, Instrument], log: Logger
    ) -> None:
        self._execution = execution
        self._state = execution.state
        self._instruments = instruments
        self._log = log
        self._known: tuple[int, dict[Symbol, Reach]] = (-1, {})
        self._judged = -1

    def reaches(self, tell: Callable[[], Marks]) -> dict[Symbol, Reach]:
        """Return prices no pool can be liquidated between, by coin held.

        Nothing can happen while every coin stays strictly between its two prices; for a pool of
        one position they are its liquidation price. `tell` is asked for the marks of every coin
        held, where they are needed.
        """
        version = self._state.account.version
        if self._known[0] != version:
            found: dict[Symbol, Reach] = {}
            marks = tell()
            for pool in pools(self._state.account):
                # Every coin may lose its share of what is spare.
                budget = EXACT.divide(
                    pool.spare(marks, self._instruments), Decimal(len(pool.positions))
                )
                for symbol, position in pool.positions.items():
                    found[symbol] = self._reach(symbol, position, marks[symbol], budget)
            self._known = (version, found)
        return self._known[1]

    def due(self, marks: Marks) -> set[Symbol]:
        """Return the coins of pools whose margin does not suffice at `marks`, as far as known."""
        return {
            symbol
            for pool in pools(self._state.account)
            if all(coin in marks for coin in pool.positions)
            and pool.spare(marks, self._instruments) < 0
            for symbol in pool.positions
        }

    def forget(self) -> None:
        """Let the next `reaches` start from the marks of that moment, which are nearer."""
        self._known = (-1, {})

    def at_open(self, bars: Mapping[Symbol, Bar]) -> None:
        """Judge all pools at the opening prices of bars that close now: a gap comes first."""
        for key in self._keys():
            start = self._marks(bars, key, "open")
            if start is not None:
                self._walk(key, start, start)
        self._judged = self._state.account.version

    def before(self, bars: Mapping[Symbol, Bar], symbol: Symbol, price: Decimal) -> None:
        """Judge the pool of a coin on the way to `price`, where something else is to happen."""
        position = self._state.account.positions.get(symbol)
        if position is None:
            return
        key = None if position.raw_usd is None else symbol
        start = self._marks(bars, key, "open")
        if start is None or price == start[symbol]:
            return
        end = self._marks(bars, key, "low" if price < start[symbol] else "high")
        if end is None or end[symbol] == start[symbol]:
            return
        length = end[symbol] - start[symbol]
        part = min(Decimal(1), EXACT.divide(price - start[symbol], length))
        there = {coin: mark + (end[coin] - mark) * part for coin, mark in start.items()}
        self._walk(key, start, there)

    def at_extreme(self, bars: Mapping[Symbol, Bar]) -> None:
        """Judge all pools on the way to lows, highs and closes of bars that close now."""
        is_still = all(bar.low == bar.high for bar in bars.values())
        if is_still and self._judged == self._state.account.version:
            # As always on a live market: the one price there is was judged already.
            return
        for key in self._keys():
            for price in _PATHS:
                start, end = self._marks(bars, key, "open"), self._marks(bars, key, price)
                if start is not None and end is not None:
                    self._walk(key, start, end)

    def at_marks(self) -> None:
        """Judge all pools at the marks of this moment."""
        self.at_open({})

    def _keys(self) -> list[Symbol | None]:
        """Return one name for each pool: the coin of an isolated one, None for the cross one."""
        found = pools(self._state.account)
        return [None if pool.is_cross else next(iter(pool.positions)) for pool in found]

    def _walk(self, key: Symbol | None, start: Marks, end: Marks) -> None:
        """Go from `start` to `end` and liquidate wherever the margin is used up."""
        at = start
        while True:
            pool = pool_of(self._state.account, symbol=key)
            if pool is None:
                return
            if pool.spare(at, self._instruments) >= 0:
                if at is end or pool.spare(end, self._instruments) >= 0:
                    return
                at = pool.crossing(at, end, self._instruments)
            if not self._liquidate(pool, at):
                return

    def _liquidate(self, pool: Pool, marks: Marks) -> bool:
        """Take one step of the procedure; tell whether it changed anything."""
        self._cancel_orders(pool)
        equity, needed = pool.equity(marks), pool.maintenance(marks, self._instruments)
        if equity * 3 < needed * 2:
            self._take_over(pool, marks, equity)
            return True
        # The position that binds most margin first: its end may save the others.
        symbol = max(
            pool.positions,
            key=lambda s: (
                maintenance(
                    self._instruments[s], abs(pool.positions[s].quantity) * marks[s]
                ).margin,
                s,
            ),
        )
        return self._sell(pool, symbol, marks[symbol])

    def _sell(self, pool: Pool, symbol: Symbol, mark: Decimal) -> bool:
        """Close a position, or the first part of a big one, at what the market pays."""
        position, instrument = pool.positions[symbol], self._instruments[symbol]
        size = abs(position.quantity)
        last = self._state.partial_ms
        is_cooling = last is not None and self._state.time_ms - last < COOL_DOWN_MS
        part = instrument.round_size(size * PARTIAL)
        is_partial = size * mark > PARTIAL_FROM and not is_cooling and part > 0
        if is_partial:
            size = part
        side = Side.SELL if position.quantity > 0 else Side.BUY
        found = self._execution.liquidity.take(symbol, side, size, mark, None, None)
        for number, lot in enumerate(found, 1):
            fee = self._execution.fee(symbol, lot.price, lot.size, None, is_taker=True)
            rest = pool_of(self._state.account, symbol=None if pool.is_cross else symbol)
            debt = ZERO
            if (
                rest is not None
                and len(rest.positions) == 1
                and lot.size == abs(rest.positions[symbol].quantity)
            ):
                # Nothing is left behind it: what is missing now is missing for good.
                left = rest.raw_usd - side.sign * lot.size * lot.price - fee
                debt = max(ZERO, -left)
            self._emit(
                symbol, side, lot.price, lot.size, fee - debt, mark,
                method="market", is_partial=is_partial and number == len(found), debt=debt,
            )  # fmt: skip
        return bool(found)

    def _take_over(self, pool: Pool, marks: Marks, equity: Decimal) -> None:
        """Hand positions and all the margin behind them to the venue; what is left is nothing."""
        symbols = sorted(pool.positions)
        worth = sum((abs(pool.positions[s].quantity) * marks[s] for s in symbols), ZERO)
        rest, debt = equity, max(ZERO, -equity)
        for symbol in symbols:
            position = pool.positions[symbol]
            notional = abs(position.quantity) * marks[symbol]
            share = truncate_usd(EXACT.divide(equity * notional, worth))
            if symbol == symbols[-1]:
                share = rest
            rest -= share
            side = Side.SELL if position.quantity > 0 else Side.BUY
            self._emit(
                symbol, side, marks[symbol], abs(position.quantity), share, marks[symbol],
                method="backstop", is_partial=False, debt=debt if symbol == symbols[-1] else ZERO,
            )  # fmt: skip

    def _emit(
        self, symbol: Symbol, side: Side, price: Decimal, size: Decimal, fee: Decimal,
        mark: Decimal, *, method: str, is_partial: bool, debt: Decimal,
    ) -> None:  # fmt: skip
        self._execution.emit(
            Liquidated(
                at_ms=self._state.time_ms,
                trade_id=self._state.next_trade_id,
                venue_order_id=self._state.next_venue_order_id,
                symbol=symbol,
                side=side,
                price=price,
                size=size,
                fee=fee,
                mark=mark,
                method=method,
                is_partial=is_partial,
                debt=debt,
            )
        )
        told = self._log.error if debt else self._log.warning
        told(
            "position liquidated",
            symbol=symbol, size=plain(size), price=plain(price), method=method, debt=plain(debt),
        )  # fmt: skip

    def _cancel_orders(self, pool: Pool) -> None:
        for order in self._state.book.open():
            symbol = order.taken.symbol
            position = self._state.account.positions.get(symbol)
            is_cross = position is None or position.raw_usd is None
            if symbol in pool.positions or (pool.is_cross and is_cross):
                self._execution.end(order, OrderStatus.CANCELED, refusals.LIQUIDATED)

    def _marks(
        self, bars: Mapping[Symbol, Bar], key: Symbol | None, price: Price
    ) -> dict[Symbol, Decimal] | None:
        """Return a price of each bar of a pool's coins, the mark where no bar closes now.

        None if the pool is gone or a mark is unknown.
        """
        pool = pool_of(self._state.account, symbol=key)
        if pool is None:
            return None
        marks = self._execution.marks(pool.positions)
        for symbol in pool.positions:
            if symbol in bars:
                marks[symbol] = getattr(self._seen(bars[symbol], symbol), price)
        return marks if len(marks) == len(pool.positions) else None

    def _seen(self, bar: Bar, symbol: Symbol) -> Bar:
        """Return a bar as a position sees it: one opened inside it only meets its close."""
        return bar.from_close() if self._state.exposed_ms.get(symbol, 0) > bar.open_ms else bar

    def _reach(self, symbol: Symbol, position: Position, mark: Decimal, budget: Decimal) -> Reach:
        rates = maintenance_rates(self._instruments[symbol])
        if position.quantity > 0:
            # A falling price frees maintenance margin, at the lowest rate at least.
            rate = 1 - rates[0]
            below = float(mark - EXACT.divide(budget, position.quantity * rate))
            return Reach(below=below + abs(below) * _CAUTION, above=math.inf)
        rate = 1 + rates[-1]
        above = float(mark - EXACT.divide(budget, position.quantity * rate))
        return Reach(below=-math.inf, above=above - abs(above) * _CAUTION)
