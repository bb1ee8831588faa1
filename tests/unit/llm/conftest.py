"""A trader looking at two coins whose indicators are given by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from nof0_core.domain.account import AccountState
from nof0_core.domain.candles import Candles
from nof0_core.domain.context import DecisionContext, Performance
from nof0_core.domain.growth import Growth
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.limits import RiskLimits
from nof0_core.domain.position import ExitPlan, Holding
from nof0_core.domain.snapshot import MarketSnapshot, Quote, Series
from nof0_core.ids import cycle_id

NOW = datetime(2025, 7, 23, 12, tzinfo=UTC)
FLAT = {
    "ema20": [100.0] * 4,
    "ema50": [99.0] * 4,
    "rsi14": [55.0] * 4,
    "atr14": [1.0] * 4,
}


def _snapshot(symbol: str, mark: Decimal, indicators: dict[str, list[float]]) -> MarketSnapshot:
    bars = len(next(iter(indicators.values())))
    flat = np.full(bars, float(mark))
    candles = Candles(
        interval="3m",
        open_time=np.arange(bars) * 180_000,
        open=flat,
        high=flat,
        low=flat,
        close=flat,
        volume=flat,
    )
    arrays = {name: np.array(values) for name, values in indicators.items()}
    return MarketSnapshot(
        symbol=symbol,
        time=NOW,
        quote=Quote(symbol=symbol, time=NOW, mark=mark, mid=mark, oracle=mark),
        series={"3m": Series(interval="3m", candles=candles, indicators=arrays)},
    )


@pytest.fixture
def holding():
    def make(symbol: str = "BTC", size: str = "1") -> Holding:
        return Holding(
            symbol=symbol,
            quantity=Decimal(size),
            entry_price=Decimal(100),
            mark=Decimal(100),
            leverage=3,
            margin=Decimal(33),
            unrealized_pnl=Decimal(0),
            liquidation_price=None,
            opened_at=NOW,
            exit_plan=ExitPlan(),
            confidence=80.0,
            risk_usd=Decimal(5),
            fees=Decimal(0),
            funding=Decimal(0),
            realized_pnl=Decimal(0),
            entry_order_id="1",
        )

    return make


@pytest.fixture
def context():
    """Make a context: `BTC` and `ETH` change indicators of a quiet market at 100 USD."""

    def make(
        *,
        indicators: dict[str, dict[str, list[float]]] | None = None,
        marks: dict[str, str] | None = None,
        holdings: tuple[Holding, ...] = (),
        trades: int = 0,
        trader: str = "alpha",
        time: datetime = NOW,
        missing: tuple[str, ...] = (),
        equity: str = "1000",
        **limits: Any,
    ) -> DecisionContext:
        changed, prices = indicators or {}, marks or {}
        snapshots = {
            symbol: _snapshot(
                symbol, Decimal(prices.get(symbol, "100")), FLAT | changed.get(symbol, {})
            )
            for symbol in ("BTC", "ETH")
            if symbol not in missing
        }
        account = AccountState(
            trader=trader,
            time=time,
            deposited=Decimal(equity),
            cash=Decimal(equity),
            equity=Decimal(equity),
            realized_pnl=Decimal(0),
            unrealized_pnl=Decimal(0),
            fees=Decimal(0),
            funding=Decimal(0),
            margin_used=Decimal(0),
            growth=Growth(),
            holdings=holdings,
        )
        return DecisionContext(
            trader=trader,
            cycle=cycle_id(trader, time),
            time=time,
            started_at=NOW - timedelta(days=1),
            symbols=("BTC", "ETH"),
            account=account,
            performance=Performance(trades=trades),
            snapshots=snapshots,
            instruments={
                symbol: Instrument(
                    symbol=symbol, size_decimals=3, price_decimals=3, max_leverage=20
                )
                for symbol in ("BTC", "ETH")
            },
            limits=RiskLimits(**{"min_risk_reward": Decimal(1)} | limits),
        )

    return make
