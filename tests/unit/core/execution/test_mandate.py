"""What leaves for a venue does so under a mandate, and ends with it where the venue can tell."""

from __future__ import annotations

from datetime import timedelta

import pytest

from nof0_core.domain.position import MarginMode
from nof0_core.errors import TransientError
from nof0_core.execution.mandate import UNBOUNDED, Mandate
from nof0_core.execution.orders import EXPIRES_AFTER
from nof0_core.protocols import Capability
from nof0_core.testing.environment import START

pytestmark = pytest.mark.anyio
OUT = "the lease was not confirmed for 18 s"


def under(scene, **fields):
    scene.execution._gateway.mandate = Mandate(**fields)


async def test_nothing_that_changes_something_leaves_without_it(running):
    under(running, orders=lambda: OUT)
    report = await running.open("ann")
    assert running.venue.requests == []
    assert all(OUT in order.why for order in report.orders)
    gateway = running.execution._gateway
    for call in (gateway.cancel(["0x1"]), gateway.set_leverage("BTC", 2, MarginMode.CROSS)):
        with pytest.raises(TransientError, match=OUT):
            await call
    # What changes nothing is asked as ever.
    assert (await gateway.report()).answer.account is not None


async def test_what_protects_waits_for_it_and_the_stop_at_the_venue_stands(running):
    await running.open("ann")
    before = [order.client_id for order in running.resting()]
    assert before
    under(running, orders=lambda: OUT)
    await running.sync()
    assert [order.client_id for order in running.resting()] == before
    running.execution._gateway.mandate = UNBOUNDED
    await running.sync()
    assert [order.client_id for order in running.resting()] == before
    running.assert_agrees()


@pytest.mark.parametrize(("ends", "expires"), [(5, 5), (3600, 20), (None, 20)])
async def test_an_order_expires_with_the_mandate_or_earlier(running, ends, expires):
    seen = []
    place = type(running.venue).place

    async def watched(requests, *, expires_at):
        seen.append(expires_at)
        return await place(running.venue, requests, expires_at=expires_at)

    running.venue.capabilities |= {Capability.EXPIRY}
    running.restart()
    running.venue.place = watched
    until = None if ends is None else START + timedelta(seconds=ends)
    under(running, until=lambda: until)
    await running.open("ann")
    assert seen
    assert set(seen) == {START + timedelta(seconds=expires)}
    assert timedelta(seconds=20) == EXPIRES_AFTER
