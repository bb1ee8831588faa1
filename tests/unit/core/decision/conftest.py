"""A trader with one coin, and a backend that says what it is told to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nof0_core.clock import SimulatedClock
from nof0_core.config.model import TraderConfig
from nof0_core.decision import DecisionMaker
from nof0_core.domain.account import AccountState
from nof0_core.domain.context import DecisionContext, Performance
from nof0_core.domain.growth import Growth
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.limits import RiskLimits
from nof0_core.domain.model import Completion, Message, ModelSpec, Prompt
from nof0_core.domain.snapshot import MarketSnapshot, Quote
from nof0_core.risk.gate import RiskGate

NOW = datetime(2025, 7, 23, 12, tzinfo=UTC)
MARKS = {"BTC": Decimal(100_000), "ETH": Decimal(4000)}
PROMPT = Prompt(messages=(Message(role="user", content="decide"),), digest="d1", versions={})


class Prompts:
    """Renders the same prompt and counts how often."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def render(self, context: DecisionContext, *, trader_name: str) -> Prompt:
        self.names.append(trader_name)
        return PROMPT


class Backend:
    """Answers with a text, with decisions, with an error, or by a function of the request."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.requests: list[Any] = []

    async def complete(self, request):
        self.requests.append(request)
        if callable(self.answer):
            return await self.answer(request)
        if isinstance(self.answer, BaseException):
            raise self.answer
        if isinstance(self.answer, str):
            return Completion(model="m", text=self.answer)
        return Completion(model="m", decisions=self.answer)


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def context():
    def make(
        *,
        ages: dict[str, timedelta | None] | None = None,
        equity: Decimal = Decimal(10_000),
        holdings: tuple[Any, ...] = (),
    ) -> DecisionContext:
        ages = {"BTC": timedelta(0), "ETH": timedelta(0)} | (ages or {})
        account = AccountState(
            trader="alpha",
            time=NOW,
            deposited=equity,
            cash=equity,
            equity=equity,
            realized_pnl=Decimal(0),
            unrealized_pnl=Decimal(0),
            fees=Decimal(0),
            funding=Decimal(0),
            margin_used=Decimal(0),
            growth=Growth(),
            holdings=holdings,
        )
        snapshots = {
            symbol: MarketSnapshot(
                symbol=symbol,
                time=NOW,
                quote=Quote(
                    symbol=symbol,
                    time=NOW - age,
                    mark=MARKS[symbol],
                    mid=MARKS[symbol],
                    oracle=MARKS[symbol],
                ),
                series={},
            )
            for symbol, age in ages.items()
            if age is not None
        }
        return DecisionContext(
            trader="alpha",
            cycle="cycle-1",
            time=NOW,
            started_at=NOW,
            symbols=("BTC", "ETH"),
            account=account,
            performance=Performance(),
            snapshots=snapshots,
            instruments={
                symbol: Instrument(
                    symbol=symbol, size_decimals=5, price_decimals=1, max_leverage=40
                )
                for symbol in MARKS
            },
            limits=RiskLimits(),
        )

    return make


@pytest.fixture
def prompts():
    return Prompts()


@pytest.fixture
def maker(prompts):
    """Make a decision maker and the backend inside it."""

    def make(
        answer: Any,
        *,
        clock: Any = None,
        timeout: timedelta = timedelta(seconds=60),
        verbose: Any = None,
        grace: float = 0.0,
    ):
        trader = TraderConfig(
            id="alpha",
            name="Alpha",
            exchange="paper",
            market="recorded",
            order_style="market_ioc",
            slippage_bps=Decimal(50),
            system_template=Path("system.tmpl"),
            user_template=Path("user.tmpl"),
            model=ModelSpec(name="m", backend="b"),
            decision_interval=timedelta(minutes=3),
            decision_timeout=timeout,
            allocation_pct=Decimal(40),
            auto_start=True,
            symbols=("BTC", "ETH"),
            journal_dir=None,
            limits=RiskLimits(),
        )
        backend = Backend(answer)
        made = DecisionMaker(
            trader=trader,
            backend=backend,
            gate=RiskGate(),
            prompts=prompts,
            clock=clock or SimulatedClock(NOW),
            verbose=verbose,
            grace=grace,
        )
        return made, backend

    return make
