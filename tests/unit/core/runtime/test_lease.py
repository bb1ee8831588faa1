"""What an engine may do follows from when the database last confirmed its lease."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.errors import LeaseLostError, TransientError, UsageError
from nof0_core.runtime.lease import TIMES, HeldLease
from nof0_core.storage.leases import Grant, Holder, Lease, LeaseHeldError, Wanted
from nof0_core.testing.environment import Lines

NAME = Wanted(name="engine arena", kind="engine")
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


class Hand:
    """A counter of seconds set by hand, and a database that answers what it is told to."""

    def __init__(self):
        self.seconds = 1000.0
        self.takes = 0.0
        self.answer = None

    def clock(self):
        return self.seconds

    async def acquire(self, wanted, holder):
        self._answered()
        tokens = {one.name: 7 for one in wanted}
        return Grant(tokens=tokens, until=self._until(), taken_over=())

    async def renew(self, tokens):
        self._answered()
        return self._until()

    async def prepare(self):
        pass

    def _answered(self):
        self.seconds += self.takes
        if self.answer is not None:
            raise self.answer

    def _until(self):
        return NOW + timedelta(seconds=self.seconds)


def lease_on(hand, *, is_binding=True):
    holder = Holder(engine="arena", instance="a", place="here", is_binding=is_binding)
    lease = HeldLease(
        hand, wanted=[NAME], holder=holder, prepare=hand.prepare, log=Lines(), clock=hand.clock
    )
    told = []
    lease.alert = lambda code, text: told.append((code, text))
    return lease, told


@given(
    steps=st.lists(
        st.tuples(
            st.floats(0, 12),
            st.floats(0, 4),
            st.sampled_from([None, TransientError("away"), LeaseLostError("taken over by b")]),
        ),
        max_size=12,
    )
)
def test_nothing_leaves_that_another_engine_could_not_have_been_kept_from(steps):
    """The lease on the server ends `length` after its answer at the earliest."""

    async def live():
        hand = Hand()
        lease, _ = lease_on(hand)
        await lease.acquire(is_waiting=False)
        mandate = lease.mandate(is_wall_time=True)
        confirmed, is_lost = hand.seconds, False
        for waits, takes, answer in steps:
            hand.seconds += waits
            asked, hand.takes, hand.answer = hand.seconds, takes, answer
            is_over = is_lost
            if not is_lost:
                await lease.renew()
                is_over = is_lost = isinstance(answer, LeaseLostError)
                if answer is None:
                    confirmed = asked
            age = hand.seconds - confirmed
            assert bool(mandate.entries()) == (is_over or age >= TIMES.entries)
            assert bool(mandate.orders()) == (is_over or age >= TIMES.orders)
            if not mandate.orders():
                assert mandate.until() >= NOW + timedelta(seconds=confirmed)
            assert lease.lost.is_set() == is_lost

    anyio.run(live)


@pytest.mark.anyio
async def test_that_entries_stop_and_may_go_on_is_told_once_each():
    hand = Hand()
    lease, told = lease_on(hand)
    await lease.acquire(is_waiting=False)
    hand.answer = TransientError("the database cannot be reached")
    for seconds in (5, 5, 5, 5, 5):
        hand.seconds += seconds
        await lease.renew()
    assert [code for code, _ in told] == ["lease_unconfirmed"]
    assert "no answer from the database for 15 s" in told[0][1]
    hand.answer = None
    await lease.renew()
    await lease.renew()
    assert [code for code, _ in told] == ["lease_unconfirmed", "lease_confirmed"]
    assert lease.mandate(is_wall_time=True).entries() == ""


@pytest.mark.anyio
async def test_a_lease_that_only_tells_stops_no_order_and_outlives_the_database():
    hand = Hand()
    hand.answer = TransientError("away")
    lease, told = lease_on(hand, is_binding=False)
    await lease.acquire(is_waiting=False)
    assert lease.token == 0
    hand.seconds += 3600
    await lease.renew()
    mandate = lease.mandate(is_wall_time=True)
    assert (mandate.entries(), mandate.orders(), mandate.until()) == ("", "", None)
    hand.answer = None
    await lease.renew()
    assert lease.token == 7
    hand.answer = LeaseLostError("taken over by b")
    await lease.renew()
    assert [code for code, _ in told] == ["lease_lost"]
    assert "writes nothing to the database" in told[0][1]
    assert mandate.orders() == ""


@pytest.mark.anyio
async def test_a_binding_lease_needs_the_database_at_the_start():
    hand = Hand()
    hand.answer = TransientError("the database cannot be reached")
    lease, _ = lease_on(hand)
    with pytest.raises(Exception, match="nobody can tell whether another engine trades"):
        await lease.acquire(is_waiting=False)


@pytest.mark.anyio
async def test_who_is_refused_hears_who_holds_it_and_for_how_long():
    hand = Hand()
    held = Lease(
        name=NAME.name, kind="engine", engine="arena", instance="b", place="box, process 7, /data",
        token=3, is_binding=True, since=NOW, seen=NOW, until=NOW + timedelta(seconds=12), now=NOW,
    )  # fmt: skip
    hand.answer = LeaseHeldError([held])
    lease, _ = lease_on(hand)
    with pytest.raises(UsageError, match="box, process 7, /data") as refused:
        await lease.acquire(is_waiting=False)
    assert "runs out in 12 s" in refused.value.hints[0]
    assert refused.value.exit_code == 2


def test_it_is_said_whose_exits_nobody_watches_while_the_database_is_away():
    from types import SimpleNamespace

    from nof0_core.plugins.kinds import ExchangeKind
    from nof0_core.runtime.lease_notes import lease_notes

    def config(*exchanges, is_leased=True):
        kind = ExchangeKind(
            type="live", config=object, open=lambda *_: None, summary="", identity=lambda _: "v 0x1"
        )
        sections = {name: SimpleNamespace(kind=kind, config=None) for name in set(exchanges)}
        traders = [SimpleNamespace(exchange=name) for name in exchanges]
        return SimpleNamespace(is_leased=is_leased, exchanges=sections, traders=traders)

    assert lease_notes(config("a", "a", is_leased=False)) == []
    assert len(lease_notes(config("a", "b"))) == 1
    assert "traders share a:" in lease_notes(config("a", "a", "b"))[1]
