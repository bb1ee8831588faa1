"""What a simulated venue tells in its answers is booked once, and after what went before it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import attrs
import pytest

from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.order import Side
from nof0_core.protocols import Capability
from nof0_core.testing import samples

pytestmark = pytest.mark.anyio
CLOSE = Decision(signal=Signal.CLOSE, symbol="BTC")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def _simulate(scene, *, spoil=lambda fills: fills):
    """Let the venue be a simulated one; returns the verbs that are asked of it from now on."""
    asked = []

    class Simulated(type(scene.venue)):
        capabilities = scene.venue.capabilities | {Capability.ACCEPTS_MARKS}
        handed_over = 0

        async def accept_marks(self, quotes):
            asked.append("accept_marks")
            fresh, self.handed_over = self.executed[self.handed_over :], len(self.executed)
            return fresh

        async def place(self, requests, *, expires_at):
            asked.append("place")
            told = await super().place(requests, expires_at=expires_at)
            return [attrs.evolve(o, fills=spoil(self._of(o.client_id))) for o in told]

        async def fills(self, since):
            asked.append("fills")
            return await super().fills(since)

        async def funding(self, since):
            asked.append("funding")
            return await super().funding(since)

        def _of(self, client_id):
            return tuple(fill for fill in self.executed if fill.client_id == client_id)

    scene.venue.__class__ = Simulated
    scene.restart()
    return asked


def _booked(scene):
    scene.recorder.events.flush()
    return [e.body.fill.trade_id for e in scene.recorder.events.read(types=["filled"])]


async def test_what_the_answers_of_this_moment_tell_is_booked_without_asking(scene):
    asked = _simulate(scene)
    await scene.sync()
    asked.clear()
    await scene.open("ann")
    await scene.trade("ann", CLOSE)
    # Entry, its exits, close.
    assert [verb for verb in asked if verb != "funding"] == ["place", "place", "place"]
    assert [t.reason for t in scene.state.trades("ann")] == ["close"]
    scene.assert_agrees()
    # The same executions are handed over at the next look.
    await scene.sync()
    assert _booked(scene) == ["1", "2"]
    assert "fills" not in asked
    scene.assert_agrees()
    assert scene.alerts() == []


async def test_what_happened_since_the_venue_had_the_prices_is_booked_before(scene):
    """Time has passed: a stop may have fired that nobody has heard of."""
    asked = _simulate(scene)
    await scene.open("ann")
    await scene.clock.sleep_until(scene.clock.now() + MINUTE)
    scene.venue.move("BTC", 98_500)
    scene.venue.move("BTC", 100_000)
    asked.clear()
    await scene.trade("bob", samples.decision(Signal.BUY_TO_ENTER))
    assert asked[0] == "place"
    assert "accept_marks" in asked
    assert [t.reason for t in scene.state.trades("ann")] == ["stop"]
    assert _booked(scene) == ["1", "2", "3"]
    scene.assert_agrees()


async def test_where_ledger_and_venue_differ_the_statement_is_read_first(scene):
    asked = _simulate(scene)
    await scene.open("ann")
    scene.venue.trade_by_hand("ETH", Side.BUY, "0.5")
    hidden = scene.venue.executed.pop()
    await scene.sync()
    assert [entry.symbol for entry in scene.execution.drift] == ["ETH"]
    scene.venue.executed.append(hidden)
    asked.clear()
    await scene.trade("ann", CLOSE)
    assert "fills" in asked
    assert scene.state.quantities("paper", "ETH") == {"@unassigned": D("0.5")}
    scene.assert_agrees()


async def test_an_answer_without_its_executions_is_asked_for(scene):
    asked = _simulate(scene, spoil=lambda _: ())
    await scene.sync()
    asked.clear()
    await scene.open("ann")
    assert [verb for verb in asked if verb != "funding"] == ["place", "place", "accept_marks"]
    assert _booked(scene) == ["1"]
    scene.assert_agrees()


async def test_a_bad_row_of_an_answer_is_looked_for_on_the_statement(scene):
    """The row says the other side than the order it names."""
    asked = _simulate(
        scene, spoil=lambda fills: tuple(attrs.evolve(f, side=Side.SELL) for f in fills)
    )
    await scene.sync()
    await scene.open("ann")
    assert _booked(scene) == []
    asked.clear()
    await scene.sync()
    assert "fills" in asked
    assert _booked(scene) == ["1"]
    scene.assert_agrees()


async def test_an_engine_that_dies_before_it_books_books_after_a_restart(scene, monkeypatch):
    _simulate(scene)
    await scene.sync()

    class Dead(BaseException):
        pass

    async def die(*_args):
        raise Dead

    with monkeypatch.context() as patched:
        patched.setattr(scene.execution._fills, "book_handed_over", die)
        with pytest.raises(Dead):
            await scene.open("ann")
    assert _booked(scene) == []
    scene.restart()
    await scene.sync()
    assert _booked(scene) == ["1"]
    assert scene.execution.unprotected() == ()
    scene.assert_agrees()


async def test_an_hour_whose_coins_are_all_settled_is_asked_about_once(scene):
    asked = _simulate(scene)
    await scene.open("ann")
    await _to_the_hour(scene)
    scene.venue.pay_funding("BTC", "0.001")
    await scene.sync()
    asked.clear()
    for _ in range(3):
        await scene.clock.sleep_until(scene.clock.now() + MINUTE)
        await scene.sync()
    await scene.trade("ann", CLOSE)
    await scene.open("ann")
    assert "funding" not in asked
    await _to_the_hour(scene)
    await scene.sync()
    assert "funding" in asked


async def test_an_hour_is_asked_about_again_while_a_coin_is_not_settled(scene):
    """A venue may list the settlements of one hour one after the other."""
    asked = _simulate(scene)
    eth = attrs.evolve(
        samples.decision(),
        symbol="ETH",
        entry_price=D(4000),
        stop_loss=D(3960),
        take_profit=D(4160),
    )
    await scene.trade("ann", samples.decision(), eth)
    await _to_the_hour(scene)
    scene.venue.pay_funding("BTC", "0.001")
    scene.venue.pay_funding("ETH", "0.001")
    late = scene.venue.paid.pop()
    await scene.sync()
    asked.clear()
    scene.venue.paid.append(late)
    await scene.clock.sleep_until(scene.clock.now() + MINUTE)
    await scene.sync()
    assert "funding" in asked
    assert {p.symbol: p.funding < 0 for p in scene.state.positions("paper")} == {
        "BTC": True,
        "ETH": True,
    }
    scene.assert_agrees()


async def _to_the_hour(scene):
    now = scene.clock.now()
    await scene.clock.sleep_until(now.replace(minute=0, second=0, microsecond=0) + HOUR)
