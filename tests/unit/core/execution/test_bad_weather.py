"""Positions are protected and closed while something around them fails, and nothing else opens."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D
from itertools import pairwise

import attrs
import pytest

from nof0_core.clock import pause
from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.limits import RiskLimits
from nof0_core.domain.order import OrderPurpose, OrderStatus, OrderStyle, Side, TriggerKind
from nof0_core.errors import OutcomeUnknownError, TransientError
from nof0_core.execution.flights import Flights
from nof0_core.execution.order_factory import OrderPolicy
from nof0_core.execution.tries import APART
from nof0_core.protocols import Capability
from nof0_core.testing import samples

pytestmark = pytest.mark.anyio
CLOSE = Decision(signal=Signal.CLOSE, symbol="BTC")
MINUTE = timedelta(minutes=1)
READS = ("report", "fills", "funding", "order")


async def away(*_, **__):
    raise TransientError("429")


def break_off(scene, *verbs):
    for verb in verbs:
        setattr(scene.venue, verb, away)


def repair(scene, *verbs):
    for verb in verbs:
        delattr(scene.venue, verb)


def watched_by_the_engine(scene):
    """Let the venue have no exits of its own."""
    scene.venue.capabilities -= {Capability.TRIGGER_ORDERS}
    scene.restart()


async def by_flatten(scene):
    await scene.execution.flatten(["ann", "bob"], scene.quotes())


async def by_stop(scene):
    scene.venue.prices["BTC"] = D(98_500)
    await scene.execution.guard(scene.quotes())


async def by_close(scene):
    await scene.execution.close("ann", "BTC", scene.quotes(), OrderPurpose.FLATTEN)


async def by_decision(scene):
    await scene.execution.submit(scene.approve("ann", CLOSE), scene.quotes())


@pytest.mark.parametrize("close", [by_flatten, by_stop, by_close, by_decision])
@pytest.mark.parametrize("side", [Signal.BUY_TO_ENTER, Signal.SELL_TO_ENTER])
@pytest.mark.parametrize("is_seen", [True, False], ids=["booked", "not booked yet"])
@pytest.mark.parametrize("part", ["0.01", "0.004"], ids=["all", "a part"])
@pytest.mark.parametrize("lacking", [None, Capability.REDUCE_ONLY], ids=str)
async def test_after_a_person_has_closed_no_close_opens_the_opposite(
    scene, close, side, is_seen, part, lacking
):
    scene.venue.capabilities -= {lacking}
    watched_by_the_engine(scene)
    await scene.open("ann", side)
    held = scene.venue.sizes["BTC"]
    scene.venue.trade_by_hand("BTC", Side.SELL if held > 0 else Side.BUY, part)
    if is_seen:
        await scene.sync()
    left = abs(scene.venue.sizes["BTC"])
    if close is by_stop and held < 0:
        scene.venue.prices["BTC"] = D(101_500)
    if not (close is by_decision and scene.state.position("ann", "BTC") is None):
        await close(scene)
    for _ in range(3):
        now = scene.venue.sizes["BTC"]
        assert now * held >= 0, "the opposite"
        assert abs(now) <= left
        await scene.clock.sleep_until(scene.clock.now() + MINUTE)
        await scene.sync()
    scene.assert_agrees()


@pytest.mark.parametrize("verbs", [*((verb,) for verb in READS), READS], ids=" ".join)
@pytest.mark.parametrize("close", ["stop", "insolvent", "flatten"])
async def test_no_failing_read_keeps_a_position_from_being_closed(scene, verbs, close):
    watched_by_the_engine(scene)
    await scene.open("ann")
    await scene.sync()
    break_off(scene, *verbs)
    if close == "stop":
        scene.venue.prices["BTC"] = D(98_500)
    elif close == "insolvent":
        scene.execution._guard._margin_watch.due = lambda _: scene.state.positions("paper")
    await scene.clock.sleep_until(scene.clock.now() + timedelta(hours=3))
    trouble = await scene.execution.sync(scene.quotes())
    if close == "flatten":
        await scene.execution.flatten(["ann"], scene.quotes())
    assert scene.venue.sizes["BTC"] == 0
    assert trouble == () if verbs == ("order",) else any("429" in t for t in trouble)
    await scene.execution.sync(scene.quotes())
    assert scene.venue.sizes["BTC"] == 0
    repair(scene, *verbs)
    scene.execution._guard._margin_watch.due = lambda _: ()
    await scene.sync()
    assert scene.state.position("ann", "BTC") is None
    scene.assert_agrees()


@pytest.mark.parametrize("verbs", [*((verb,) for verb in READS), READS], ids=" ".join)
async def test_an_answered_entry_has_its_stop_whatever_cannot_be_read(scene, verbs):
    await scene.sync()
    await scene.clock.sleep_until(scene.clock.now() + timedelta(hours=1))
    await scene.sync()
    break_off(scene, *verbs)
    carried = await scene.trade("ann", samples.decision())
    assert [o.status for o in carried.orders] == [OrderStatus.FILLED]
    stops = [o for o in scene.resting() if o.trigger.kind is TriggerKind.STOP]
    assert [o.size for o in stops] == [D("0.01")]
    repair(scene, *verbs)
    await scene.sync()
    assert scene.state.position("ann", "BTC").quantity == D("0.01")
    assert len(scene.resting()) == 2
    scene.assert_agrees()


@pytest.mark.parametrize("why", ["stop", "unprotected", "insolvent", "flatten"])
@pytest.mark.parametrize("style", OrderStyle)
@pytest.mark.parametrize("spread_bps", [2, 150, 300, 900])
async def test_a_forced_close_reaches_a_price_beyond_the_mark_whatever_the_style(
    scene, why, style, spread_bps
):
    """Each try reaches further, and from the second on a person is told."""
    scene.policies = OrderPolicy(
        style=style, slippage_bps=D(50), limits=RiskLimits(price_band_pct=D(2))
    )
    if why == "unprotected":
        scene.restart()
    else:
        watched_by_the_engine(scene)
    execute = scene.venue._execute
    half = D(spread_bps) / 10_000

    def within_limit(order, size):
        mark = scene.venue.prices[order.symbol]
        reached = mark * (1 + order.side.sign * half)
        is_in = (order.limit_price - reached) * order.side.sign >= 0
        execute(order, size if is_in or order.side is Side.BUY else D(0))

    scene.venue._execute = within_limit
    scene.venue.refuse_stops = why == "unprotected"
    await scene.open("ann")
    if why == "stop":
        scene.venue.prices["BTC"] = D(98_900)
    elif why == "insolvent":
        scene.execution._guard._margin_watch.due = lambda _: [
            p for p in scene.state.positions("paper") if p.trader == "ann"
        ]
    for _ in range(4):
        if not scene.venue.sizes["BTC"]:
            break
        await scene.sync()
        if why == "flatten":
            await scene.execution.flatten(["ann"], scene.quotes())
    assert not scene.venue.sizes["BTC"]
    closes = [r for r in scene.venue.requests if r.trigger is None and r.side is Side.SELL]
    tries = {2: 1, 150: 1, 300: 2, 900: 4}[spread_bps]
    assert len(closes) == tries
    assert scene.alerts().count("close_failing") == (tries > 1)


@pytest.mark.parametrize("clock", ["lockstep", "running"])
@pytest.mark.parametrize("is_canceled", [True, False], ids=["cancelled there", "unknown there"])
async def test_stops_that_vanish_again_and_again_close_the_position(request, clock, is_canceled):
    scene = request.getfixturevalue("scene" if clock == "lockstep" else "running")
    scene.venue.capabilities |= {Capability.EXPIRY}
    scene.restart()
    # Each look of the test is one of its own.
    scene.execution._gateway._flights = Flights(is_sharing=False)
    await scene.sync()
    await scene.open("ann")
    for _ in range(4):
        for order in scene.resting():
            if is_canceled:
                canceled = attrs.evolve(order, status=OrderStatus.CANCELED)
                scene.venue.orders[order.client_id] = canceled
            else:
                del scene.venue.orders[order.client_id]
        if clock == "lockstep":
            await scene.clock.sleep_until(scene.clock.now() + MINUTE)
        else:
            scene.clock.moment += MINUTE
        await scene.sync()
    assert scene.state.position("ann", "BTC") is None
    assert scene.venue.sizes["BTC"] == 0
    assert scene.alerts().count("stop_refused") == 1
    assert scene.state.rest("ann", "BTC").until > scene.clock.now()
    scene.assert_agrees()


async def test_a_venue_that_refuses_all_stops_is_entered_less_and_less_often(scene):
    """The trader wants to enter every five minutes; another trader is not held back."""
    await scene.sync()
    scene.venue.refuse_stops = True
    entered = []
    for minute in range(0, 12 * 60, 5):
        if minute == 100:
            scene.restart()
            await scene.sync()
        sent = len(scene.venue.requests)
        carried = await scene.open("ann")
        if len(scene.venue.requests) > sent:
            entered.append(minute)
        else:
            assert "rests" in carried.orders[0].why
        assert scene.state.position("ann", "BTC") is None
        await scene.clock.sleep_until(scene.clock.now() + 5 * MINUTE)
        await scene.sync()
    apart = [late - early for early, late in pairwise(entered)]
    assert apart == [5, 15, 45, 135, 405]
    scene.venue.refuse_stops = False
    await scene.open("bob")
    assert scene.state.position("bob", "BTC") is not None
    scene.assert_agrees()


@pytest.mark.parametrize("clock", ["lockstep", "running"])
@pytest.mark.parametrize(("late", "leaves"), [(300, True), (301, False), (4 * 3600, False)])
async def test_an_answer_later_than_its_prices_may_be_orders_nothing(request, clock, late, leaves):
    """The prices at sending are fresh; those the decision was made on are not."""
    scene = request.getfixturevalue("scene" if clock == "lockstep" else "running")
    await scene.sync()
    approved = scene.approve("ann", samples.decision())
    if clock == "lockstep":
        await scene.clock.sleep_until(scene.clock.now() + timedelta(seconds=late))
    else:
        scene.clock.moment += timedelta(seconds=late)
    carried = await scene.execution.submit(approved, scene.quotes())
    assert bool(scene.venue.requests) == leaves
    if not leaves:
        assert "the answer came too late" in carried.orders[0].why


async def test_a_lost_close_is_asked_for_and_made_anew_while_the_account_cannot_be_read(running):
    """Nobody knows of the close that was lost; as long as that is so no other may leave."""
    scene = running
    scene.venue.capabilities |= {Capability.EXPIRY}
    watched_by_the_engine(scene)
    await scene.open("ann")
    place = scene.venue.place

    async def lost(requests, *, expires_at):
        raise OutcomeUnknownError("connection dropped")

    async def away():
        raise TransientError("no report")

    scene.venue.place, scene.venue.report = lost, away
    scene.venue.prices["BTC"] = D(98_900)
    await scene.execution.guard(scene.quotes())
    assert scene.venue.sizes["BTC"] > 0
    scene.venue.place = place
    # The next try has its time in real seconds, an order's expiry in the engine's.
    await pause(APART)
    scene.clock.moment += MINUTE
    await scene.sync()
    assert scene.venue.sizes["BTC"] == 0
