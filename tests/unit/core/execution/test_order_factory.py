"""From an approval to orders."""

from __future__ import annotations

from decimal import Decimal as D

import attrs

from nof0_core.domain.limits import RiskLimits
from nof0_core.domain.order import OrderPurpose, OrderStyle, Side, TriggerKind
from nof0_core.domain.position import ExitPlan
from nof0_core.execution import order_factory
from nof0_core.ids import Symbol
from nof0_core.risk.gate import RiskGate
from nof0_core.testing import samples

BTC = Symbol("BTC")
POLICY = order_factory.OrderPolicy(
    style=OrderStyle.MARKET_IOC,
    slippage_bps=D(50),
    limits=RiskLimits(price_band_pct=D(5)),
)


def test_the_callers_decimal_context_does_not_matter(coarse):
    mark = D("98765.432109")
    snapshot = samples.snapshot("BTC", str(mark))
    coin = attrs.evolve(samples.instrument(), size_decimals=8, price_decimals=6, price_figures=20)
    context = attrs.evolve(
        samples.context(snapshots={BTC: snapshot}, limits=RiskLimits(min_risk_reward=D(1))),
        instruments={BTC: coin},
    )
    decision = samples.decision(
        position_size_usd=D("12345.678912"),
        entry_price=mark,
        stop_loss=D("96000.123456"),
        take_profit=D("107000.987654"),
    )
    _, [approved] = RiskGate().judge([decision], context)
    size, exits = D("1234567.12345678"), ExitPlan(stop_loss=D("96000.123456"))

    def orders():
        return (
            order_factory.open_order(approved, snapshot.quote, coin, POLICY, "paper"),
            order_factory.close_order(
                trader="ann", venue_account="paper", cycle="c", symbol=BTC,
                side=Side.BUY, size=size, cap=D("33.3"), is_reduce_only=True,
                quote=snapshot.quote, instrument=coin, purpose=OrderPurpose.CLOSE,
                client_id="0x1",
            ),
            order_factory.exit_orders(
                trader="ann", venue_account="paper", cycle="c", symbol=BTC,
                quantity=size, plan=exits,
                instrument=coin, ids={TriggerKind.STOP: "0x2"},
            ),
        )  # fmt: skip

    expected = orders()
    with coarse():
        found = orders()
    assert found == expected
