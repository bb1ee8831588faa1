"""On a full disk no entry leaves; closes and stops do, with their intents or, at worst, without."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from small_disk import SmallDisk

from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.order import OrderStatus
from nof0_core.journal import verify
from nof0_core.journal.reserve import Reserve

pytestmark = pytest.mark.anyio
CLOSE = Decision(signal=Signal.CLOSE, symbol="BTC")
RESERVE = 32_768


@pytest.fixture
def disk(monkeypatch):
    return SmallDisk(monkeypatch, 1_000_000)


@pytest.fixture
async def live(running, disk):
    running.recorder.keep_room(Reserve(running.root.parent / "reserve", RESERVE))
    await running.sync()
    return running


async def test_an_entry_whose_intent_finds_no_room_does_not_leave(live, disk):
    disk.room = 100
    (report,) = (await live.open("ann")).orders
    assert report.outcome.status is OrderStatus.REJECTED
    assert report.outcome.reason == "entries are stopped: the disk is full"
    (later,) = (await live.open("bob")).orders
    assert later.reason == "entries are stopped: the disk is full"
    assert live.venue.requests == []
    assert live.alerts() == ["disk_full"]


@pytest.mark.parametrize("room", [100, 0])
async def test_a_close_leaves_and_its_intent_is_kept_in_the_reserve(live, disk, room):
    await live.open("ann")
    disk.room = room
    await live.trade("ann", CLOSE)
    assert live.state.position("ann", "BTC") is None
    assert live.venue.sizes["BTC"] == 0
    kept = {e.body.request.client_id for e in live.recorder.events.read(types=["order_intended"])}
    assert {request.client_id for request in live.venue.requests} <= kept


async def test_with_the_reserve_used_up_closes_and_stops_leave_all_the_same(live, disk):
    await live.open("ann")
    await live.open("bob", Signal.BUY_TO_ENTER)
    disk.room = 100
    live.recorder.alert("test", "m" * 1000)
    live.recorder.commit()
    disk.room = 0
    stops = {o.client_id for o in live.resting()}
    await live.trade("ann", CLOSE)
    await live.execution.flatten(["bob"], live.quotes())
    assert live.state.position("ann", "BTC") is None
    assert live.venue.sizes["BTC"] == 0
    assert stops
    written = verify(live.root).records
    assert written < live.recorder.events.last_seq
    disk.room = 1_000_000
    await live.sync()
    await live.recorder.secure()
    assert not live.recorder.is_disk_full
    assert verify(live.root).ok
    live.restart()
    await live.sync()
    live.assert_agrees()


async def test_entries_leave_again_once_there_is_room(live, disk):
    disk.room = 100
    await live.open("ann")
    disk.room = 10 * RESERVE
    await live.recorder.secure()
    await live.open("ann")
    assert live.state.position("ann", "BTC").quantity > D(0)
    live.recorder.flush()
    assert live.alerts() == ["disk_full", "disk_has_room"]
