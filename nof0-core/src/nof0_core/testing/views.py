"""Ready-made pictures of all accounts, as exporters and allocators are shown them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import attrs

from nof0_core.domain.context import Performance
from nof0_core.domain.view import EquityPoint, TraderView, View
from nof0_core.ids import Symbol, TraderId
from nof0_core.testing import samples
from nof0_core.testing.environment import START


def trader_view(name: str = "sample", *, equity: str = "10000", hours: int = 0) -> TraderView:
    """Return a trader that has traded for some hours, by a cent more each of them."""
    begun = START - timedelta(hours=hours)
    state = attrs.evolve(samples.account(equity), trader=TraderId(name))
    curve = tuple(
        EquityPoint(
            time=begun + timedelta(hours=hour),
            equity=state.equity + Decimal(hour) / 100,
            deposited=state.deposited,
            index=state.growth.at(state.equity + Decimal(hour) / 100),
        )
        for hour in range(hours)
    )
    return TraderView(
        trader=TraderId(name),
        name=name.title(),
        model="sample-model",
        is_baseline=False,
        venue_account="paper",
        started_at=begun,
        initial_capital=state.deposited,
        account=state,
        performance=Performance(),
        status="running",
        next_cycle=START + timedelta(minutes=3),
        trades=(),
        equity_curve=curve,
    )


def view(seq: int, *traders: TraderView) -> View:
    """Return a picture that includes the events up to `seq`, of one trader unless others are given.

    One position of it is open, in BTC.
    """
    held = attrs.evolve(
        trader_view(hours=24),
        account=samples.account(holdings=(samples.holding(),)),
    )
    quote = samples.snapshot().quote
    return View(
        seq=seq,
        time=START,
        traders=traders or (held,),
        quotes={Symbol("BTC"): quote},
    )
