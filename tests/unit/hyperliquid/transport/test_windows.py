from datetime import UTC, datetime, timedelta

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nof0_core.clock import SimulatedClock
from nof0_provider_hyperliquid.transport.windows import NoRoomError, Priority, Window

pytestmark = pytest.mark.anyio
START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
READS, STATE, ORDERS = Priority.READS, Priority.STATE, Priority.ORDERS
PROTECTION, NEWS = Priority.PROTECTION, Priority.NEWS


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def clock():
    return SimulatedClock(START)


@pytest.fixture
def window(clock):
    return Window("net: weight", limit=100, period=MINUTE, clock=clock)


async def take(window, amount, priority=READS, **named):
    async with window.spend(amount, priority, **named):
        pass


async def test_reads_leave_room_for_the_state_that_for_orders_and_all_for_protection(window, clock):
    await take(window, 60)
    with pytest.raises(NoRoomError, match="60 of 100 within 60 s are used; there is room in 60 s"):
        await take(window, 1, patience=timedelta(seconds=59))
    await take(window, 15, STATE)
    with pytest.raises(NoRoomError):
        await take(window, 1, STATE, patience=timedelta(0))
    await take(window, 20, ORDERS)
    with pytest.raises(NoRoomError):
        await take(window, 1, ORDERS, patience=timedelta(0))
    await take(window, 5, PROTECTION)
    assert window.used == 100
    assert clock.now() == START


async def test_there_is_room_again_a_period_after_the_end(window, clock):
    async with window.spend(60, READS):
        await clock.sleep_until(START + timedelta(seconds=30))
    await take(window, 1)
    assert clock.now() == START + timedelta(seconds=90)


async def test_what_is_under_way_counts_however_long_it_takes(window, clock):
    async with window.spend(60, READS):
        await clock.sleep_until(START + timedelta(hours=1))
        assert window.used == 60


async def test_an_answer_that_is_longer_is_counted_afterwards(window):
    async with window.spend(1, READS) as spending:
        spending.amount = 70
    assert window.used == 70


async def test_orders_overtake_reads_that_wait(window, clock):
    order = []

    async def one(name, amount, priority):
        await take(window, amount, priority)
        order.append(name)

    async with anyio.create_task_group() as tasks, window.spend(60, READS):
        async with window.spend(40, PROTECTION):
            told = {"late": Priority.DOWNLOADS, "read": READS, "state": STATE, "order": ORDERS}
            for name, priority in told.items():
                tasks.start_soon(one, name, 5, priority)
            while window.waiting < len(told):
                await anyio.lowlevel.checkpoint()
        await clock.sleep_until(clock.now() + timedelta(seconds=1))
    assert order[0] == "order"
    assert order == ["order", "state", "read", "late"]


async def test_what_becomes_urgent_while_it_waits_goes_first(window, clock):
    """A look that began as any other must not wait on when a stop turns out to be gone."""
    urgency, order = [STATE], []

    async def one(name, urgency):
        await take(window, 5, urgency)
        order.append((name, (clock.now() - START).total_seconds()))

    await take(window, 75, PROTECTION)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one, "state", STATE)
        await anyio.lowlevel.checkpoint()
        tasks.start_soon(one, "look", lambda: urgency[0])
        await anyio.lowlevel.checkpoint()
        await clock.sleep_until(START + timedelta(seconds=10))
        assert not order
        urgency[0] = ORDERS
    assert order[0][0] == "look"
    assert order[0][1] <= 12
    assert order[1] == ("state", 60)
    assert window.waiting == 0


async def test_one_that_gives_up_leaves_the_way_free(window):
    await take(window, 60)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await take(window, 1)
    await take(window, 40, PROTECTION)
    assert window.waiting == 0


async def test_more_than_there_is_counts_as_all_there_is(window, clock):
    await take(window, 500)
    assert clock.now() == START


async def test_bars_of_any_number_of_coins_never_keep_the_state_waiting(window, clock):
    """The first minute of `etc/live.yaml`: reports and prices waited up to 51 s behind bars."""
    async with anyio.create_task_group() as tasks:
        for _ in range(40):
            tasks.start_soon(take, window, 10)
        await anyio.lowlevel.checkpoint()
        before = clock.now()
        for _ in range(3):
            await take(window, 5, STATE)
        assert clock.now() == before
        tasks.cancel_scope.cancel()


async def test_looks_without_end_leave_bars_their_own_part(window, clock):
    """An account looked at every 4 s used up all that bars may take: no trader saw a market."""
    done = []

    async def looks():
        while True:
            await take(window, 20, STATE)

    async def bars():
        for _ in range(10):
            await take(window, 5)
            done.append((clock.now() - START).total_seconds())

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(looks)
        await clock.sleep_until(START + timedelta(minutes=2))
        tasks.start_soon(bars)
        while len(done) < 10:
            await clock.sleep_until(clock.now() + timedelta(seconds=1))
            assert clock.now() < START + timedelta(minutes=8), done
        tasks.cancel_scope.cancel()
    assert done[0] <= 180


async def test_reads_with_their_own_part_go_no_further_than_the_state(window, clock):
    await take(window, 75, PROTECTION)
    await take(window, 10)
    assert clock.now() == START + MINUTE


async def test_a_refusal_holds_reads_up_longest_and_no_orders(window, clock):
    window.close_for(timedelta(seconds=3))
    await take(window, 1, ORDERS)
    assert clock.now() == START
    await take(window, 1, STATE)
    assert clock.now() == START + timedelta(seconds=3)
    await take(window, 1)
    assert clock.now() == START + timedelta(seconds=15)


async def test_after_refusals_no_more_is_asked_than_flows_in(window, clock):
    """A venue that has nothing left refused the same looks again and again, and all others."""
    window.close_for(timedelta(0))
    await take(window, 10, NEWS, patience=timedelta(0))
    await clock.sleep_until(refused := START + timedelta(seconds=1))
    window.close_for(timedelta(0))
    for _ in range(7):
        await take(window, 10, NEWS)
        # Three quarters of the limit in a minute, from nothing at the refusal.
        asked = window.used - 10
        assert asked <= (clock.now() - refused).total_seconds() / 60 * 75
    assert clock.now() == refused + timedelta(seconds=56)
    await clock.sleep_until(refused + MINUTE)
    await take(window, 22, NEWS, patience=timedelta(0))


async def test_orders_do_not_wait_for_looks_that_wait_after_a_refusal(window, clock):
    window.close_for(timedelta(0))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(take, window, 50, NEWS)
        await anyio.lowlevel.checkpoint()
        before = clock.now()
        await take(window, 1, ORDERS, patience=timedelta(0))
        assert clock.now() == before


async def test_a_clock_that_is_set_back_closes_nothing_for_longer_than_a_period(window, clock):
    await take(window, 60)
    window.close_for(timedelta(seconds=20))
    clock._now -= timedelta(hours=5)
    await take(window, 1)
    assert clock.now() == START - timedelta(hours=5) + MINUTE


@settings(max_examples=60, deadline=None)
@given(
    asked=st.lists(
        st.tuples(st.integers(1, 60), st.sampled_from(Priority), st.floats(0, 40)),
        min_size=1,
        max_size=25,
    )
)
async def test_no_minute_has_more_than_the_limit(asked):
    clock = SimulatedClock(START)
    window = Window("w", limit=100, period=MINUTE, clock=clock)
    seen = []

    async def one(amount, priority, seconds):
        async with window.spend(amount, priority):
            # The venue may see a request at any moment while it is under way.
            seen.append((clock.now(), amount))
            await clock.sleep_until(clock.now() + timedelta(seconds=seconds))

    async with anyio.create_task_group() as tasks:
        for one_asked in asked:
            tasks.start_soon(one, *one_asked)
    assert len(seen) == len(asked)
    for moment, _ in seen:
        within = sum(a for t, a in seen if moment <= t < moment + MINUTE)
        assert within <= 100
