"""What the paper exchange costs: `python tests/benchmarks/sim.py [BARS]`.

Prints fills and bars per second with 1, 10 and 100 open positions that each carry a stop and a
target; bars stepped through as the engine does, minute by minute, and in one jump. Numbers of one
run may be compared with each other; those of different machines may not.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import anyio

from nof0_core.clock import SimulatedClock, stopwatch
from nof0_core.domain.order import OrderRequest, OrderStatus, Side, Trigger, TriggerKind
from nof0_core.ids import ClientOrderId, Symbol
from nof0_core.protocols import ExchangeProvider, MarketProvider
from nof0_core.testing.environment import env as make_env
from nof0_provider_sim import plugin
from nof0_provider_sim.config import InstrumentRules, SimExchangeConfig, SimMarketConfig

START = datetime(2025, 1, 1, 0, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POSITIONS = (1, 10, 100)
FILLS = 2000


@asynccontextmanager
async def venue(
    coins: int, bars: int
) -> AsyncIterator[tuple[SimulatedClock, MarketProvider, ExchangeProvider]]:
    """Open a paper exchange on synthetic minutes of `coins` coins at about 100 USD."""
    names = [f"C{number}" for number in range(coins)]
    config = SimMarketConfig(
        source="synthetic",
        symbols=tuple(names),
        start=START - MINUTE,
        end=START + bars * MINUTE,
        seed=1,
        interval="1m",
        volatility=0.05,
        instruments={n: InstrumentRules(size_decimals=2, max_leverage=20) for n in names},
    )
    (markets,), (exchanges,) = plugin.nof0_market_providers(), plugin.nof0_exchange_providers()
    clock = SimulatedClock(START)
    with tempfile.TemporaryDirectory() as folder:
        async with make_env(clock=clock) as env, markets.open(config, env) as market:
            wide = make_env(clock=clock, data_dir=Path(folder), markets={"m": market})
            settings = SimExchangeConfig(initial_balance_usd=Decimal(10_000_000))
            async with wide as made, exchanges.open(settings, made) as exchange:
                yield clock, market, exchange


async def fills_per_second(positions: int) -> float:
    """Trade back and forth in one coin, beside positions with their exits."""
    async with venue(positions, 10) as (_, _, exchange):
        for number in range(positions):
            await exchange.place(_bracket(number), expires_at=None)
        begin = stopwatch()
        for number in range(FILLS):
            side = (Side.BUY, Side.SELL)[number % 2]
            order = _order(3 * positions + number, "C0", side, 100 + 20 * side.sign)
            (outcome,) = await exchange.place([order], expires_at=None)
            if outcome.status is not OrderStatus.FILLED:
                message = f"not filled: {outcome}"
                raise RuntimeError(message)
        return FILLS / (stopwatch() - begin)


async def bars_per_second(positions: int, bars: int, *, step: int) -> float:
    """Hold positions whose stops and targets are far away, looking every `step` bars."""
    async with venue(positions, bars) as (clock, _, exchange):
        for number in range(positions):
            await exchange.place(_bracket(number), expires_at=None)
        if len((await exchange.report()).orders) != 2 * positions:
            message = "a stop or target was not taken"
            raise RuntimeError(message)
        # The first look at a coin loads its series.
        await exchange.report()
        begin, steps = stopwatch(), (bars - 2) // step
        for _ in range(steps):
            await clock.sleep_until(clock.now() + step * MINUTE)
            await exchange.report()
        took = stopwatch() - begin
        if len((await exchange.report()).orders) != 2 * positions:
            message = "an exit fired; the numbers would say nothing"
            raise RuntimeError(message)
        return steps * step * positions / took


def _order(number: int, symbol: str, side: Side, limit: int, **changes: object) -> OrderRequest:
    return OrderRequest(
        client_id=ClientOrderId(f"0x{number:032x}"),
        symbol=Symbol(symbol),
        side=side,
        size=Decimal(1),
        limit_price=Decimal(limit),
        **changes,  # type: ignore[arg-type]  # names and types are checked where they are written
    )


def _bracket(number: int) -> list[OrderRequest]:
    symbol, exits = f"C{number}", {"is_reduce_only": True}
    stop, target = (
        Trigger(kind=kind, price=Decimal(price))
        for kind, price in ((TriggerKind.STOP, 60), (TriggerKind.TARGET, 150))
    )
    return [
        _order(3 * number, symbol, Side.BUY, 120),
        _order(3 * number + 1, symbol, Side.SELL, 50, trigger=stop, **exits),
        _order(3 * number + 2, symbol, Side.SELL, 130, trigger=target, **exits),
    ]


async def main(bars: int) -> None:
    """Measure and print."""
    for positions in POSITIONS:
        fills = await fills_per_second(positions)
        print(f"fills, {positions:3} positions with exits         {fills:12,.0f} /s")
    for positions in POSITIONS:
        stepped = await bars_per_second(positions, min(bars, 60_000 // positions), step=1)
        jumped = await bars_per_second(positions, bars, step=bars - 2)
        print(
            f"bars, {positions:3} positions with exits"
            f"  stepped {stepped:12,.0f} /s  in one jump {jumped:12,.0f} /s"
        )


if __name__ == "__main__":
    anyio.run(main, int(sys.argv[1]) if len(sys.argv) > 1 else 10_080)
