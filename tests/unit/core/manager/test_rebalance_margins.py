"""Capital that something stands on, or soon will, is not taken away."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from attrs import evolve

from nof0_core.domain.event import OrderAnswered, OrderIntended
from nof0_core.domain.order import OrderPurpose, OrderRequest, OrderStatus, Side, TimeInForce
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.ids import client_order_id, cycle_id
from nof0_core.testing.environment import START

pytestmark = pytest.mark.anyio


def intend(engine, trader, size, limit, leverage):
    cycle = cycle_id(trader, START)
    request = OrderRequest(
        client_id=client_order_id(trader, cycle, "BTC", "open"), symbol="BTC", side=Side.BUY,
        size=D(size), limit_price=D(limit), tif=TimeInForce.IOC, is_reduce_only=False,
    )  # fmt: skip
    body = OrderIntended(
        trader=trader, venue_account="paper", cycle=cycle, purpose=OrderPurpose.OPEN,
        request=request, leverage=leverage,
    )  # fmt: skip
    engine.recorder.record(trader, body)
    return request.client_id


def answer(engine, client_id, status, filled):
    outcome = OrderOutcome(client_id=client_id, status=status, filled_size=D(filled))
    engine.recorder.record(
        "ann",
        OrderAnswered(trader="ann", venue_account="paper", symbol="BTC", outcome=outcome),
    )


async def test_margins_of_entries_are_known_until_they_are_booked(lockstep):
    async with lockstep() as engine:
        state = engine.recorder.state
        client_id = intend(engine, "ann", "0.1", "100000", 5)
        assert state.entry_margins("paper") == {"ann": D(2000)}
        answer(engine, client_id, OrderStatus.PARTLY_FILLED, "0.04")
        assert state.entry_margins("paper") == {"ann": D(800)}
        answer(engine, client_id, OrderStatus.REJECTED, "0")
        assert state.entry_margins("paper") == {}


async def test_the_margin_of_an_entry_under_way_is_not_taken_from_its_trader(lockstep):
    async with lockstep() as engine:
        rebalancer = engine.manager._rebalancer
        config = rebalancer._config
        traders = [
            evolve(trader, allocation_pct=D(pct))
            for trader, pct in zip(config.traders, (0, 80), strict=True)
        ]
        rebalancer._config = evolve(config, traders=tuple(traders))
        intend(engine, "ann", "0.1", "100000", 5)
        rebalancer.run(engine.views.traders())
        assert [view.account.equity for view in engine.views.traders()] == [D(2000), D(6000)]


async def test_traders_that_are_all_to_have_nothing_divide_nothing_by_zero(stage, lockstep):
    manager = stage.root / "etc" / "manager.yaml"
    manager.write_text(manager.read_text().replace("allocation_pct: 40", "allocation_pct: 0"))
    async with lockstep() as engine:
        await engine.manager.catch_up()
        engine.manager._rebalancer.run(engine.views.traders())
        assert stage.codes(engine) == []
