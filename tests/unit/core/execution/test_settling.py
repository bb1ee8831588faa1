"""A person takes over what the venue shows: booked once to nobody, at the mark, no order sent."""

from __future__ import annotations

from decimal import Decimal as D

import anyio
import attrs
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from nof0_core.domain.order import OrderPurpose, OrderStatus, Side
from nof0_core.errors import TransientError
from nof0_core.testing import samples

pytestmark = pytest.mark.anyio
ETH = samples.decision(symbol="ETH", entry_price=D(4000), stop_loss=D(3960), take_profit=D(4160))
BTC_RULES = {s: samples.instrument(s) for s in ("BTC", "ETH")}


async def settle(scene, symbol="ETH", mark=D(4000), request="r1"):
    return await scene.execution.settling.settle(symbol, mark, request=request, by="carla")


def hidden_trade(scene, symbol, side, size):
    """Trade by hand; the statement never lists it."""
    scene.venue.trade_by_hand(symbol, side, size)
    return scene.venue.executed.pop()


def account(scene, trader):
    marks = scene.venue.prices
    return scene.state.account("paper", trader, marks, scene.clock.now(), BTC_RULES)


async def test_the_difference_is_booked_to_nobody_at_the_mark_and_entries_go_on(scene):
    await scene.open("ann")
    before, sent = account(scene, "ann"), len(scene.venue.requests)
    fee = hidden_trade(scene, "ETH", Side.BUY, "0.5").fee
    await scene.sync()
    found = await settle(scene)
    assert found.outcome == "done"
    assert scene.state.quantities("paper", "ETH") == {"@unassigned": D("0.5")}
    assert account(scene, "ann") == before
    assert len(scene.venue.requests) == sent
    # What the trade cost beyond the mark stays: here its fee.
    totals = scene.state.totals("paper")
    assert scene.venue.raw - totals.raw_usd == -fee
    assert [(d.what, d.symbol) for d in scene.execution.drift] == [("cash", None)]
    scene.recorder.events.flush()
    alerts = [e.body for e in scene.recorder.events.read(types=["alert"])]
    [told] = [a.message for a in alerts if a.code == "settled"]
    assert told == (
        "paper: carla settled ETH: buy 0.5 ETH at 4000 booked to @unassigned "
        "(0 in the ledger, 0.5 at the venue); no order was sent"
    )


async def test_a_correction_without_a_trade_leaves_its_worth_as_a_difference_of_cash(scene):
    scene.venue.sizes["ETH"] = D(1)
    await scene.sync()
    assert (await settle(scene)).outcome == "done"
    [cash] = scene.execution.drift
    assert (cash.what, cash.venue - cash.ledger) == ("cash", D(4000))
    await scene.sync()
    assert scene.execution.drift == (cash,)
    assert scene.state.quantities("paper", "ETH") == {"@unassigned": D(1)}


async def test_a_position_that_vanished_is_taken_from_nobodys_account_and_the_trader_can_close(
    scene,
):
    await scene.open("ann")
    held = scene.state.position("ann", "BTC").quantity
    scene.venue.sizes["BTC"] = D(0)
    scene.venue.raw += held * 100_000
    await scene.sync()
    assert (await settle(scene, "BTC", D(100_000))).outcome == "done"
    assert scene.state.quantities("paper", "BTC") == {"ann": held, "@unassigned": -held}
    assert scene.execution.drift == ()
    scene.assert_agrees()


async def test_the_same_request_is_booked_once_even_when_the_answer_got_lost(scene):
    scene.venue.sizes["ETH"] = D(1)
    await scene.sync()
    await settle(scene)
    scene.restart()
    await scene.sync()
    again = await settle(scene)
    assert (again.outcome, again.message) == ("done", "it was booked already")
    assert scene.state.quantities("paper", "ETH") == {"@unassigned": D(1)}
    assert scene.alerts().count("settled") == 1


async def test_where_nothing_differs_nothing_is_booked(scene):
    scene.venue.sizes["ETH"] = D(1)
    await scene.sync()
    found = await settle(scene, "BTC", D(100_000))
    assert (found.outcome, found.message) == (
        "refused",
        "ledger and venue do not differ on BTC; what differs is ETH",
    )
    found = await settle(scene, "PEPE", None)
    assert found.message == "paper knows no coin PEPE; what differs is ETH"
    assert found.outcome == "refused"
    assert scene.state.positions("paper") == ()


async def test_a_statement_that_comes_late_is_booked_instead(scene):
    late = hidden_trade(scene, "ETH", Side.BUY, "0.5")
    await scene.sync()
    scene.venue.executed.append(late)
    assert (await settle(scene)).outcome == "refused"
    assert scene.alerts() == ["drift", "foreign_fill"]
    scene.assert_agrees()


@pytest.mark.parametrize("mark", [None, D("1E-11")])
async def test_without_a_mark_nothing_is_booked(scene, mark):
    scene.venue.sizes["ETH"] = D(1)
    await scene.sync()
    found = await settle(scene, mark=mark)
    assert (found.outcome, found.message) == (
        "refused",
        "ETH has no mark now: there is no price to book it at",
    )


async def test_a_venue_that_cannot_be_read_makes_it_wait(scene, monkeypatch):
    scene.venue.sizes["ETH"] = D(1)
    await scene.sync()

    async def away(*_):
        raise TransientError("gone fishing")

    for verb in ("report", "fills"):
        with monkeypatch.context() as patch:
            patch.setattr(scene.venue, verb, away)
            found = await settle(scene)
        assert found.outcome is None
        assert "paper cannot be read" in found.message
        assert "gone fishing" in found.message
    assert (await settle(scene)).outcome == "done"


async def test_a_difference_no_sync_has_seen_waits_for_the_next_one(scene):
    await scene.sync()
    scene.venue.sizes["ETH"] = D(1)
    assert (await settle(scene)).message == "the difference on ETH is new"
    await scene.sync()
    scene.venue.sizes["ETH"] = D(2)
    found = await settle(scene)
    assert (found.outcome, found.message) == (None, "the difference on ETH is new")
    assert scene.state.positions("paper") == ()


async def test_an_order_on_its_way_makes_it_wait(scene, monkeypatch):
    async def away(_):
        raise TransientError("gone fishing")

    await scene.sync()
    monkeypatch.setattr(scene.venue, "order", away)
    scene.venue.lose_orders = True
    await scene.trade("ann", ETH)
    scene.venue.sizes["ETH"] = D(1)
    found = await settle(scene)
    assert (found.outcome, found.message) == (None, "an order on ETH is still on its way")


async def test_what_is_booked_while_the_account_is_read_makes_it_wait(scene, monkeypatch):
    scene.venue.sizes["ETH"] = D(1)
    await scene.sync()
    report = scene.venue.report

    async def slow():
        answer = await report()
        with monkeypatch.context() as patch:
            patch.setattr(scene.venue, "report", report)
            await scene.open("ann")
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(scene.venue, "report", slow)
        found = await settle(scene)
    assert found.outcome is None
    assert "something was booked while the account was read" in found.message


async def test_numbers_that_moved_alike_are_settled_at_once(scene):
    """The trader traded on after the difference was recorded: it is still the same."""
    await scene.open("ann")
    scene.venue.sizes["BTC"] += D("0.5")
    await scene.sync()
    await scene.execution.close("ann", "BTC", scene.quotes(), OrderPurpose.FLATTEN)
    assert scene.state.position("ann", "BTC") is None
    assert (await settle(scene, "BTC", D(100_000))).outcome == "done"
    assert [d.symbol for d in scene.execution.drift] == [None]


changes = st.lists(
    st.tuples(
        st.sampled_from(["BTC", "ETH"]),
        st.sampled_from([Side.BUY, Side.SELL]),
        st.decimals("0.001", "3", places=3),
        st.booleans(),
        st.decimals("0.0001", "200000", places=6),
    ),
    min_size=1,
    max_size=6,
)


@given(steps=changes, holds=st.booleans())
@settings(
    max_examples=40,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_books_add_up_after_whatever_is_settled(scene_maker, steps, holds):
    anyio.run(_play, scene_maker(), steps, holds)


async def _play(scene, steps, holds):
    if holds:
        await scene.open("ann")
    await scene.sync()
    for number, (symbol, side, size, is_trade, mark) in enumerate(steps):
        if is_trade:
            hidden_trade(scene, symbol, side, size)
        else:
            scene.venue.sizes[symbol] = scene.venue.sizes.get(symbol, D(0)) + side.sign * size
        await scene.sync()
        traders = [attrs.astuple(account(scene, t)) for t in ("ann", "bob", "@reserve")]
        ours = scene.state.totals("paper")
        change = scene.venue.sizes[symbol] - ours.quantities.get(symbol, D(0))
        found = await settle(scene, symbol, mark, request=f"r{number}")
        # Opposite steps may have cancelled out.
        assert found.outcome == ("done" if change else "refused")
        totals = scene.state.totals("paper")
        assert totals.quantities == {s: q for s, q in scene.venue.sizes.items() if q}
        assert totals.raw_usd == ours.raw_usd - change * mark
        assert scene.state.audit("paper") == ()
        assert [attrs.astuple(account(scene, t)) for t in ("ann", "bob", "@reserve")] == traders
    before = scene.state.totals("paper")
    scene.restart()
    assert scene.state.totals("paper") == before


async def test_entries_leave_again_once_the_cash_is_booked_too(scene):
    scene.venue.sizes["ETH"] = D(1)
    scene.venue.raw -= 4000
    await scene.sync()
    await settle(scene)
    assert scene.execution.drift == ()
    assert (await scene.trade("ann", ETH)).orders[0].status is OrderStatus.FILLED
