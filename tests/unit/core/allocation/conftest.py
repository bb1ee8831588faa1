from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from nof0_core.domain.account import AccountState
from nof0_core.domain.context import Performance
from nof0_core.domain.growth import Growth
from nof0_core.domain.view import EquityPoint, TraderView
from nof0_core.protocols import AllocationRequest

D = Decimal

START = datetime(2025, 7, 23, tzinfo=UTC)
STAKE, NOTHING = D(1000), D(0)


def account(trader, equity=STAKE, margin=NOTHING, holdings=()):
    return AccountState(
        trader=trader,
        time=START,
        deposited=D(1000),
        cash=equity,
        equity=equity,
        realized_pnl=equity - 1000,
        unrealized_pnl=D(0),
        fees=D(0),
        funding=D(0),
        margin_used=margin,
        growth=Growth(),
        holdings=holdings,
    )


def curve(steps, start=1000.0):
    """Hourly equity that grows by the given fractions."""
    points, equity = [], start
    for hour, step in enumerate([0.0, *steps]):
        equity *= 1 + step
        time = START + timedelta(hours=hour)
        points.append(
            EquityPoint(
                time=time, equity=D(repr(equity)), deposited=D(1000), index=D(repr(equity)) / 1000
            )
        )
    return tuple(points)


def view(trader, points):
    return TraderView(
        trader=trader,
        name=trader,
        model="m",
        is_baseline=False,
        venue_account="paper",
        started_at=START,
        initial_capital=D(1000),
        account=account(trader),
        performance=Performance(),
        status="ok",
        next_cycle=None,
        trades=(),
        equity_curve=points,
    )


def request_for(configured, curves=None, available="100"):
    return AllocationRequest(
        traders=[view(trader, curve(steps)) for trader, steps in (curves or {}).items()],
        configured={trader: D(pct) for trader, pct in configured.items()},
        current={trader: D(pct) for trader, pct in configured.items()},
        available_pct=D(available),
    )


@pytest.fixture(scope="session")
def make_account():
    return account


@pytest.fixture(scope="session")
def make_curve():
    return curve


@pytest.fixture(scope="session")
def make_request():
    return request_for
