"""What a look at the fills costs where most are known, and that none is lost by it.

HYPERLIQUID §11.4: complete whatever the size of a page, and no answer's length says that it is.
"""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal

import anyio
import pytest
from hyperliquid_desk import limit

from nof0_core.errors import DataError
from nof0_provider_hyperliquid.account import statement
from nof0_provider_hyperliquid.rehearsal.accounts.state import Rules

pytestmark = pytest.mark.anyio
D = Decimal
SIZES = [1, 7, 100, 500, 2_000]
CLOID = "0x" + "5a" * 16


def trade(at, rounds=1, seconds=0.1):
    """Buy and sell again, so that what is held is the same after as before."""
    for _ in range(rounds):
        for is_buy, price in ((True, "101000"), (False, "99000")):
            at.desk.order(limit(is_buy, price, "0.01", "Ioc"))
            at.desk.tick(seconds)


def asked(at):
    """How many questions about fills there were since the last look at that."""
    count = sum(kind.startswith("userFills") for kind in at.client.kinds())
    at.client.asked.clear()
    return count


async def test_a_look_that_finds_nothing_new_asks_once_and_one_that_does_twice(seat):
    at = seat()
    began = at.clock.now()
    trade(at, 3)
    assert len(await at.reader.fills(began)) == 6
    asked(at)
    for _ in range(5):
        at.desk.tick(1)
        assert len(await at.reader.fills(began)) == 6
        assert asked(at) == 1
    trade(at)
    assert len(await at.reader.fills(began)) == 8
    assert asked(at) == 2
    assert len(await at.reader.fills(at.since(0))) == 0
    assert asked(at) == 1


@pytest.mark.parametrize("page", SIZES)
@pytest.mark.parametrize("keeps", ["oldest", "newest"])
@pytest.mark.parametrize("seed", range(4))
async def test_looks_one_after_the_other_lose_nothing_at_any_page_size(
    seat, page, keeps, seed, monkeypatch
):
    """Round trips between two looks: what is held would tell nobody that a page was cut."""
    rng = random.Random(f"{page} {keeps} {seed}")
    at = seat(rules=Rules(fills_page=page))
    if keeps == "newest":
        monkeypatch.setitem(at.client.instead, "userFillsByTime", lambda rows: rows)

        def newest_kept(request):
            if request["type"] == "userFillsByTime":
                rows = [r for r in at.desk.account.fills if r["time"] >= request["startTime"]]
                rows = [r for r in rows if r["time"] <= request.get("endTime", 10**15)]
                at.client.instead["userFillsByTime"] = lambda _: rows[-page:]

        at.client.before = newest_kept
    began = at.clock.now()
    for _ in range(12):
        trade(at, rng.choice([0, 0, 1, 1, 2, 9, 60]), rng.choice([0.002, 0.1, 1]))
        rows, problem = at.desk.account.fills, ""
        try:
            found = await at.reader.fills(began)
        except DataError as error:
            problem = str(error)
        if problem:
            assert "rows of one millisecond" in problem
            assert max(sum(f["time"] == g["time"] for f in rows) for g in rows) >= page
            return
        told = [(f.venue_order_id, f.size) for f in found]
        assert told == [(str(row["oid"]), D(row["sz"])) for row in rows]


async def test_a_page_that_shrinks_between_two_looks_loses_nothing(seat):
    at = seat()
    began = at.clock.now()
    trade(at, 10)
    assert len(await at.reader.fills(began)) == 20
    at.desk.venue.state.rules = Rules(fills_page=3)
    trade(at, 10)
    assert len(await at.reader.fills(began)) == 40


async def test_an_older_fill_that_is_listed_late_is_read_with_the_next_whole_reading(seat):
    at = seat()
    began = at.clock.now()
    trade(at, 3)
    late = {row["oid"] for row in at.desk.account.fills[2:4]}  # a round trip: no gap tells
    at.client.instead["userFillsByTime"] = lambda rows: [r for r in rows if r["oid"] not in late]
    assert len(await at.reader.fills(began)) == 4
    at.client.instead.clear()
    assert len(await at.reader.fills(began)) == 4
    at.desk.tick(statement.WHOLE.total_seconds())
    assert len(await at.reader.fills(began)) == 6


async def test_whoever_reads_further_back_than_before_relies_on_nothing_known(seat):
    """So does the engine where ledger and venue differ."""
    at = seat()
    began = at.clock.now()
    trade(at, 3)
    late = {row["oid"] for row in at.desk.account.fills[2:4]}
    at.client.instead["userFillsByTime"] = lambda rows: [r for r in rows if r["oid"] not in late]
    assert len(await at.reader.fills(began)) == 4
    at.client.instead.clear()
    assert len(await at.reader.fills(began - timedelta(days=1))) == 6
    assert len(await at.reader.fills(began)) == 6


async def test_a_gap_is_looked_for_at_once(seat):
    at = seat()
    began = at.clock.now()
    trade(at)
    await at.reader.fills(began)
    at.desk.order(limit(True, "101000", "0.01", "Ioc"))
    at.desk.tick(1)
    hidden = at.desk.account.fills[-1]["oid"]
    at.desk.order(limit(True, "101000", "0.01", "Ioc"))
    at.desk.tick(1)
    answers = iter([True, True])  # the first two questions come too early for it
    at.client.instead["userFillsByTime"] = lambda rows: (
        [r for r in rows if r["oid"] != hidden] if next(answers, False) else rows
    )
    assert len(await at.reader.fills(began)) == 4
    assert at.alerts == []


async def test_an_order_whose_fills_are_known_costs_no_question_about_them(seat):
    at = seat()
    began = at.clock.now()
    at.desk.order(limit(True, "101000", "0.01", "Ioc", cloid=CLOID))
    at.desk.tick(1)
    await at.reader.fills(began)
    asked(at)
    found = await at.reader.order(CLOID)
    assert (found.filled_size, found.status.value) == (D("0.01"), "filled")
    assert found.average_price
    assert asked(at) == 0


async def test_a_look_that_fails_half_way_changes_nothing(seat):
    at = seat()
    began = at.clock.now()
    trade(at)
    await at.reader.fills(began)
    trade(at)
    good = iter([True])
    at.client.instead["userFillsByTime"] = lambda rows: rows if next(good, 0) else [{"no": 1}]
    with pytest.raises(DataError):
        await at.reader.fills(began)
    at.client.instead.clear()
    assert len(await at.reader.fills(began)) == 4


async def test_who_asks_while_somebody_does_shares_the_next_answer_and_never_an_older_one(seat):
    at = seat()
    began = at.clock.now()
    trade(at)
    await at.reader.fills(began)
    asked(at)
    counts = []

    async def look():
        counts.append(len(await at.reader.fills(began)))

    def traded_meanwhile(_):
        at.client.before = lambda _: None
        tasks.start_soon(look)  # comes while the first is under way, and after a trade
        at.desk.order(limit(True, "101000", "0.01", "Ioc"))

    async with anyio.create_task_group() as tasks:
        at.client.before = traded_meanwhile
        for _ in range(4):
            tasks.start_soon(look)
    assert len(counts) == 5
    assert counts[-1] == 3  # whoever came last sees what was traded before it came
    assert asked(at) <= 5


async def test_one_that_hangs_keeps_nobody_for_long(seat, monkeypatch):
    monkeypatch.setattr(statement, "JOINED_WITHIN", 0.05)
    at = seat()
    began = at.clock.now()
    trade(at)
    hold = anyio.Event()
    client, at.client.info = at.client.info, None

    async def hangs_once(request, **named):
        at.client.info = client
        await hold.wait()

    at.client.info = hangs_once
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(at.reader.fills, began)
        while at.client.info is hangs_once:
            await anyio.lowlevel.checkpoint()
        assert len(await at.reader.fills(began)) == 2
        tasks.cancel_scope.cancel()


async def test_a_fill_after_a_quiet_time_is_joined_to_the_last_one_before(seat):
    at = seat()
    trade(at, 3)
    await at.reader.fills(at.since(600))
    at.desk.tick(3_600)
    assert await at.reader.fills(at.since(600)) == []
    at.desk.order(limit(True, "101000", "0.01", "Ioc"))
    asked(at)
    assert len(await at.reader.fills(at.since(600))) == 1
    assert asked(at) == 2


async def test_settlements_are_asked_for_once_in_a_while_of_an_hour(seat):
    at = seat()
    at.desk.order(limit(True, "101000", "0.01", "Ioc"))
    began = at.clock.now()
    at.desk.tick(3_600)
    found = await at.reader.funding(began)
    assert len(found) == 1
    at.client.asked.clear()
    for _ in range(5):
        at.desk.tick(1)
        assert await at.reader.funding(began + timedelta(seconds=1)) == found
    assert at.client.kinds() == []
    assert await at.reader.funding(began - timedelta(days=1)) == found
    assert at.client.kinds()
    at.desk.tick(3_600)
    assert len(await at.reader.funding(began)) == 2
