"""A section's timeout lowers the limits of its calls and raises none."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import anyio
import attrs
import pytest
from world.clock import WorldClock
from world.loop import live_in, now

from nof0_core.domain.order import OrderRequest, OrderStatus, Side
from nof0_core.errors import OutcomeUnknownError, TransientError
from nof0_core.execution.gateway import Gateway
from nof0_core.execution.limits import EXCHANGE_VERBS, LIMITS, MARKET_VERBS, VERBS
from nof0_core.ids import ClientOrderId
from nof0_core.testing.environment import START


def test_every_call_is_one_of_an_exchange_or_a_market():
    others = {field.name for field in attrs.fields(type(LIMITS))} - set(VERBS)
    assert others == {"open", "close", "unit", "export", "end"}
    assert set(MARKET_VERBS) == {"quotes", "candles"}
    assert not set(MARKET_VERBS) & set(EXCHANGE_VERBS)


@pytest.mark.parametrize("seconds", [1, 4, 12, 30, 3600])
def test_a_timeout_lowers_what_is_above_it_and_nothing_else(seconds):
    lowered = attrs.asdict(LIMITS.lowered(timedelta(seconds=seconds)))
    for name, limit in attrs.asdict(LIMITS).items():
        is_call = name in VERBS
        assert lowered[name] == (min(limit, seconds) if is_call else limit)


def test_none_and_a_long_timeout_leave_the_table_as_it_is():
    assert LIMITS.lowered(None) == LIMITS
    assert LIMITS.lowered(timedelta(hours=1)) == LIMITS


class Silent:
    """An exchange that never answers."""

    capabilities = frozenset()

    async def hang(self, *_, **__):
        await anyio.sleep_forever()

    place = cancel = report = order = fills = set_leverage = hang


def waited(ask, timeout):
    """Ask a silent exchange in virtual time; returns what came of it and after how long."""

    async def story():
        gateway = Gateway(
            venue_account="paper",
            provider=Silent(),
            clock=WorldClock(START),
            limits=LIMITS.lowered(timeout),
        )
        began = now()
        with pytest.raises((OutcomeUnknownError, TransientError)) as caught:
            await ask(gateway)
        [timing] = gateway.timings.values()
        assert (sum(timing.counts), timing.late, timing.failed) == (1, 1, 0)
        return type(caught.value), now() - began

    return live_in(1, story)


REQUEST = OrderRequest(
    client_id=ClientOrderId("0x1"), symbol="BTC", side=Side.BUY, size=D(1), limit_price=D(100_000)
)


def entry(gateway):
    return gateway.place([], expires_at=None, within=gateway.limits.place)


def stop(gateway):
    return gateway.place([], expires_at=None, within=gateway.limits.protect)


@pytest.mark.parametrize(
    ("ask", "error", "alone"),
    [
        (entry, OutcomeUnknownError, 20),
        (stop, OutcomeUnknownError, 4),
        (lambda gateway: gateway.cancel(["0x1"]), OutcomeUnknownError, 4),
        (lambda gateway: gateway.report(), TransientError, 10),
        (lambda gateway: gateway.fills(START), TransientError, 15),
        (lambda gateway: gateway.order(REQUEST), TransientError, 10),
    ],
)
def test_a_section_that_hangs_is_given_up_at_its_timeout_or_the_limit_before(ask, error, alone):
    assert waited(ask, timedelta(seconds=2)) == (error, 2)
    assert waited(ask, timedelta(seconds=8)) == (error, min(8, alone))
    assert waited(ask, timedelta(hours=1)) == (error, alone)
    assert waited(ask, None) == (error, alone)


def test_an_entry_of_a_section_that_hangs_is_unknown_after_its_timeout(running):
    """From the decision on: the engine sends with the limits it was given."""
    journal, spells = running.recorder.events, []

    async def at_once():
        journal.sync()

    async def hang(*_, **__):
        began = now()
        try:
            await anyio.sleep_forever()
        finally:
            spells.append(now() - began)

    journal.sync_beside = at_once
    running.execution._gateway.limits = LIMITS.lowered(timedelta(seconds=2))

    async def story():
        await running.sync()
        running.venue.place = hang
        await running.open("ann")

    live_in(1, story)
    assert spells == [2]
    [order] = running.state.open_orders("paper")
    assert order.outcome.status is OrderStatus.UNKNOWN
