"""What the execution engine does with approved decisions, in good and in bad weather."""

from __future__ import annotations

from decimal import Decimal as D

import attrs
import pytest

from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.order import OrderStatus, Side, TriggerKind
from nof0_core.domain.position import ProtectionMode
from nof0_core.protocols import Capability
from nof0_core.testing import samples

pytestmark = pytest.mark.anyio
CLOSE = Decision(signal=Signal.CLOSE, symbol="BTC")


async def test_an_entry_gets_stop_and_target_for_what_was_filled(scene):
    carried = await scene.open("ann")
    assert [r.outcome.status for r in carried.orders] == [OrderStatus.FILLED]
    stop, target = sorted(scene.resting(), key=lambda o: o.trigger.kind)
    assert (stop.trigger.kind, stop.trigger.price) == (TriggerKind.STOP, D(99_000))
    assert (target.trigger.kind, target.trigger.price) == (TriggerKind.TARGET, D(104_000))
    assert {o.size for o in (stop, target)} == {scene.state.position("ann", "BTC").quantity}
    assert stop.is_reduce_only
    assert stop.side is Side.SELL
    scene.assert_agrees()


async def test_a_partial_fill_is_protected_for_its_own_size(scene):
    scene.venue.fill_ratio = D("0.3")
    await scene.open("ann")
    held = scene.state.position("ann", "BTC").quantity
    assert held == D("0.003")
    assert {o.size for o in scene.resting()} == {held}


async def test_an_entry_that_did_not_fill_leaves_nothing(scene):
    scene.venue.fill_ratio = D(0)
    carried = await scene.open("ann")
    assert carried.orders[0].status is OrderStatus.CANCELED
    assert scene.state.position("ann", "BTC") is None
    assert scene.resting() == []


async def test_a_raw_decision_is_refused(scene):
    with pytest.raises(TypeError, match="approved by the risk gate"):
        await scene.execution.submit([samples.decision()], scene.quotes())
    assert scene.venue.requests == []


async def test_a_stop_that_fires_is_booked_and_its_target_is_gone(scene):
    await scene.open("ann")
    scene.venue.move("BTC", 98_500)
    await scene.sync()
    assert scene.state.position("ann", "BTC") is None
    assert [t.reason for t in scene.state.trades("ann")] == ["stop"]
    assert scene.resting() == []
    assert scene.state.open_orders("paper") == ()
    scene.assert_agrees()


async def test_a_close_cancels_both_exits(scene):
    await scene.open("ann")
    await scene.trade("ann", CLOSE)
    assert scene.state.position("ann", "BTC") is None
    assert scene.resting() == []
    assert scene.state.trades("ann")[0].reason == "close"
    scene.assert_agrees()


async def test_closing_one_trader_leaves_the_other_alone(scene):
    await scene.open("ann")
    await scene.open("bob")
    bobs = scene.state.position("bob", "BTC")
    await scene.trade("ann", CLOSE)
    assert scene.state.position("bob", "BTC") == bobs
    assert {o.size for o in scene.resting()} == {bobs.quantity}
    scene.assert_agrees()


async def test_opposite_positions_are_watched_by_the_engine(scene):
    await scene.open("ann")
    await scene.open("bob", Signal.SELL_TO_ENTER)
    assert scene.venue.sizes["BTC"] == 0
    assert scene.resting() == []
    for trader in ("ann", "bob"):
        assert scene.state.position(trader, "BTC").protection is ProtectionMode.ENGINE
    scene.venue.prices["BTC"] = D(98_900)
    await scene.sync()
    assert [t.reason for t in scene.state.trades("ann")] == ["stop"]
    survivor = scene.state.position("bob", "BTC")
    assert survivor.protection is ProtectionMode.VENUE
    assert {o.size for o in scene.resting()} == {abs(survivor.quantity)}
    scene.assert_agrees()


async def test_an_opposite_position_can_be_closed_though_it_increases_the_net(scene):
    await scene.open("ann")
    await scene.open("bob", Signal.SELL_TO_ENTER)
    carried = await scene.trade("ann", CLOSE)
    assert not carried.orders[0].request.is_reduce_only
    assert scene.state.position("ann", "BTC") is None
    assert scene.venue.sizes["BTC"] == scene.state.position("bob", "BTC").quantity
    scene.assert_agrees()


async def test_without_a_stop_the_position_is_closed_and_somebody_is_told(scene):
    scene.venue.refuse_stops = True
    await scene.open("ann")
    assert scene.state.position("ann", "BTC") is None
    assert scene.venue.sizes["BTC"] == 0
    assert scene.alerts() == ["stop_refused"]
    assert scene.resting() == []
    scene.assert_agrees()


async def test_a_lost_answer_is_asked_for_and_nothing_is_sent_twice(scene):
    scene.venue.lose_answers = True
    carried = await scene.open("ann")
    scene.venue.lose_answers = False
    assert carried.orders[0].status is OrderStatus.FILLED
    entries = [r for r in scene.venue.requests if r.trigger is None]
    assert len(entries) == 1
    await scene.sync()
    assert len([r for r in scene.venue.requests if r.trigger is None]) == 1
    assert scene.state.position("ann", "BTC") is not None
    assert len(scene.resting()) == 2
    scene.assert_agrees()


async def test_an_order_that_never_arrived_is_dead_at_once_where_nothing_can_be_under_way(scene):
    scene.venue.lose_orders = True
    carried = await scene.open("ann")
    assert carried.orders[0].status is OrderStatus.REJECTED
    assert carried.orders[0].why == "the venue never saw this order"
    scene.venue.lose_orders = False
    await scene.sync()
    assert scene.state.open_orders("paper") == ()
    assert scene.venue.requests == []


async def test_the_same_cycle_twice_places_one_order(scene):
    await scene.sync()
    approved = scene.approve("ann", samples.decision())
    first = await scene.execution.submit(approved, scene.quotes())
    scene.restart()
    again = await scene.execution.submit(approved, scene.quotes())
    assert len([r for r in scene.venue.requests if r.trigger is None]) == 1
    assert first.orders[0].status is OrderStatus.FILLED
    assert again.orders[0].why == "the trader already has a position in the coin"


async def test_a_venue_that_is_away_means_no_order_and_no_position(scene):
    scene.venue.is_down = True
    carried = await scene.open("ann")
    assert carried.orders[0].status is OrderStatus.REJECTED
    assert "not sent" in carried.orders[0].why
    assert scene.state.open_orders("paper") == ()


async def test_a_refused_leverage_stops_the_entry(scene):
    scene.venue.refuse_leverage = True
    carried = await scene.open("ann")
    assert carried.orders[0].why == "leverage not set: Invalid leverage value"
    assert scene.venue.requests == []


async def test_the_leverage_of_a_coin_is_the_highest_any_holder_uses(scene):
    await scene.trade("ann", samples.decision(leverage=8))
    await scene.trade("bob", samples.decision(leverage=3))
    assert scene.venue.leverage["BTC"] == 8


async def test_a_stop_the_venue_dropped_is_placed_again(scene):
    await scene.open("ann")
    stop = next(o for o in scene.resting() if o.trigger.kind is TriggerKind.STOP)
    await scene.venue.cancel([stop.client_id])
    await scene.sync()
    kinds = sorted(o.trigger.kind for o in scene.resting())
    assert kinds == [TriggerKind.STOP, TriggerKind.TARGET]
    assert stop.client_id not in {o.client_id for o in scene.resting()}


async def test_trades_by_hand_go_to_the_unassigned_account_with_an_alert(scene):
    scene.venue.trade_by_hand("ETH", Side.BUY, "1")
    await scene.sync()
    held = {p.trader: p.quantity for p in scene.state.positions("paper")}
    assert held == {"@unassigned": D(1)}
    assert scene.alerts() == ["foreign_fill", "unassigned_unprotected"]
    scene.assert_agrees()
    assert scene.execution.drift == ()


async def test_drift_stops_entries_until_it_is_gone(scene):
    scene.venue.raw += 500
    await scene.sync()
    assert scene.alerts() == ["drift"]
    carried = await scene.open("ann")
    assert "ledger and venue differ" in carried.orders[0].why
    scene.venue.raw -= 500
    for _ in range(2):
        await scene.sync()
    carried = await scene.open("ann")
    assert carried.orders[0].status is OrderStatus.FILLED


async def test_a_mark_that_ran_away_since_the_decision_stops_the_entry(scene):
    await scene.sync()
    approved = scene.approve("ann", samples.decision())
    scene.venue.prices["BTC"] = D(103_000)
    carried = await scene.execution.submit(approved, scene.quotes())
    assert "mark moved 3.00 %" in carried.orders[0].why


async def test_a_mark_beyond_the_stop_stops_the_entry(scene):
    await scene.sync()
    approved = scene.approve("ann", samples.decision())
    scene.venue.prices["BTC"] = D(98_950)
    carried = await scene.execution.submit(approved, scene.quotes())
    assert "the stop of a long must be below the mark 98950" in carried.orders[0].why


async def test_funding_is_shared_by_what_each_holds(scene):
    await scene.open("ann")
    await scene.trade("bob", samples.decision(position_size_usd=D(3000)))
    scene.venue.pay_funding("BTC", "0.0001")
    await scene.sync()
    await scene.sync()
    accounts = {
        t: scene.state.account(
            "paper", t, scene.venue.prices, scene.clock.now(), {"BTC": samples.instrument()}
        ).funding
        for t in ("ann", "bob")
    }
    assert accounts == {"ann": D("-0.1"), "bob": D("-0.3")}
    scene.assert_agrees()


async def test_positions_that_net_to_nothing_pay_each_other(scene):
    await scene.open("ann")
    await scene.open("bob", Signal.SELL_TO_ENTER)
    hour = scene.clock.now()
    await scene.execution.settle_hour(hour, scene.quotes())
    rate = samples.snapshot().quote.funding_rate
    paid = D("0.01") * 100_000 * rate
    for trader, amount in (("ann", -paid), ("bob", paid)):
        account = scene.state.account(
            "paper", trader, scene.venue.prices, hour, {"BTC": samples.instrument()}
        )
        assert account.funding == amount.quantize(D("0.000001"), "ROUND_DOWN")
    scene.assert_agrees()


async def test_a_restart_finds_positions_exits_and_plans(scene):
    await scene.open("ann")
    before = scene.state.position("ann", "BTC")
    scene.restart()
    assert scene.state.position("ann", "BTC") == before
    sent = len(scene.venue.requests)
    await scene.sync()
    assert len(scene.venue.requests) == sent
    scene.venue.move("BTC", 104_100)
    await scene.sync()
    assert [t.reason for t in scene.state.trades("ann")] == ["target"]


async def test_a_simulated_venue_is_handed_the_marks_before_anything_is_asked(scene):
    asked = []

    class Simulated(type(scene.venue)):
        capabilities = scene.venue.capabilities | {Capability.ACCEPTS_MARKS}
        handed_over = 0

        async def accept_marks(self, quotes):
            asked.append(("marks", quotes["BTC"].mark))
            self.move("BTC", quotes["BTC"].mark)
            fresh, self.handed_over = self.executed[self.handed_over :], len(self.executed)
            return fresh

        async def fills(self, since):
            asked.append(("fills", None))
            return await super().fills(since)

    scene.venue.__class__ = Simulated
    scene.restart()
    await scene.open("ann")
    asked.clear()
    quotes = scene.quotes()
    quotes["BTC"] = attrs.evolve(quotes["BTC"], mark=D(98_500))
    await scene.execution.sync(quotes)
    # It hands over what it executes, so it need not be asked for it.
    assert asked == [("marks", D(98_500))]
    # what it set off is in the ledger in the same round
    assert [t.reason for t in scene.state.trades("ann")] == ["stop"]


@pytest.mark.parametrize("hands_over", [True, False])
async def test_a_simulated_venue_is_asked_only_for_what_it_did_not_hand_over(scene, hands_over):
    asked = []

    class Simulated(type(scene.venue)):
        capabilities = scene.venue.capabilities | {Capability.ACCEPTS_MARKS}
        handed_over = 0

        async def accept_marks(self, quotes):
            fresh, self.handed_over = self.executed[self.handed_over :], len(self.executed)
            return fresh if hands_over else []

        async def fills(self, since):
            asked.append(since)
            return await super().fills(since)

    scene.venue.__class__ = Simulated
    scene.restart()
    await scene.sync()
    asked.clear()
    await scene.open("ann")
    await scene.trade("ann", CLOSE)

    assert [t.reason for t in scene.state.trades("ann")] == ["close"]
    assert bool(asked) is not hands_over
    scene.assert_agrees()
