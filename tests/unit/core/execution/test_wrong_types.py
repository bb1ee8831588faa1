"""An answer of a wrong type is a failed call: it is told, and keeps nothing unprotected."""

from __future__ import annotations

import re
from decimal import Decimal as D

import attrs
import pytest

from nof0_core.border.values import shown
from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.order import OrderRequest, OrderStatus, Side
from nof0_core.errors import OutcomeUnknownError, TransientError
from nof0_core.execution.gateway import Gateway
from nof0_core.ids import ClientOrderId
from nof0_core.protocols import Capability
from nof0_core.testing.environment import START

pytestmark = pytest.mark.anyio
REQUEST = OrderRequest(
    client_id=ClientOrderId("0x1"), symbol="BTC", side=Side.BUY, size=D(1), limit_price=D(100_000)
)
CLOSE = Decision(signal=Signal.CLOSE, symbol="BTC")


def answering(answer):
    async def verb(*_, **__):
        return answer

    return verb


@pytest.mark.parametrize("verb", ["report", "fills", "funding"])
@pytest.mark.parametrize(
    "answer",
    [None, "fills", b"fills", {}, iter(()), set(), 3.5],
    ids=lambda value: repr(value)[:12],
)
async def test_a_read_of_a_wrong_type_fails_and_the_stop_is_placed_all_the_same(
    scene, verb, answer
):
    await scene.open("ann")
    [stop] = [o for o in scene.resting() if o.trigger.kind == "stop"]
    await scene.venue.cancel([stop.client_id])
    await scene.clock.sleep_until(scene.clock.now().replace(hour=23, minute=1))
    asked = getattr(scene.venue, verb)
    setattr(scene.venue, verb, answering(answer))
    trouble = await scene.execution.sync(scene.quotes())
    assert any(f"paper: what {verb} answered is {shown(answer)}, no" in t for t in trouble)
    assert "is in quarantine" in (await scene.open("bob")).orders[0].why
    scene.venue.move("BTC", 98_000)
    await scene.execution.sync(scene.quotes())
    setattr(scene.venue, verb, asked)
    await scene.sync()
    assert scene.venue.sizes["BTC"] == 0
    assert scene.state.position("ann", "BTC") is None
    assert await scene.execution.sync(scene.quotes()) == ()
    scene.venue.move("BTC", 100_000)
    assert (await scene.open("bob")).orders[0].status is OrderStatus.FILLED


@pytest.mark.parametrize(
    "changes",
    [
        {"account": None},
        {"positions": None},
        {"positions": ["BTC"]},
        {"orders": "none"},
        {"orders": [None]},
    ],
    ids=repr,
)
async def test_a_report_with_a_part_of_a_wrong_type_is_none(scene, changes):
    await scene.sync()
    report = scene.venue.report

    async def partly():
        return attrs.evolve(await report(), **changes)

    scene.venue.report = partly
    [part] = changes
    [trouble] = await scene.execution.sync(scene.quotes())
    assert trouble.startswith(f"paper: what report answered {part}")
    scene.venue.report = report
    assert await scene.execution.sync(scene.quotes()) == ()


@pytest.mark.parametrize("answer", [None, "gone", 3, [None], ["a"]], ids=repr)
async def test_an_answer_to_an_order_of_a_wrong_type_leaves_it_unknown(running, answer):
    scene = running
    await scene.sync()
    place = scene.venue.place

    async def garbled(requests, *, expires_at=None):
        await place(requests, expires_at=expires_at)
        return answer

    scene.venue.place = garbled
    silent = answering("what?")
    order, scene.venue.order = scene.venue.order, silent
    carried = await scene.open("ann")
    assert [o.status for o in carried.orders] == [OrderStatus.UNKNOWN]
    scene.venue.place, scene.venue.order = place, order
    await scene.sync()
    assert scene.state.position("ann", "BTC") is not None
    assert len([o for o in scene.resting() if o.trigger.kind == "stop"]) == 1
    scene.assert_agrees()


@pytest.mark.parametrize("answer", [None, "gone", 3, [None], ["a"]], ids=repr)
async def test_an_answer_to_a_cancel_of_a_wrong_type_ends_nothing(scene, answer):
    await scene.open("ann")
    cancel, scene.venue.cancel = scene.venue.cancel, answering(answer)
    await scene.trade("ann", CLOSE)
    assert scene.state.position("ann", "BTC") is None
    assert len(scene.resting()) == 2
    scene.venue.cancel = cancel
    await scene.sync()
    assert scene.resting() == []


class Proving:
    """A venue that proves, and can be handed marks."""

    capabilities = frozenset({Capability.PROOF, Capability.ACCEPTS_MARKS, Capability.FUNDING})

    def __init__(self, answer):
        verb = answering(answer)
        self.report = self.fills = self.funding = self.order = self.prove = verb
        self.accept_marks = self.cancel = verb


@pytest.mark.parametrize(
    ("verb", "arguments", "error"),
    [
        ("order", [REQUEST], TransientError),
        ("prove", [REQUEST], TransientError),
        ("accept_marks", [{}], TransientError),
        ("fills", [START], TransientError),
        ("funding", [START], TransientError),
        ("report", [], TransientError),
        ("cancel", [[ClientOrderId("0x1")]], OutcomeUnknownError),
    ],
)
@pytest.mark.parametrize("answer", ["x", 3, object()], ids=lambda v: type(v).__name__)
async def test_every_verb_names_itself_its_section_and_the_type(
    scene, verb, arguments, error, answer
):
    asked = Gateway(venue_account="paper", provider=Proving(answer), clock=scene.clock)
    with pytest.raises(
        error, match=f"^paper: what {verb} answered is {re.escape(shown(answer))}, no"
    ):
        await getattr(asked, verb)(*arguments)
