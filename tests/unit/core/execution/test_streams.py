"""Random streams of trading, faults and restarts never make the ledger lie."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import anyio
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.order import Side
from nof0_core.domain.position import ProtectionMode
from nof0_core.ids import is_shared
from nof0_core.testing import samples

TRADERS = ("ann", "bob")
steps = st.lists(
    st.one_of(
        st.tuples(st.just("open"), st.sampled_from(TRADERS), st.sampled_from([1, -1])),
        st.tuples(st.just("close"), st.sampled_from(TRADERS), st.just(0)),
        st.tuples(st.just("move"), st.sampled_from([-300, -80, -10, 10, 80, 300]), st.just(0)),
        st.tuples(
            st.just("fault"), st.sampled_from(["lose_answers", "refuse_stops", ""]), st.just(0)
        ),
        st.tuples(st.just("ratio"), st.sampled_from(["0.25", "0.5", "1"]), st.just(0)),
        st.tuples(st.just("hand"), st.sampled_from(list(Side)), st.just(0)),
        st.tuples(st.just("funding"), st.sampled_from(["0.0001", "-0.00005"]), st.just(0)),
        st.tuples(st.just("restart"), st.just(""), st.just(0)),
    ),
    max_size=25,
)


LONG = [*[("move", 10, 0), ("move", -10, 0)] * 8, ("open", "ann", 1), ("move", 80, 0)]
"""Moves that would add digits to a price without end, if the venue had no ticks."""
SLOW_CLOSE = [("fault", "refuse_stops", 0), ("ratio", "0.25", 0), ("open", "ann", 1)]
"""No stop for a position whose close fills in parts: the engine watches the rest."""
REFUSED = [("open", "ann", 1), *SLOW_CLOSE[:2], ("close", "ann", 0), ("fault", "", 0)]
"""No stop of the right size for what a close has left."""


@given(stream=steps)
@example(stream=[*LONG, ("funding", "0.0001", 0), ("close", "ann", 0), ("open", "bob", -1)])
@example(stream=SLOW_CLOSE)
@example(stream=REFUSED)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_ledger_and_venue_agree_whatever_happens(stream, scene_maker):
    anyio.run(_play, scene_maker(), stream)


async def _play(scene, stream):
    for what, arg, sign in stream:
        await scene.clock.sleep_until(scene.clock.now() + timedelta(minutes=1))
        await _step(scene, what, arg, sign)
        await scene.sync()
        scene.assert_agrees()
        assert scene.execution.drift == ()
        _assert_protected(scene)


async def _step(scene, what, arg, sign):
    if what == "open":
        await _open(scene, arg, sign)
    elif what == "close" and scene.state.position(arg, "BTC") is not None:
        await scene.trade(arg, Decision(signal=Signal.CLOSE, symbol="BTC"))
    else:
        await _at_the_venue(scene, what, arg)


async def _open(scene, trader, sign):
    """Enter unless the trader is in already; nobody else's position may change by it."""
    if scene.state.position(trader, "BTC") is not None:
        return
    mark = scene.venue.prices["BTC"]
    others = {t: scene.state.position(t, "BTC") for t in TRADERS if t != trader}
    await scene.trade(
        trader,
        samples.decision(
            Signal.BUY_TO_ENTER if sign > 0 else Signal.SELL_TO_ENTER,
            entry_price=mark,
            stop_loss=mark * (1 - sign * D("0.01")),
            take_profit=mark * (1 + sign * D("0.04")),
        ),
    )
    for other, before in others.items():
        after = scene.state.position(other, "BTC")
        # A position whose stop was refused is being closed, whoever trades meanwhile.
        if not scene.venue.refuse_stops:
            assert (after and after.quantity) == (before and before.quantity)


async def _at_the_venue(scene, what, arg):
    if what == "move":
        moved = scene.venue.prices["BTC"] * (1 + D(arg) / 10_000)
        scene.venue.move("BTC", samples.instrument("BTC").round_price(moved))
    elif what == "fault":
        scene.venue.lose_answers = arg == "lose_answers"
        scene.venue.refuse_stops = arg == "refuse_stops"
    elif what == "ratio":
        scene.venue.fill_ratio = D(arg)
    elif what == "hand":
        scene.venue.trade_by_hand("ETH", arg, "0.5")
    elif what == "funding" and scene.venue.sizes.get("BTC"):
        # It is paid at the full hour, and asked for then.
        now = scene.clock.now()
        hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        await scene.clock.sleep_until(hour)
        scene.venue.pay_funding("BTC", arg)
    elif what == "restart":
        scene.restart()


def _assert_protected(scene):
    """Every position of a trader has its stop at the venue for its size, or the engine watches."""
    for position in scene.state.positions("paper"):
        if is_shared(position.trader):
            continue
        if position.protection is ProtectionMode.ENGINE:
            continue
        if position.opened_by is None:
            # What an exit and a close that were both filled have left: its close fills in parts.
            scene.recorder.events.flush()
            intents = scene.recorder.events.read(types=["order_intended"])
            last = [e.body for e in intents if e.body.trader == position.trader][-1]
            assert last.purpose == "unprotected"
            assert last.request.side.sign * position.quantity < 0
            continue
        stop = scene.venue.orders[position.stop_id]
        assert stop.status == "resting"
        # One of the right size may be refused; the old one, which only reduces, stays until then.
        assert stop.size >= abs(position.quantity)
        assert stop.size == abs(position.quantity) or scene.venue.refuse_stops
