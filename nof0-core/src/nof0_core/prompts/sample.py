"""Invented contexts to check and try templates with."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs
import numpy as np

from nof0_core.domain.account import AccountState
from nof0_core.domain.brakes import ActiveBrake, Brake, BrakeState
from nof0_core.domain.candles import Candles, Interval, interval_ms, to_ms
from nof0_core.domain.context import BudgetLeft, DecisionContext, Performance
from nof0_core.domain.feedback import Feedback
from nof0_core.domain.growth import Growth
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.limits import RiskLimits
from nof0_core.domain.order_book import BookLevel, OrderBook
from nof0_core.domain.position import ExitPlan, Holding, ProtectionMode
from nof0_core.domain.snapshot import MarketSnapshot, Quote, Series
from nof0_core.ids import Symbol, TraderId, cycle_id
from nof0_core.indicators.recipe import Wanted
from nof0_core.prompts.sample_past import sample_past

NOW = datetime(2025, 7, 14, 12, 3, tzinfo=UTC)
INTERVALS = (Interval("3m"), Interval("4h"))
NAMES = ("ema20", "ema50", "macd", "macd_signal", "macd_hist", "rsi7", "rsi14", "atr3", "atr14")
"""Results of the indicators that are configured where nothing else is said."""

_TRADER = TraderId("sample")
_BARS = 10
_COINS = {
    "BTC": ("121850", 5, 1, 40),
    "ETH": ("3042.5", 4, 2, 25),
    "SOL": ("162.35", 2, 4, 20),
    "BNB": ("689.12", 3, 3, 10),
    "DOGE": ("0.19876", 0, 6, 10),
    "XRP": ("2.8931", 0, 6, 20),
}


def sample_context(
    *, indicators: Sequence[Wanted] | None = None, intervals: Sequence[Interval] | None = None
) -> DecisionContext:
    """Return a context of six coins, two positions and some history.

    Args:
        indicators: whose results the series have; None: those of the default configuration. Their
            values are invented, not computed.
        intervals: of the series; None: 3m and 4h.
    """
    names = _names(indicators)
    instruments = {Symbol(coin): _instrument(coin) for coin in _COINS}
    return DecisionContext(
        trader=_TRADER,
        cycle=cycle_id(_TRADER, NOW),
        time=NOW,
        started_at=NOW - timedelta(hours=31, minutes=12),
        symbols=tuple(instruments),
        account=_account(),
        performance=Performance(
            sharpe_ratio=0.84,
            win_rate=57.1,
            max_drawdown_pct=3.2,
            total_pnl=Decimal("182.4"),
            trades=7,
            cycles=624,
        ),
        snapshots={
            symbol: _snapshot(symbol, names, intervals or INTERVALS) for symbol in instruments
        },
        instruments=instruments,
        limits=RiskLimits(
            max_position_size_usd=Decimal(500),
            max_margin_usage_pct=Decimal(60),
            max_positions=3,
            max_entries_per_day=20,
            cooldown_after_close=timedelta(minutes=30),
            daily_loss_limit_pct=Decimal(5),
            max_drawdown_pct=Decimal(20),
        ),
        brakes=BrakeState(
            day_loss_pct=Decimal("0.41"),
            drawdown_pct=Decimal("1.27"),
            entries_today=4,
            closed_at={Symbol("SOL"): NOW - timedelta(minutes=12)},
        ),
        budget=BudgetLeft(usd=Decimal("1.4375"), tokens=250_000),
        decision_interval=timedelta(minutes=3),
        past=sample_past(NOW),
    )


def sample_contexts(
    *, indicators: Sequence[Wanted] | None = None, intervals: Sequence[Interval] | None = None
) -> tuple[DecisionContext, ...]:
    """Return `sample_context` and its opposite: a first cycle in which much is not known.

    In the second there is no position and no past, one coin has no data, the venue tells neither
    funding nor open interest nor volume nor order book, indicators have no value yet, limits are
    the other way round, and a brake is on.
    """
    full = sample_context(indicators=indicators, intervals=intervals)
    snapshots = {symbol: _without_extras(each) for symbol, each in full.snapshots.items()}
    del snapshots[Symbol("XRP")]
    zero = Decimal(0)
    bare = attrs.evolve(
        full,
        started_at=full.time,
        snapshots=snapshots,
        account=attrs.evolve(
            full.account,
            cash=full.account.deposited,
            equity=full.account.deposited,
            realized_pnl=zero,
            unrealized_pnl=zero,
            fees=zero,
            funding=zero,
            margin_used=zero,
            holdings=(),
        ),
        performance=Performance(),
        budget=None,
        past=Feedback(),
        brakes=BrakeState(
            active=(
                ActiveBrake(brake=Brake.PAUSED, since=full.time, until=None, message="by a person"),
            )
        ),
        decision_interval=None,
        limits=RiskLimits(
            min_risk_reward=zero,
            stop_loss_enabled=False,
            take_profit_enabled=False,
            max_new_positions_per_cycle=1,
            liquidity_threshold_usd=Decimal(15_000_000),
            min_position_equity_multiple=Decimal("0.1"),
            max_position_equity_multiple=Decimal(5),
        ),
    )
    return full, bare


def _names(indicators: Sequence[Wanted] | None) -> tuple[str, ...]:
    if indicators is None:
        return NAMES
    from nof0_core.indicators.catalog import output_names

    return tuple(name for each in indicators for name in output_names(each))


def _instrument(coin: str) -> Instrument:
    _, size_decimals, price_decimals, leverage = _COINS[coin]
    return Instrument(
        symbol=Symbol(coin),
        size_decimals=size_decimals,
        price_decimals=price_decimals,
        max_leverage=leverage,
    )


def _snapshot(
    symbol: Symbol, names: Sequence[str], intervals: Sequence[Interval]
) -> MarketSnapshot:
    mark = Decimal(_COINS[symbol][0])
    quote = Quote(
        symbol=symbol,
        time=NOW - timedelta(seconds=2),
        mark=mark,
        mid=mark,
        oracle=mark,
        funding_rate=Decimal("0.0000125"),
        open_interest=(Decimal(2_000_000_000) / mark).quantize(Decimal("0.01")),
        day_volume_usd=Decimal("1234567890.12"),
    )
    return MarketSnapshot(
        symbol=symbol,
        time=NOW,
        quote=quote,
        series={each: _series(symbol, each, float(mark), names) for each in intervals},
        book=_book(symbol, mark),
    )


def _book(symbol: Symbol, mark: Decimal) -> OrderBook:
    instrument = _instrument(symbol)
    tick = instrument.tick(mark)

    def side(step: int) -> tuple[BookLevel, ...]:
        return tuple(
            BookLevel(
                price=mark + step * place * tick,
                size=max(instrument.lot, instrument.round_size(Decimal(4000 * place) / mark)),
            )
            for place in range(1, 11)
        )

    time = NOW - timedelta(seconds=2)
    return OrderBook(symbol=symbol, time=time, bids=side(-1), asks=side(1))


def _series(symbol: Symbol, interval: Interval, price: float, names: Sequence[str]) -> Series:
    rng = random.Random(f"{symbol} {interval}")
    length = interval_ms(interval)
    last = to_ms(NOW) // length * length - length
    close = price * (1 + np.array([rng.gauss(0, 0.002) for _ in range(_BARS)]))
    candles = Candles(
        interval=interval,
        open_time=last - length * np.arange(_BARS - 1, -1, -1),
        open=close,
        high=close * 1.001,
        low=close * 0.999,
        close=close,
        volume=1e6 / price * np.array([rng.random() for _ in range(_BARS)]),
    )
    indicators = {name: _values(name, price, rng) for name in names}
    return Series(interval=interval, candles=candles, indicators=indicators)


def _values(
    name: str, price: float, rng: random.Random
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    noise = np.array([rng.gauss(0, 1) for _ in range(_BARS)])
    if name.startswith("rsi"):
        return 50 + 10 * noise
    if name.startswith(("macd", "atr")):
        return price * 0.001 * noise
    return price * (1 + 0.001 * noise)


def _without_extras(snapshot: MarketSnapshot) -> MarketSnapshot:
    unknown = np.full(_BARS, np.nan)
    return attrs.evolve(
        snapshot,
        quote=attrs.evolve(
            snapshot.quote, funding_rate=None, open_interest=None, day_volume_usd=None
        ),
        book=None,
        series={
            interval: attrs.evolve(series, indicators=dict.fromkeys(series.indicators, unknown))
            for interval, series in snapshot.series.items()
        },
    )


def _account() -> AccountState:
    holdings = (_long(), _short())
    unrealized = sum((each.unrealized_pnl for each in holdings), Decimal(0))
    cash = Decimal("4182.4")
    return AccountState(
        trader=_TRADER,
        time=NOW,
        deposited=Decimal(4000),
        cash=cash,
        equity=cash + unrealized,
        realized_pnl=Decimal("190.58"),
        unrealized_pnl=unrealized,
        fees=Decimal("7.94"),
        funding=Decimal("-0.24"),
        margin_used=sum((each.margin for each in holdings), Decimal(0)),
        growth=Growth(base=Decimal(4000)),
        holdings=holdings,
    )


def _long() -> Holding:
    return Holding(
        symbol=Symbol("BTC"),
        quantity=Decimal("0.004"),
        entry_price=Decimal(121200),
        mark=Decimal(121850),
        leverage=10,
        margin=Decimal("48.74"),
        unrealized_pnl=Decimal("2.6"),
        liquidation_price=None,
        opened_at=NOW - timedelta(hours=2, minutes=9),
        exit_plan=ExitPlan(
            stop_loss=Decimal(120000),
            take_profit=Decimal(125400),
            invalidation_condition="4h close below 119500",
        ),
        confidence=78.0,
        risk_usd=Decimal("5.3"),
        fees=Decimal("0.218160"),
        funding=Decimal("-0.01"),
        realized_pnl=Decimal(0),
        entry_order_id="101",
        protection=ProtectionMode.VENUE,
    )


def _short() -> Holding:
    return Holding(
        symbol=Symbol("DOGE"),
        quantity=Decimal(-2000),
        entry_price=Decimal("0.1999"),
        mark=Decimal("0.19876"),
        leverage=5,
        margin=Decimal("79.504"),
        unrealized_pnl=Decimal("2.28"),
        liquidation_price=Decimal("2.1934"),
        opened_at=NOW - timedelta(minutes=24),
        exit_plan=ExitPlan(stop_loss=Decimal("0.2061"), take_profit=Decimal("0.1812")),
        confidence=81.5,
        risk_usd=Decimal("12.8"),
        fees=Decimal("0.17991"),
        funding=Decimal("0.005"),
        realized_pnl=Decimal(0),
        entry_order_id="102",
        protection=ProtectionMode.ENGINE,
    )
