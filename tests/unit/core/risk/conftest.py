"""Builders for a trader, its market and its decisions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from nof0_core.domain.account import AccountState
from nof0_core.domain.context import DecisionContext, Performance
from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.growth import Growth
from nof0_core.domain.instrument import Instrument, MarginTier
from nof0_core.domain.limits import RiskLimits
from nof0_core.domain.position import ExitPlan, Holding
from nof0_core.domain.snapshot import MarketSnapshot, Quote

NOW = datetime(2025, 7, 23, 12, tzinfo=UTC)
MARKS = {"BTC": Decimal(100_000), "ETH": Decimal(4000), "DOGE": Decimal("0.25")}
INSTRUMENTS = {
    "BTC": Instrument(symbol="BTC", size_decimals=5, price_decimals=1, max_leverage=40),
    "ETH": Instrument(symbol="ETH", size_decimals=4, price_decimals=2, max_leverage=25),
    "DOGE": Instrument(
        symbol="DOGE",
        size_decimals=0,
        price_decimals=6,
        max_leverage=10,
        tiers=(
            MarginTier(lower_bound=Decimal(0), max_leverage=10),
            MarginTier(lower_bound=Decimal(20_000_000), max_leverage=5),
        ),
    ),
}


def _quote(symbol: str, **changes: Any) -> Quote:
    values = {
        "symbol": symbol,
        "time": NOW,
        "mark": MARKS[symbol],
        "mid": MARKS[symbol],
        "oracle": MARKS[symbol],
        "day_volume_usd": Decimal(1_000_000_000),
    }
    return Quote(**values | changes)


@pytest.fixture
def quote():
    return _quote


@pytest.fixture
def holding():
    def make(symbol: str = "BTC", quantity: str = "0.01", **changes: Any) -> Holding:
        mark = MARKS[symbol]
        values: dict[str, Any] = {
            "symbol": symbol,
            "quantity": Decimal(quantity),
            "entry_price": mark,
            "mark": mark,
            "leverage": 10,
            "margin": abs(Decimal(quantity)) * mark / 10,
            "unrealized_pnl": Decimal(0),
            "liquidation_price": None,
            "opened_at": NOW - timedelta(hours=1),
            "exit_plan": ExitPlan(),
            "confidence": 80.0,
            "risk_usd": Decimal(10),
            "fees": Decimal(0),
            "funding": Decimal(0),
            "realized_pnl": Decimal(0),
            "entry_order_id": 1,
        }
        return Holding(**values | changes)

    return make


@pytest.fixture
def context():
    def make(
        *,
        equity: Decimal = Decimal(10_000),
        holdings: tuple[Holding, ...] = (),
        quotes: dict[str, Quote | None] | None = None,
        instruments: dict[str, Instrument] | None = None,
        symbols: tuple[str, ...] = ("BTC", "ETH", "DOGE"),
        **limits: Any,
    ) -> DecisionContext:
        seen = {symbol: _quote(symbol) for symbol in MARKS} | (quotes or {})
        account = AccountState(
            trader="alpha",
            time=NOW,
            deposited=Decimal(10_000),
            cash=equity,
            equity=equity,
            realized_pnl=Decimal(0),
            unrealized_pnl=Decimal(0),
            fees=Decimal(0),
            funding=Decimal(0),
            margin_used=sum((h.margin for h in holdings), Decimal(0)),
            growth=Growth(),
            holdings=holdings,
        )
        return DecisionContext(
            trader="alpha",
            cycle="cycle-1",
            time=NOW,
            started_at=NOW - timedelta(days=1),
            symbols=symbols,
            account=account,
            performance=Performance(),
            snapshots={
                symbol: MarketSnapshot(symbol=symbol, time=NOW, quote=quote, series={})
                for symbol, quote in seen.items()
                if quote is not None
            },
            instruments=INSTRUMENTS if instruments is None else instruments,
            limits=RiskLimits(**{"min_risk_reward": Decimal(1)} | limits),
        )

    return make


@pytest.fixture
def long_btc():
    """Make a long of 1000 USD at 5x: stop 2 % below, target 6 % above a mark of 100 000."""

    def make(**changes: Any) -> Decision:
        values: dict[str, Any] = {
            "signal": Signal.BUY_TO_ENTER,
            "symbol": "BTC",
            "leverage": 5,
            "position_size_usd": Decimal(1000),
            "entry_price": Decimal(100_000),
            "stop_loss": Decimal(98_000),
            "take_profit": Decimal(106_000),
            "risk_usd": Decimal(20),
            "confidence": 80.0,
            "invalidation_condition": "3m close below 98500",
        }
        return Decision(**values | changes)

    return make


@pytest.fixture
def short_eth():
    """Make a short of 1000 USD at 5x: stop 2 % above, target 6 % below a mark of 4000."""

    def make(**changes: Any) -> Decision:
        values: dict[str, Any] = {
            "signal": Signal.SELL_TO_ENTER,
            "symbol": "ETH",
            "leverage": 5,
            "position_size_usd": Decimal(1000),
            "entry_price": Decimal(4000),
            "stop_loss": Decimal(4080),
            "take_profit": Decimal(3760),
            "confidence": 80.0,
        }
        return Decision(**values | changes)

    return make


@pytest.fixture
def close():
    def make(symbol: str = "BTC", **changes: Any) -> Decision:
        return Decision(signal=Signal.CLOSE, symbol=symbol, **changes)

    return make
