"""What protection does with a coin of which the market has no price."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import attrs
import pytest

from nof0_core.domain.decision import Signal
from nof0_core.domain.limits import RiskLimits
from nof0_core.domain.order import OrderPurpose
from nof0_core.domain.position import VenuePosition
from nof0_core.errors import TransientError
from nof0_core.execution.prices import implied_mark
from nof0_core.risk.gate import RiskGate
from nof0_core.testing import samples
from nof0_core.testing.environment import START

pytestmark = pytest.mark.anyio


def watching(scene):
    """A venue without stops, which tells what positions are worth: the engine watches them."""
    scene.venue.capabilities = scene.venue.capabilities - {"trigger_orders"}
    scene.restart()
    costs = {}

    def positions():
        return [
            VenuePosition(
                symbol=s, quantity=size, entry_price=costs.setdefault(s, scene.venue.prices[s]),
                leverage=5, margin_used=D(0),
                unrealized_pnl=size * (scene.venue.prices[s] - costs[s]),
            )
            for s, size in scene.venue.sizes.items() if size
        ]  # fmt: skip

    scene.venue._positions = positions
    return scene


async def pass_time(scene, seconds):
    await scene.clock.sleep_until(scene.clock.now() + timedelta(seconds=seconds))


async def look(scene, *, away=("BTC",)):
    quotes = {s: q for s, q in scene.quotes().items() if s not in away}
    return await scene.execution.sync(quotes)


def silent(scene):
    async def report():
        raise TransientError("no answer")

    scene.venue.report = report


def closes(scene, purpose):
    scene.recorder.events.flush()
    sent = scene.recorder.events.read(types=["order_intended"])
    return [e.body for e in sent if e.body.purpose is purpose]


@pytest.mark.parametrize(
    ("signal", "mark"), [(Signal.BUY_TO_ENTER, 98_900), (Signal.SELL_TO_ENTER, 101_100)]
)
async def test_without_a_quote_a_stop_is_judged_by_the_price_the_report_implies(
    scene, signal, mark
):
    watched = watching(scene)
    await watched.open("ann", signal)
    watched.venue.move("BTC", mark)
    await look(watched)
    assert len(closes(watched, OrderPurpose.STOP)) == 1
    assert watched.state.position("ann", "BTC") is None


async def test_a_report_of_positions_keeps_the_deadline_from_passing(scene):
    watched = watching(scene)
    await watched.open("ann")
    for _ in range(10):
        await pass_time(watched, 30)
        await look(watched)
    assert watched.state.position("ann", "BTC") is not None
    assert "price_unknown" not in watched.alerts()


async def test_with_neither_quote_nor_report_for_the_deadline_a_position_is_closed(scene):
    watched = watching(scene)
    await watched.open("ann")
    silent(watched)
    await pass_time(watched, 600)
    await look(watched)
    await pass_time(watched, 59)
    await look(watched)
    assert closes(watched, OrderPurpose.UNPROTECTED) == []
    await pass_time(watched, 2)
    await look(watched)
    [sent] = closes(watched, OrderPurpose.UNPROTECTED)
    # The last mark, and as far from it as the first try of any forced close may fill.
    assert sent.request.limit_price == D(98_000)
    assert sent.request.is_reduce_only
    assert watched.alerts().count("price_unknown") == 1


async def test_a_quote_in_between_lets_the_deadline_begin_anew(scene):
    watched = watching(scene)
    await watched.open("ann")
    silent(watched)
    for away in (("BTC",), ("BTC",), (), ("BTC",), ("BTC",)):
        await look(watched, away=away)
        await pass_time(watched, 50)
    assert watched.state.position("ann", "BTC") is not None


async def test_the_guard_closes_in_time_while_syncs_do_not_come_that_far(scene):
    watched = watching(scene)
    await watched.open("ann")
    silent(watched)
    await look(watched)
    await pass_time(watched, 61)
    await watched.execution.guard({})
    assert len(closes(watched, OrderPurpose.UNPROTECTED)) == 1


async def test_a_position_with_a_stop_at_the_venue_is_left_to_it(scene):
    await scene.open("ann")
    silent(scene)
    for _ in range(3):
        await look(scene)
        await pass_time(scene, 60)
    assert closes(scene, OrderPurpose.UNPROTECTED) == []
    assert scene.state.position("ann", "BTC") is not None
    assert "price_unknown" not in scene.alerts()


async def test_a_trader_without_stops_is_told_and_nothing_is_closed(scene):
    limits = RiskLimits(stop_loss_enabled=False, take_profit_enabled=False)
    scene.policies = attrs.evolve(scene.policies, limits=limits)
    scene.restart()
    await scene.sync()
    snapshots = {"BTC": samples.snapshot("BTC", "100000")}
    account = scene.state.account(
        "paper", "ann", scene.venue.prices, START, {"BTC": samples.instrument("BTC")}
    )
    context = samples.context(snapshots=snapshots, limits=limits)
    context = attrs.evolve(context, trader="ann", account=account)
    _, approved = RiskGate().judge([samples.decision(Signal.BUY_TO_ENTER)], context)
    await scene.execution.submit(approved, scene.quotes())
    assert scene.state.position("ann", "BTC").plan.stop_loss is None
    silent(scene)
    for _ in range(3):
        await look(scene)
        await pass_time(scene, 60)
    assert closes(scene, OrderPurpose.UNPROTECTED) == []
    assert scene.alerts().count("price_unknown") == 1


async def test_after_a_start_the_deadline_counts_from_the_first_report(scene):
    """Opposite positions net to nothing: the report has no price of them either."""
    watched = watching(scene)
    await watched.open("ann")
    await watched.open("bob", Signal.SELL_TO_ENTER)
    watched.restart()
    await pass_time(watched, 3600)
    await look(watched)
    assert closes(watched, OrderPurpose.UNPROTECTED) == []
    await pass_time(watched, 61)
    await look(watched)
    # Nobody knows a price any more: what was paid has to do.
    sent = closes(watched, OrderPurpose.UNPROTECTED)
    assert [(o.trader, o.request.limit_price) for o in sent] == [
        ("ann", D(98_000)),
        ("bob", D(102_000)),
    ]


async def test_a_time_of_its_own_holds_for_each_trader(scene):
    watched = watching(scene)
    soon = attrs.evolve(watched.policies, quote_deadline=timedelta(seconds=20))
    watched.execution._prices._policies = {"ann": soon, "bob": watched.policies}
    await watched.open("ann")
    await watched.open("bob")
    silent(watched)
    await look(watched)
    await pass_time(watched, 21)
    await look(watched)
    assert [o.trader for o in closes(watched, OrderPurpose.UNPROTECTED)] == ["ann"]


@pytest.mark.parametrize(
    ("quantity", "entry", "pnl", "mark"),
    [
        ("0.01", "100000", "-10", "99000"),
        ("-0.01", "100000", "-10", "101000"),
        ("3", "10", "1", "10.33333333"),
        ("0", "100", "0", None),
        ("1", "100", "-100", None),
        ("1", "100", "-200", None),
        ("1", "100", "NaN", None),
        ("1", "Infinity", "1", None),
        ("sNaN", "100", "1", None),
        ("1E-400", "1E+9", "1E+9", None),
    ],
)
def test_the_price_that_a_position_implies(quantity, entry, pnl, mark):
    position = VenuePosition(
        symbol="BTC", quantity=D(quantity), entry_price=D(entry), leverage=5,
        margin_used=D(0), unrealized_pnl=D(pnl),
    )  # fmt: skip
    found = implied_mark(position)
    assert found == (None if mark is None else D(mark))


async def test_a_margin_that_nobody_knows_is_one_line_in_the_log(scene):
    await scene.open("ann")
    await scene.sync()
    scene.restart()
    for _ in range(20):
        await scene.execution.guard({})
    said = [line for line in scene.log.lines if line[1] == "margin of a trader unknown"]
    assert len(said) == 1
