"""Records of traders made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from nof0_core.domain.account import AccountState
from nof0_core.domain.context import Performance
from nof0_core.domain.growth import NOTHING_YET, Growth
from nof0_core.domain.position import ExitPlan
from nof0_core.domain.quality import DEFAULT_GATES, AnswerCount
from nof0_core.domain.trade import ClosedTrade, TradeLeg
from nof0_core.domain.view import EquityPoint, TraderView, View
from nof0_core.domain.vocabulary import ExitReason
from nof0_core.ids import Symbol, TraderId

START = datetime(2025, 7, 1, tzinfo=UTC)


@pytest.fixture
def curve():
    """Make a curve from equities, or pairs of equity and what was deposited until then.

    What is deposited from the second point on comes right before its hour is marked.
    """

    def make(*points):
        growth, known, made = NOTHING_YET, Decimal(0), []
        for hour, point in enumerate(points):
            pair = point if isinstance(point, tuple) else (point, 10_000)
            equity, deposited = (Decimal(str(amount)) for amount in pair)
            if deposited != known:
                before = equity - (deposited - known) if made else Decimal(0)
                growth, known = growth.moved(before, deposited - known), deposited
            made.append(
                EquityPoint(
                    time=START + timedelta(hours=hour),
                    equity=equity,
                    deposited=deposited,
                    index=growth.at(equity),
                )
            )
        return made

    return make


@pytest.fixture
def account():
    def make(equity="10000", deposited="10000", trader="one", fees="0"):
        zero = Decimal(0)
        return AccountState(
            trader=TraderId(trader),
            time=START + timedelta(days=30),
            deposited=Decimal(deposited),
            cash=Decimal(equity),
            equity=Decimal(equity),
            realized_pnl=Decimal(equity) - Decimal(deposited) + Decimal(fees),
            unrealized_pnl=zero,
            fees=Decimal(fees),
            funding=zero,
            margin_used=zero,
            growth=Growth(base=Decimal(deposited)),
        )

    return make


@pytest.fixture
def trade():
    def make(net="10", quantity="1", entry="100", fee="0.5", plan=None, hours=1):
        def leg(price, time):
            return TradeLeg(
                price=Decimal(price),
                time=time,
                trade_id="1",
                venue_order_id="1",
                is_taker=True,
                fee=Decimal(fee),
            )

        gross = Decimal(net) + 2 * Decimal(fee)
        return ClosedTrade(
            trader=TraderId("one"),
            symbol=Symbol("BTC"),
            quantity=Decimal(quantity),
            leverage=5,
            confidence=80.0,
            exit_plan=plan or ExitPlan(),
            entry=leg(entry, START),
            exit=leg(
                str(Decimal(entry) + gross / Decimal(quantity)), START + timedelta(hours=hours)
            ),
            gross_pnl=gross,
            funding=Decimal(0),
            net_pnl=Decimal(net),
            reason=ExitReason.CLOSE,
        )

    return make


@pytest.fixture
def view():
    """Make a picture at a time, two days after everybody began unless another is given."""

    def make(*traders, age=timedelta(days=2), gates=DEFAULT_GATES):
        return View(seq=0, time=START + age, traders=traders, quotes={}, gates=gates)

    return make


@pytest.fixture
def trader(account):
    def make(
        name,
        *,
        curve=(),
        trades=(),
        equity="10000",
        deposited="10000",
        is_baseline=False,
        fees="0",
        answers=(100, 100),
    ):
        usable, asked = answers
        return TraderView(
            trader=TraderId(name),
            name=name.title(),
            model="some-model",
            is_baseline=is_baseline,
            venue_account="paper",
            started_at=START,
            initial_capital=Decimal(10_000),
            account=account(equity, deposited, trader=name, fees=fees),
            performance=Performance(),
            status="running",
            next_cycle=None,
            trades=tuple(trades),
            equity_curve=tuple(curve),
            answers=AnswerCount(asked=asked, usable=usable),
        )

    return make
