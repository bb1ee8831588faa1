"""What the observer must see: each rule broken by hand."""

import random
from decimal import Decimal as D
from types import SimpleNamespace

import pytest
from world.clock import WorldClock
from world.faults import Fault, FaultPlan, FaultyVenue, Kind, Verb
from world.loop import live_in, nap
from world.observer import Observer
from world.truth import Truth
from world.venue import ACCOUNT, WorldVenue
from world.watched import Watched

from nof0_core.domain.event import Event, Offset, OrderIntended
from nof0_core.domain.order import OrderPurpose, OrderRequest, Side, Trigger, TriggerKind
from nof0_core.domain.vocabulary import ExitReason
from nof0_core.ids import UNASSIGNED, client_order_id
from nof0_core.state.engine_state import EngineState
from nof0_core.testing.environment import START


class World:
    """A venue watched by everybody, without an engine: the test says what is sent."""

    def __init__(self, *faults):
        self.clock = WorldClock(START)
        self.plan = FaultPlan(*faults)
        self.venue = WorldVenue(random.Random(1), self.clock)
        self.truth = Truth(["ann", "bob"])
        self.venue.on_fill = self.truth.on_fill
        faulty = FaultyVenue(self.venue, self.plan, time=lambda: 0.0)
        self.watched = Watched(faulty, self.truth, lambda _: None)
        self.observer = Observer(self.venue, self.truth, self.watched, self.plan, self.clock)
        self.venue.on_loss = self.observer.lose

    async def open(self, trader="ann", side=Side.BUY, size=D("0.02")):
        approved = SimpleNamespace(trader=trader, cycle="1", decision=SimpleNamespace(symbol="BTC"))
        self.truth.approve(approved, START, D(100_000 - side.sign * 1_000))
        await self.send(trader, "open", side, size=size)

    async def send(self, trader, leg, side=Side.SELL, **more):
        size = more.pop("size", D("0.02"))
        order = OrderRequest(
            client_id=client_order_id(trader, "1", "BTC", leg), symbol="BTC", side=side,
            size=size, limit_price=D(200_000) if side is Side.BUY else D(1), **more,
        )  # fmt: skip
        await self.watched.place([order], expires_at=None)

    async def stop(self, trader="ann", size=D("0.02")):
        trigger = Trigger(kind=TriggerKind.STOP, price=D(99_000))
        await self.send(trader, "stop", size=size, is_reduce_only=True, trigger=trigger)

    def look(self, *seconds):
        for second in seconds:
            self.observer.look(second)
        return [check for check, _ in self.observer.faults]


def tell(story, *faults):
    async def told():
        world = World(*faults)
        await world.watched.report()
        return await story(world)

    return live_in(1, told)


def test_a_position_without_a_stop_is_seen_after_its_deadline():
    async def story(world):
        await world.open()
        return world.look(*range(10, 20)), world.look(*range(20, 30))

    assert tell(story) == ([], ["protected"])


def test_a_stop_for_all_of_it_is_enough_and_one_for_a_part_is_not():
    async def story(world, size):
        await world.open()
        await world.stop(size=size)
        return world.look(*range(10, 60))

    assert tell(lambda world: story(world, D("0.02"))) == []
    assert tell(lambda world: story(world, D("0.01"))) == ["protected"]


def test_after_a_start_the_deadline_counts_from_the_first_report():
    async def story(world):
        await world.open()
        world.observer.leave()
        away = world.look(*range(10, 60))
        world.watched.remember(EngineState())
        world.watched.told.update(world.truth.filled)  # So it was recorded.
        world.observer.begin()
        before = world.look(*range(60, 90))
        await world.watched.report()
        return away, before, world.look(*range(90, 100)), world.look(*range(100, 120))

    assert tell(story) == ([], [], [], ["protected"])


def test_a_close_whose_answer_a_crash_took_counts_as_unknown_again():
    async def story(world, remembers):
        await world.open()
        world.venue.thin = 1
        world.venue.rng = SimpleNamespace(
            randrange=lambda _: 0, choice=lambda _: D(0), uniform=lambda a, _: a
        )
        await world.send("ann", "close", is_reduce_only=True)
        if remembers:
            world.watched.remember(EngineState())
            world.watched.told.update(world.truth.filled)
            await world.watched.report()
        return world.look(*range(10, 60))

    assert tell(lambda world: story(world, remembers=True)) == []
    assert tell(lambda world: story(world, remembers=False)) == ["protected"]


def test_a_close_that_was_intended_and_never_left_counts_as_unknown_after_a_crash():
    async def story(world, is_recorded):
        await world.open()
        state = EngineState()
        if is_recorded:
            request = OrderRequest(
                client_id=client_order_id("ann", "1", "BTC", "close"), symbol="BTC",
                side=Side.SELL, size=D("0.02"), limit_price=D(1),
            )  # fmt: skip
            intent = OrderIntended(
                trader="ann", venue_account=ACCOUNT, cycle="1", purpose=OrderPurpose.STOP,
                request=request,
            )  # fmt: skip
            state.apply(Event(seq=1, time=START, stream="ann", body=intent))
        world.watched.remember(state)
        world.watched.told.update(world.truth.filled)
        await world.watched.report()
        return world.look(*range(10, 80)), world.look(*range(80, 120))

    assert tell(lambda world: story(world, is_recorded=True)) == ([], ["protected"])
    assert tell(lambda world: story(world, is_recorded=False))[0] == ["protected"]


def test_a_fill_the_engine_was_not_told_of_is_not_held_against_it():
    async def story(world):
        with pytest.raises(RuntimeError):
            await world.open()
        return world.look(*range(10, 60))

    fault = Fault(verb=Verb.PLACE, kind=Kind.DONE_RUNTIME, times=1)
    assert tell(story, fault) == []


def test_a_stop_that_was_lost_counts_from_the_report_that_shows_it():
    async def story(world):
        await world.open()
        await world.stop()
        world.venue.cancel_by_hand(world.venue.resting()[0])
        before = world.look(*range(10, 60))
        await world.watched.report()
        return before, world.look(*range(60, 80))

    assert tell(story) == ([], ["protected"])


def test_nothing_is_asked_for_while_no_order_can_leave():
    async def story(world):
        await world.open()
        return world.look(*range(10, 60)), world.observer.counts["no possibility"]

    fault = Fault(verb=Verb.PLACE, kind=Kind.TRANSIENT, skip=1)
    assert tell(story, fault) == ([], 50)


def test_opposite_positions_are_watched_until_the_mark_is_at_the_stop():
    async def story(world):
        await world.open("ann")
        await world.open("bob", Side.SELL)
        before = world.look(*range(10, 60))
        world.venue.prices["BTC"] = D(98_000)
        return before, world.look(*range(60, 80))

    before, after = tell(story)
    assert before == []
    assert "protected" in after


def test_an_opposite_side_that_is_gone_counts_until_an_answer_tells_of_it():
    async def story(world):
        await world.open("ann")
        await world.open("bob", Side.SELL)
        with pytest.raises(RuntimeError):
            await world.send("bob", "close", Side.BUY)
        before = world.look(*range(10, 60))
        await world.watched.order(client_order_id("bob", "1", "BTC", "close"))
        return before, world.look(*range(60, 80))

    fault = Fault(verb=Verb.PLACE, kind=Kind.DONE_RUNTIME, skip=2, times=1)
    assert tell(story, fault) == ([], ["protected"])


def test_what_a_person_holds_counts_until_the_fills_tell_that_it_is_gone():
    async def story(world):
        world.venue.trade_by_hand("BTC", Side.SELL, D("0.01"))
        await world.watched.fills(START)
        await world.open("ann")
        world.venue.trade_by_hand("BTC", Side.BUY, D("0.01"))
        before = world.look(*range(10, 60))
        await world.watched.fills(START)
        return before, world.look(*range(60, 80))

    assert tell(story) == ([], ["protected"])


@pytest.mark.parametrize(
    ("told", "waited", "found"),
    [("before", 0, []), ("before", 4.5, []), ("before", 5, ["growth"]), ("after", 0, ["growth"])],
)
def test_a_person_may_come_between_a_fresh_report_and_the_order_that_relies_on_it(
    told, waited, found
):
    async def story(world):
        await world.open()
        await nap(10)
        if told == "before":
            await world.watched.report()
        world.venue.trade_by_hand("BTC", Side.SELL, D("0.02"))
        if told == "after":
            await world.watched.report()
        await nap(waited)
        await world.send("ann", "close")
        return [check for check, _ in world.truth.faults]

    assert tell(story) == found


@pytest.mark.parametrize(
    ("size", "has_opposite", "found"),
    [("0.00005", True, []), ("0.0002", True, ["protected"]), ("0.00005", False, ["protected"])],
)
def test_what_no_order_of_the_venue_can_close_is_left_alone(size, has_opposite, found):
    async def story(world):
        if has_opposite:
            await world.open("ann")
            await world.stop("ann")
        await world.open("bob", Side.SELL, D(size))
        world.venue.prices["BTC"] = D(102_000)
        return world.look(*range(10, 60))

    assert tell(story) == found


def test_what_a_crash_took_of_the_record_is_taken_back():
    async def story(world):
        await world.open()
        moved = {"ann": D("-0.02"), UNASSIGNED: D("0.02")}
        body = Offset(
            venue_account=ACCOUNT,
            symbol="BTC",
            price=D(1),
            quantities=moved,
            reason=ExitReason.STOP,
        )
        event = Event(seq=1, time=START, stream="ann", body=body)
        world.truth.on_event(event)
        while_recorded = world.truth.held["ann", "BTC"], world.truth.by_hand["BTC"]
        world.truth.on_event(event, sign=-1)
        return while_recorded, (world.truth.held["ann", "BTC"], world.truth.by_hand["BTC"])

    assert tell(story) == ((D(0), D("0.02")), (D("0.02"), D(0)))


def test_a_close_of_more_than_a_fresh_report_showed_makes_it_grow_all_the_same():
    async def story(world):
        await world.open()
        await world.watched.report()
        world.venue.trade_by_hand("BTC", Side.SELL, D("0.02"))
        await world.send("ann", "close", size=D("0.05"))
        return [check for check, _ in world.truth.faults]

    assert tell(story) == ["growth"]


def test_a_close_against_another_trader_may_make_it_grow():
    async def story(world):
        await world.open("ann")
        await world.open("bob", Side.SELL)
        await world.send("ann", "close")
        return world.venue.sizes["BTC"], world.truth.faults

    assert tell(story) == (D("-0.02"), [])


def test_an_order_that_is_sent_twice_is_seen():
    async def story(world):
        await world.open()
        await world.send("ann", "open", Side.BUY)
        return [check for check, _ in world.watched.faults]

    assert tell(story) == ["resent"]
