"""Exits belong to one position: those an earlier one left behind protect no later one."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.order import Side, TriggerKind
from nof0_core.errors import TransientError

pytestmark = pytest.mark.anyio
CLOSE = Decision(signal=Signal.CLOSE, symbol="BTC")


async def never(_):
    raise TransientError("not now", section="paper")


async def _long_then_short(scene):
    await scene.open("ann")
    await scene.trade("ann", CLOSE)
    await scene.open("ann", Signal.SELL_TO_ENTER)
    assert len(scene.resting()) == 4


async def test_a_stop_left_by_a_long_position_protects_no_short_one(scene, monkeypatch):
    monkeypatch.setattr(scene.venue, "cancel", never)
    await scene.open("ann")
    await scene.trade("ann", CLOSE)
    assert len(scene.resting()) == 2
    scene.venue.refuse_stops = True
    await scene.open("ann", Signal.SELL_TO_ENTER)
    assert scene.state.position("ann", "BTC") is None
    assert "stop_refused" in scene.alerts()


async def test_what_is_left_of_an_earlier_position_is_cancelled_beside_the_new_ones_exits(
    scene, monkeypatch
):
    with monkeypatch.context() as patched:
        patched.setattr(scene.venue, "cancel", never)
        await _long_then_short(scene)
    await scene.sync()
    kept = {(o.side, o.trigger.kind, o.trigger.price) for o in scene.resting()}
    assert kept == {
        (Side.BUY, TriggerKind.STOP, D(101_000)),
        (Side.BUY, TriggerKind.TARGET, D(96_000)),
    }


async def test_exits_of_a_position_that_is_gone_are_known_as_they_are_now(scene, monkeypatch):
    await scene.open("ann")
    exits = scene.execution._exits
    (position,) = exits.positions
    with monkeypatch.context() as patched:
        patched.setattr(scene.venue, "cancel", never)
        await scene.trade("ann", CLOSE)
        assert exits.positions == ()
        found = exits.of(position)
        assert len(found.orders) == len(found.confirmed) == 2
    await scene.sync()
    assert exits.positions == ()
    found = exits.of(position)
    assert found.orders == found.confirmed == ()


async def test_a_doubt_counts_at_once_and_so_does_its_end(scene):
    await scene.open("ann")
    exits = scene.execution._exits
    (position,) = exits.positions
    assert exits.is_kept(position)
    stop = exits.of(position).orders[0].client_id
    exits.doubt(stop, is_doubtful=True)
    assert not exits.is_kept(position)
    assert not exits.of(position).has_stop()
    exits.doubt(stop, is_doubtful=False)
    assert exits.is_kept(position)
    assert exits.of(position).has_stop()
