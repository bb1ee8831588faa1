import random
from decimal import Decimal as D
from functools import partial

import anyio
import pytest
from world.faults import KINDS, STRANGER, Fault, FaultPlan, FaultyVenue, Kind, Verb
from world.loop import live_in, nap

from nof0_core.domain.account import AccountReport, VenueAccount
from nof0_core.domain.order import OrderRequest, OrderStatus, Side
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.domain.position import MarginMode
from nof0_core.errors import OutcomeUnknownError, ProviderError
from nof0_core.protocols import Capability
from nof0_core.protocols.capabilities import exchange_faults
from nof0_core.testing.environment import START

ORDER = OrderRequest(
    client_id="0x" + "1" * 32, symbol="BTC", side=Side.BUY, size=D(1), limit_price=D(1)
)


class Inner:
    """A venue that takes everything and remembers the order of it."""

    capabilities = frozenset({Capability.FUNDING, Capability.PROOF, Capability.BATCH})

    def __init__(self):
        self.asked = []

    async def report(self):
        self.asked.append("report")
        zero = D(0)
        account = VenueAccount(
            time=START, equity=zero, raw_usd=zero, margin_used=zero, available=zero
        )
        return AccountReport(time=START, account=account)

    async def place(self, orders, *, expires_at):
        self.asked.append("place")
        return [OrderOutcome(client_id=o.client_id, status=OrderStatus.FILLED) for o in orders]

    async def cancel(self, client_ids):
        self.asked.append("cancel")
        return [OrderOutcome(client_id=c, status=OrderStatus.CANCELED) for c in client_ids]

    async def order(self, client_id):
        self.asked.append("order")

    async def fills(self, since):
        self.asked.append("fills")
        return []

    async def funding(self, since):
        self.asked.append("funding")
        return []

    async def prove(self, client_id):
        self.asked.append("prove")

    async def set_leverage(self, symbol, leverage, margin_mode):
        self.asked.append("set_leverage")


CALLS = {
    Verb.REPORT: lambda v: v.report(),
    Verb.PLACE: lambda v: v.place([ORDER], expires_at=None),
    Verb.CANCEL: lambda v: v.cancel([ORDER.client_id]),
    Verb.ORDER: lambda v: v.order(ORDER.client_id),
    Verb.FILLS: lambda v: v.fills(START),
    Verb.FUNDING: lambda v: v.funding(START),
    Verb.SET_LEVERAGE: lambda v: v.set_leverage("BTC", 5, MarginMode.CROSS),
    Verb.PROVE: lambda v: v.prove(ORDER.client_id),
}


@pytest.mark.parametrize("verb", Verb)
def test_each_kind_of_fault_happens_at_each_verb(verb):
    async def call(kind):
        inner = Inner()
        venue = FaultyVenue(inner, FaultPlan.always(kind, verb))
        with anyio.move_on_after(60):
            try:
                await CALLS[verb](venue)
            except ProviderError as error:
                return inner.asked, type(error)
            except Exception:  # noqa: BLE001 - some kinds raise what no provider may
                return inner.asked, Exception
            return inner.asked, "answered"
        return inner.asked, "nothing"

    for kind in KINDS[verb]:
        asked, how = live_in(1, call, kind)
        reaches = kind in (Kind.SLOW, Kind.SLOW_ANSWER, Kind.DONE_HANGS, Kind.ANSWER_LOST)
        reaches |= kind in (Kind.DONE_RUNTIME, Kind.OTHERS, Kind.EMPTY, Kind.GARBAGE)
        assert asked == ([verb.value] if reaches else []), kind
        hangs = kind in (Kind.HANGS, Kind.DONE_HANGS, Kind.HANGS_LATE)
        assert (how == "nothing") == hangs, kind


def test_a_late_order_lands_after_its_call_was_given_up():
    async def late():
        inner = Inner()
        fault = Fault(verb=Verb.PLACE, kind=Kind.HANGS_LATE, seconds=(25, 25))
        venue = FaultyVenue(inner, FaultPlan(fault))
        with anyio.move_on_after(20):
            await venue.place([ORDER], expires_at=None)
        before = (list(inner.asked), venue.pending)
        await anyio.lowlevel.checkpoint()
        with anyio.move_on_after(10):
            await anyio.sleep_forever()
        await venue.deliver()
        return before, inner.asked, venue.pending

    before, after, pending = live_in(1, late)
    assert before == ([], (ORDER.client_id,))
    assert (after, pending) == (["place"], ())


def test_an_order_that_was_proved_dead_never_lands():
    async def proved():
        venue = FaultyVenue(Inner(), FaultPlan.always(Kind.LATE, Verb.PLACE))
        with pytest.raises(OutcomeUnknownError):
            await venue.place([ORDER], expires_at=None)
        assert await venue.prove(ORDER.client_id) is None
        await venue.deliver(all_of_it=True)
        return venue.inner.asked

    assert live_in(1, proved) == ["prove"]


def test_an_answer_for_other_orders_names_a_stranger():
    async def others():
        return await FaultyVenue(Inner(), FaultPlan.always(Kind.OTHERS)).cancel(["0x1"])

    assert [o.client_id for o in live_in(1, others)] == [STRANGER]


def test_a_fault_has_its_time_and_its_number():
    fault = Fault(verb=Verb.REPORT, kind=Kind.TRANSIENT, since=10, until=20, skip=1, times=1)
    plan = FaultPlan(fault)
    times = (5, 12, 13, 14, 25)
    assert [plan.strike(Verb.REPORT, time) is not None for time in times] == [
        False, False, True, False, False,
    ]  # fmt: skip
    assert plan.calls[Verb.REPORT] == 5
    assert plan.struck[Verb.REPORT, Kind.TRANSIENT] == 1


def test_drawn_plans_are_the_same_for_a_seed_and_end_in_time():
    plan = FaultPlan.drawn(4, until=60, count=50)
    assert plan.faults == FaultPlan.drawn(4, until=60, count=50).faults
    assert plan.faults != FaultPlan.drawn(5, until=60, count=50).faults
    assert max(fault.until for fault in plan.faults) <= 60


def test_a_faulty_venue_keeps_the_words_of_the_one_behind():
    assert exchange_faults(FaultyVenue(Inner(), FaultPlan())) == ()


def test_without_faults_everything_is_passed_on():
    async def all_of_them():
        venue = FaultyVenue(Inner(), FaultPlan())
        for call in CALLS.values():
            await call(venue)
        return venue.inner.asked

    assert live_in(1, all_of_them) == [verb.value for verb in CALLS]


def test_what_the_dead_had_sent_arrives_later_or_never():
    async def story(seed):
        venue = FaultyVenue(Inner(), FaultPlan.always(Kind.HANGS, Verb.PLACE))
        async with anyio.create_task_group() as group:
            group.start_soon(partial(venue.place, [ORDER], expires_at=None))
            await nap(1)
            venue.abandon(random.Random(seed))
            pending = venue.pending
            group.cancel_scope.cancel()
        await nap(30)
        await venue.deliver()
        return pending, venue.inner.asked

    ends = [live_in(1, story, seed) for seed in range(10)]
    assert ((), []) in ends
    assert ((ORDER.client_id,), ["place"]) in ends
    assert all(len(pending) == len(asked) for pending, asked in ends)


def test_what_was_answered_is_not_sent_again_for_the_dead():
    async def story():
        venue = FaultyVenue(Inner(), FaultPlan())
        await venue.place([ORDER], expires_at=None)
        for seed in range(10):
            venue.abandon(random.Random(seed))
        return venue.pending

    assert live_in(1, story) == ()


def test_an_order_that_is_just_arriving_late_does_so_though_its_bearer_dies():
    async def story():
        venue = FaultyVenue(Inner(), FaultPlan.always(Kind.LATE, Verb.PLACE))
        with pytest.raises(OutcomeUnknownError):
            await venue.place([ORDER], expires_at=None)
        arrive, venue.inner.place = venue.inner.place, lambda *_, **__: anyio.sleep_forever()
        with anyio.move_on_after(60):
            await venue.deliver(all_of_it=True)
        venue.abandon(random.Random(1))
        venue.inner.place = arrive
        await venue.deliver()
        return venue.inner.asked

    assert live_in(1, story) == ["place"]


def test_the_time_of_a_plan_may_be_any_clock():
    async def by_hand():
        now = [0]
        plan = FaultPlan(Fault(verb=Verb.FILLS, kind=Kind.DATA, since=60))
        venue = FaultyVenue(Inner(), plan, time=lambda: now[0])
        await venue.fills(START)
        now[0] = 120
        with pytest.raises(ProviderError):
            await venue.fills(START)

    live_in(1, by_hand)
