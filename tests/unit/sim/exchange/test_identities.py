"""What must hold to the last digit whatever is traded."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nof0_core.clock import SimulatedClock
from nof0_core.domain.order import (
    OrderRequest,
    OrderStatus,
    Side,
    TimeInForce,
    Trigger,
    TriggerKind,
)
from nof0_core.money import EXACT
from nof0_core.testing.environment import env as make_env
from nof0_provider_sim import plugin
from nof0_provider_sim.config import ImpactRules, SimExchangeConfig, SimMarketConfig
from nof0_provider_sim.exchange import store

pytestmark = pytest.mark.anyio

START = datetime(2025, 7, 16, 12, 30, tzinfo=UTC)
BOOK = Path(__file__).parents[3] / "data" / "depth" / "btc_book25_20200901.jsonl"
SYMBOLS = ("BTC", "DOGE", "ETH")
MARKET = SimMarketConfig(
    source="synthetic",
    symbols=SYMBOLS,
    start=START - timedelta(days=1),
    end=START + timedelta(days=9),  # longer than all waits of a script together
    interval="5m",
    seed=4,
    volatility=3.0,
)

steps = st.lists(
    st.fixed_dictionaries(
        {
            "symbol": st.sampled_from(SYMBOLS),
            "side": st.sampled_from(Side),
            "usd": st.integers(9, 30_000),
            "bps": st.sampled_from([100, -100, 20, 300, -20, -300, 2, 1]),
            "kind": st.sampled_from(
                ["ioc", "ioc", "ioc", "gtc", "stop", "target", "stop_limit", "alo", "pair", "pair"]
            ),
            "is_reduce_only": st.sampled_from([False, False, False, True]),
            "wait": st.sampled_from([0, 1, 7, 30, 120, 400]),
        }
    ),
    min_size=10,
    max_size=25,
)


@asynccontextmanager
async def _opened(clock, folder):
    # Everything that fills orders in part or by chance is on, BTC walks a recorded book.
    config = SimExchangeConfig(
        initial_balance_usd=Decimal(50_000),
        depth=BOOK,
        impact=ImpactRules(major_bps=Decimal(40), other_bps=Decimal(60)),
        max_volume_pct=Decimal("0.5"),
        queue_probability=0.5,
        latency_sigma=0.647,
    )
    async with (
        make_env(clock=clock) as env,
        plugin.open_market(MARKET, env) as market,
        make_env(clock=clock, data_dir=folder, markets={"m": market}) as made,
        plugin.open_exchange(config, made) as exchange,
    ):
        yield exchange, market


async def _request(step, number, exchange, market):
    """Make an order; an exit is put on the right side of the market for the position held."""
    symbol, side, bps = step["symbol"], step["side"], step["bps"]
    instrument = (await market.instruments())[symbol]
    mark = (await market.quotes([symbol]))[symbol].mark
    size = max(instrument.lot, instrument.round_size(Decimal(step["usd"]) / mark))
    kind, _, is_limit = step["kind"].partition("_")
    is_exit = kind in ("stop", "target")
    if is_exit:
        held = {p.symbol: p.quantity for p in (await exchange.report()).positions}.get(symbol, 1)
        side = Side.SELL if held > 0 else Side.BUY
        bps = abs(bps) * (side.sign if kind == "stop" else -side.sign)
    limit = instrument.round_price(mark * (10_000 + bps) / 10_000)
    more = {"tif": TimeInForce.IOC if is_exit else TimeInForce(kind)}
    if is_exit:
        more["trigger"] = Trigger(kind=TriggerKind(kind), price=limit, is_market=not is_limit)
        if is_limit:
            more["tif"] = TimeInForce.GTC
        else:
            limit = instrument.round_price(limit * (20 + side.sign) / 20)
    return OrderRequest(
        client_id=f"0x{number:032x}",
        symbol=symbol,
        side=side,
        size=size,
        limit_price=limit,
        is_reduce_only=is_exit or step["is_reduce_only"],
        **more,
    )


async def _requests(step, number, exchange, market):
    """Make the order of a step, or the stop and the target of one that asks for a pair."""
    kinds = ["stop", "target"] if step["kind"] == "pair" else [step["kind"]]
    return [
        await _request(step | {"kind": kind}, 2 * number + place, exchange, market)
        for place, kind in enumerate(kinds)
    ]


def _realized_and_open(fills):
    """Return Σ realised and Σ cost of what is open, with an average cost in exact fractions."""
    held = {}
    realized = Fraction(0)
    for fill in fills:
        size, cost = held.get(fill.symbol, (Fraction(0), Fraction(0)))
        trade, price = Fraction(fill.quantity), Fraction(fill.price)
        closing = Fraction(0)
        if size * trade < 0:
            closing = trade if abs(trade) <= abs(size) else -size
            average = cost / size
            realized += -closing * (price - average)
            size, cost = size + closing, cost + closing * average
        held[fill.symbol] = (size + trade - closing, cost + (trade - closing) * price)
    return realized, held


async def _check(exchange, market):
    account = (await exchange.report()).account
    positions = list((await exchange.report()).positions)
    fills = await exchange.fills(START)
    funding = await exchange.funding(START)
    quotes = await market.quotes(SYMBOLS)
    with localcontext(EXACT):
        fees = sum((fill.fee for fill in fills), Decimal(0))
        paid = sum((payment.amount for payment in funding), Decimal(0))
        traded = sum((fill.quantity * fill.price for fill in fills), Decimal(0))
        assert account.raw_usd == 50_000 - traded - fees + paid
        value = sum((p.quantity * quotes[p.symbol].mark for p in positions), Decimal(0))
        assert account.equity == account.raw_usd + value
    realized, held = _realized_and_open(fills)
    unrealized = sum(
        (size * Fraction(quotes[symbol].mark) - cost for symbol, (size, cost) in held.items()),
        Fraction(0),
    )
    whole = 50_000 + realized - Fraction(fees) + Fraction(paid) + unrealized
    assert Fraction(account.equity) == whole
    assert {p.symbol: Fraction(p.quantity) for p in positions} == {
        symbol: size for symbol, (size, _) in held.items() if size
    }
    # What the exchange reports as realised may round single releases, never the sum of both parts.
    own = exchange._state.account
    with localcontext(EXACT):
        reported = sum((p.unrealized_pnl for p in positions), Decimal(0))
        assert own.initial + own.realized - own.fees + own.funding + reported == account.equity
    assert (own.fees, own.funding) == (fees, paid)
    assert account.available >= 0


async def _run(script, folder, *, restart_at=None, poll=None):
    clock = SimulatedClock(START)
    number = 0
    while True:
        async with _opened(clock, folder) as (exchange, market):
            while number < len(script):
                requests = await _requests(script[number], number, exchange, market)
                await exchange.place(requests, expires_at=None)
                due = clock.now() + timedelta(minutes=script[number]["wait"])
                while poll is not None and clock.now() + poll < due:
                    await clock.sleep_until(clock.now() + poll)
                    await exchange.report()
                await clock.sleep_until(due)
                await _check(exchange, market)
                number += 1
                if number == restart_at:
                    restart_at = None
                    break
            else:
                return (
                    (await exchange.report()).account,
                    list((await exchange.report()).positions),
                    list((await exchange.report()).orders),
                    await exchange.fills(START),
                    await exchange.funding(START),
                )


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(script=steps, cut=st.integers(1, 25), often=st.integers(1, 9))
async def test_everything_adds_up_and_neither_restarts_nor_polling_matter(script, cut, often):
    folder = Path(tempfile.mkdtemp())
    try:
        whole = await _run(script, folder / "whole")
        torn = await _run(script, folder / "torn", restart_at=min(cut, len(script)))
        assert torn == whole
        assert (folder / "whole" / "paper_account.jsonl").read_bytes() == (
            folder / "torn" / "paper_account.jsonl"
        ).read_bytes()
        # The same again, with a snapshot after every few records.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(store, "TAIL", often)
            short = await _run(script, folder / "short", restart_at=min(cut, len(script)))
        assert short == whole
        polled = await _run(script, folder / "polled", poll=timedelta(minutes=4))
        assert polled == whole
        fills = whole[3]
        assert [fill.time for fill in fills] == sorted(fill.time for fill in fills)
        assert all(order.status is OrderStatus.RESTING for order in whole[2])
    finally:
        shutil.rmtree(folder)
