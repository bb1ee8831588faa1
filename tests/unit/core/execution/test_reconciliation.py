"""What ledger and venue differ on stops entries until it is explained."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import attrs
import pytest

from nof0_core.domain.order import OrderStatus, Side
from nof0_core.errors import TransientError
from nof0_core.testing import samples

pytestmark = pytest.mark.anyio
ETH = samples.decision(symbol="ETH", entry_price=D(4000), stop_loss=D(3960), take_profit=D(4160))
DIFFERS = "entries are stopped: ledger and venue differ"


def appear(scene):
    scene.venue.sizes["ETH"] = D(1)


def vanish(scene):
    scene.venue.sizes["ETH"] = D(0)


def pay_in(scene):
    scene.venue.raw += 500


def pay_out(scene):
    scene.venue.raw -= 500


COIN_OR_CASH = pytest.mark.parametrize(
    ("come", "go"),
    [pytest.param(appear, vanish, id="coin"), pytest.param(pay_in, pay_out, id="cash")],
)


def reconciled(scene):
    scene.recorder.events.flush()
    found = scene.recorder.events.read(types=["reconciled"])
    return [[entry.symbol for entry in event.body.drift] for event in found]


async def why_not(scene):
    """Return why an entry in ETH is refused, empty if it is not."""
    carried = await scene.trade("ann", ETH)
    report = carried.orders[0]
    return "" if report.outcome is not None else report.why


@COIN_OR_CASH
async def test_what_one_look_does_not_show_still_stops_until_the_next_in_a_row(scene, come, go):
    come(scene)
    await scene.sync()
    go(scene)
    before = reconciled(scene)
    await scene.sync()
    assert await why_not(scene) == DIFFERS
    assert reconciled(scene) == before
    await scene.sync()
    assert reconciled(scene) == [*before, []]
    assert await why_not(scene) == ""
    assert scene.alerts() == ["drift"]


@COIN_OR_CASH
async def test_a_difference_that_comes_back_begins_the_row_anew(scene, come, go):
    for change in (come, go, come, go):
        change(scene)
        await scene.sync()
        assert await why_not(scene) == DIFFERS
    assert len(reconciled(scene)) == 1
    await scene.sync()
    assert await why_not(scene) == ""
    assert scene.alerts() == ["drift"]


@COIN_OR_CASH
async def test_a_look_that_failed_breaks_the_row(scene, monkeypatch, come, go):
    come(scene)
    await scene.sync()
    go(scene)
    await scene.sync()

    async def away():
        raise TransientError("the venue is away")

    with monkeypatch.context() as patch:
        patch.setattr(scene.venue, "report", away)
        await scene.sync()
    await scene.sync()
    assert await why_not(scene) == DIFFERS
    await scene.sync()
    assert await why_not(scene) == ""


@COIN_OR_CASH
async def test_a_restart_is_no_look(scene, come, go):
    come(scene)
    await scene.sync()
    go(scene)
    scene.restart()
    await scene.sync()
    assert await why_not(scene) == DIFFERS
    await scene.sync()
    assert await why_not(scene) == ""
    assert reconciled(scene)[-1] == []


async def test_a_new_run_tells_again_what_still_differs(scene):
    appear(scene)
    await scene.sync()
    scene.restart()
    for _ in range(2):
        await scene.sync()
    assert scene.alerts() == ["drift", "drift"]
    assert reconciled(scene) == [["ETH"]]


async def test_what_is_gone_is_told_of_no_more_while_another_stays(scene):
    appear(scene)
    pay_in(scene)
    scene.venue.sizes["BTC"] = D(1)
    await scene.sync()
    assert scene.alerts() == ["drift", "drift", "drift"]
    vanish(scene)
    for _ in range(2):
        await scene.sync()
    assert reconciled(scene) == [["BTC", "ETH", None], ["BTC", None]]
    assert scene.alerts() == ["drift", "drift", "drift"]


async def test_time_alone_explains_no_position(scene):
    appear(scene)
    for _ in range(5):
        await scene.sync()
        await scene.clock.sleep_until(scene.clock.now() + timedelta(hours=1))
    assert [entry.symbol for entry in scene.execution.drift] == ["ETH"]


async def test_a_statement_that_explains_the_position_does_so_at_once(scene):
    await scene.sync()
    scene.venue.trade_by_hand("ETH", Side.BUY, "1")
    late = scene.venue.executed.pop()
    await scene.sync()
    assert await why_not(scene) == DIFFERS
    scene.venue.executed.append(attrs.evolve(late, trade_id="99"))
    await scene.sync()
    assert scene.execution.drift == ()
    scene.assert_agrees()


async def test_where_time_runs_by_itself_one_report_is_one_look(running):
    """Reports are shared for a second: who looks twice at the same one has looked once."""
    appear(running)
    await running.sync()
    vanish(running)
    running.execution._gateway._flights._flights.clear()
    await running.sync()
    await running.sync()
    assert [entry.symbol for entry in running.execution.drift] == ["ETH"]
    running.execution._gateway._flights._flights.clear()
    await running.sync()
    assert running.execution.drift == ()
    assert (await running.trade("bob", ETH)).orders[0].status is OrderStatus.FILLED


async def test_what_comes_and_goes_is_told_of_once_in_an_hour(scene):
    await scene.sync()
    for _ in range(110):
        appear(scene)
        await scene.sync()
        vanish(scene)
        for _ in range(3):
            await scene.clock.sleep_until(scene.clock.now() + timedelta(seconds=15))
            await scene.sync()
    assert len(reconciled(scene)) == 220
    # 82 minutes of it.
    assert scene.alerts() == ["drift", "drift"]
