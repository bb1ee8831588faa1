"""What the venue tells late or all at one moment is booked once, and to the right trader."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import anyio
import attrs
import pytest

from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.order import Side
from nof0_core.execution import fills
from nof0_core.execution.limits import LIMITS
from nof0_core.ids import RESERVE
from nof0_core.testing import samples

pytestmark = pytest.mark.anyio
MINUTE = timedelta(minutes=1)
RULES = {symbol: samples.instrument(symbol) for symbol in ("BTC", "ETH")}


async def _wait(scene, time=MINUTE):
    await scene.clock.sleep_until(scene.clock.now() + time)


def _funding(scene, trader):
    return scene.state.account("paper", trader, scene.venue.prices, scene.clock.now(), RULES)


@pytest.mark.parametrize("delay", [timedelta(minutes=5), timedelta(hours=5)])
async def test_a_fill_that_is_listed_late_is_booked_once(scene, delay):
    """It is older than what was read already; a long delay shows as a difference meanwhile."""
    await scene.open("ann")
    await _wait(scene)
    scene.venue.trade_by_hand("ETH", Side.BUY, "0.5")
    late = attrs.evolve(scene.venue.executed.pop(), trade_id="99")
    await _wait(scene)
    await scene.open("bob")
    await _wait(scene, delay)
    await scene.sync()
    assert [entry.symbol for entry in scene.execution.drift] == ["ETH"]
    scene.venue.executed.insert(-1, late)
    for _ in range(2):
        await scene.sync()
        scene.assert_agrees()
        assert scene.execution.drift == ()
        assert scene.state.quantities("paper", "ETH") == {"@unassigned": D("0.5")}
    scene.restart()
    await scene.sync()
    scene.assert_agrees()
    assert scene.alerts().count("foreign_fill") == 1


async def test_what_happened_before_the_account_was_taken_over_is_not_booked(scene):
    """An exchange may be added to an engine that has run for long; its capital holds its past."""
    scene.venue.trade_by_hand("ETH", Side.BUY, "0.5")
    scene.venue.pay_funding("ETH", "0.001")
    scene.venue.executed = [attrs.evolve(f, time=f.time - MINUTE) for f in scene.venue.executed]
    scene.venue.paid = [attrs.evolve(p, time=p.time - MINUTE) for p in scene.venue.paid]
    scene.venue.sizes.clear()
    scene.venue.raw = D(10_000)
    scene.execution._catch_up._since -= timedelta(days=1)
    await scene.open("ann")
    scene.assert_agrees()
    assert scene.alerts() == []


async def test_funding_listed_late_is_paid_by_who_held_the_coin_at_that_hour(scene):
    await scene.open("ann")
    await _wait(scene)
    scene.venue.pay_funding("BTC", "0.001")
    late = scene.venue.paid.pop()
    await _wait(scene)
    await scene.open("bob")
    await scene.trade("ann", Decision(signal=Signal.CLOSE, symbol="BTC"))
    scene.venue.paid.append(late)
    await scene.sync()
    # 0.01 x 100,000 x 0.001
    assert _funding(scene, "ann").funding == D(-1)
    assert _funding(scene, "bob").funding == _funding(scene, RESERVE).funding == 0
    scene.assert_agrees()


async def test_who_enters_right_after_a_settlement_does_not_pay_for_it(scene):
    """Both carry the same time, as where an order arrives on the hour."""
    await scene.open("ann")
    await _wait(scene)
    scene.venue.pay_funding("BTC", "0.001")
    await scene.open("bob")
    assert _funding(scene, "ann").funding == D(-1)
    assert _funding(scene, "bob").funding == _funding(scene, RESERVE).funding == 0
    assert scene.state.position("ann", "BTC").funding == D(-1)


async def test_who_entered_right_before_a_settlement_pays_for_it(scene):
    await scene.open("ann")
    await _wait(scene)
    await scene.open("bob")
    scene.venue.pay_funding("BTC", "0.001")
    await scene.sync()
    assert _funding(scene, "ann").funding == _funding(scene, "bob").funding == D(-1)


async def test_funding_that_causes_a_liquidation_is_paid_by_who_is_liquidated(scene):
    await scene.open("ann")
    await _wait(scene)
    scene.venue.pay_funding("BTC", "0.001")
    scene.venue.trade_by_hand("BTC", Side.SELL, "0.01")
    scene.venue.executed[-1] = attrs.evolve(scene.venue.executed[-1], is_liquidation=True)
    await scene.sync()
    assert _funding(scene, "ann").funding == D(-1)
    assert _funding(scene, RESERVE).funding == 0
    (trade,) = scene.state.trades("ann")
    assert (trade.reason, trade.funding) == ("liquidation", D(-1))
    scene.assert_agrees()


async def test_what_was_netted_after_the_hour_still_gets_the_venues_settlement(scene):
    await scene.open("ann")
    await _wait(scene)
    hour = scene.clock.now()
    scene.venue.pay_funding("BTC", "0.001")
    late = scene.venue.paid.pop()
    await _wait(scene, timedelta(seconds=1))
    await scene.open("bob", Signal.SELL_TO_ENTER)
    await scene.execution.settle_hour(hour, scene.quotes())
    scene.venue.paid.append(late)
    await scene.sync()
    assert (_funding(scene, "ann").funding, _funding(scene, "bob").funding) == (D(-1), 0)
    scene.assert_agrees()


async def test_what_was_netted_at_the_hour_is_paid_though_one_side_is_gone(scene):
    await scene.open("ann")
    await scene.open("bob", Signal.SELL_TO_ENTER)
    await _wait(scene)
    hour = scene.clock.now()
    await _wait(scene, timedelta(seconds=1))
    await scene.trade("ann", Decision(signal=Signal.CLOSE, symbol="BTC"))
    await scene.execution.settle_hour(hour, scene.quotes())
    paid = (D("0.01") * 100_000 * samples.snapshot().quote.funding_rate).quantize(D("0.000001"))
    assert (_funding(scene, "ann").funding, _funding(scene, "bob").funding) == (-paid, paid)
    scene.assert_agrees()


async def test_funding_that_is_long_in_coming_keeps_no_fill_from_being_booked(scene, monkeypatch):
    """A late order stood without its stop for as long as the settlements took."""
    asked, over = [], anyio.Event()

    async def funding(since):
        asked.append(since)
        await over.wait()
        return []

    await scene.open("ann")
    monkeypatch.setattr(scene.venue, "funding", funding)
    monkeypatch.setattr(fills, "PATIENCE", 0.05)
    scene.execution._gateway.limits = LIMITS
    await _wait(scene, 60 * MINUTE)
    scene.venue.move("BTC", 98_500)
    await scene.sync()
    assert asked
    assert scene.state.position("ann", "BTC") is None
    over.set()
    await scene.sync()
    assert len(asked) > 1, "what was not answered is asked again"


@pytest.mark.parametrize("answer", [None, 5])
async def test_an_answer_about_funding_that_is_no_list_keeps_no_fill_from_being_booked(
    scene, monkeypatch, answer
):
    async def funding(_):
        return answer

    await scene.open("ann")
    assert scene.state.position("ann", "BTC") is not None
    monkeypatch.setattr(scene.venue, "funding", funding)
    await _wait(scene, 60 * MINUTE)
    scene.venue.move("BTC", 98_500)
    await scene.sync()
    assert scene.state.position("ann", "BTC") is None


async def test_an_order_that_counted_as_dead_and_is_executed_belongs_to_its_trader(scene):
    scene.venue.lose_orders = True
    await scene.open("ann")
    await scene.sync()
    assert scene.state.quantities("paper", "BTC") == {}
    scene.venue.lose_orders = False
    scene.recorder.events.flush()
    intents = [event.body for event in scene.recorder.events.read(types=["order_intended"])]
    [sent] = [one.request for one in intents if one.trader == "ann"]
    scene.venue._accept(sent)
    await scene.sync()
    scene.assert_agrees()
    assert scene.state.quantities("paper", "BTC") == {"ann": sent.size}
    assert "late_order" in scene.alerts()
    # It has the stop it was meant to have.
    assert [order.symbol for order in scene.resting() if order.trigger is not None]
