"""An invented past to check and try templates with."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from nof0_core.domain.decision import Signal
from nof0_core.domain.feedback import Feedback, LastAnswer, Outcome, PastTrade, Shortfall
from nof0_core.ids import Symbol


def sample_past(now: datetime) -> Feedback:
    """Return an answer of three minutes ago with trouble in it, and two trades."""
    return Feedback(answer=_answer(now), trades=(_stopped(now), _won(now)))


def _answer(now: datetime) -> LastAnswer:
    refused = Shortfall(
        symbol=Symbol("SOL"),
        signal=Signal.BUY_TO_ENTER,
        outcome=Outcome.REFUSED,
        reasons=("cooldown: SOL was closed 0:09:00 ago, the cooldown is 0:30:00",),
    )
    cut = Shortfall(
        symbol=Symbol("DOGE"),
        signal=Signal.SELL_TO_ENTER,
        outcome=Outcome.CUT,
        reasons=("size_capped: 900.00 USD wanted, at most 500.00 USD allowed",),
    )
    return LastAnswer(time=now - timedelta(minutes=3), setbacks=(refused, cut), left_out=1)


def _stopped(now: datetime) -> PastTrade:
    return PastTrade(
        symbol=Symbol("SOL"),
        is_long=True,
        size=Decimal("1.85"),
        entry_price=Decimal("164.1"),
        exit_price=Decimal("161.9"),
        fees=Decimal("0.2714"),
        funding=Decimal("-0.004"),
        net_pnl=Decimal("-4.3454"),
        opened_at=now - timedelta(minutes=95),
        closed_at=now - timedelta(minutes=12),
        reason="stop",
    )


def _won(now: datetime) -> PastTrade:
    return PastTrade(
        symbol=Symbol("ETH"),
        is_long=False,
        size=Decimal("0.1"),
        entry_price=Decimal("3101.5"),
        exit_price=Decimal("3040.2"),
        fees=Decimal("0.2764"),
        funding=Decimal("0.011"),
        net_pnl=Decimal("5.8646"),
        opened_at=now - timedelta(hours=7, minutes=4),
        closed_at=now - timedelta(hours=2, minutes=31),
        reason="target",
    )
