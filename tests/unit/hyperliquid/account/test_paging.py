"""Histories are complete whatever the size of a page, or it is told that they cannot be had.

HYPERLIQUID §11.4 (12, 13): NoFxAiOS/nofx lost fills when pages shrank to 100 rows, and
MetaMask/metamask-mobile#28671 read the oldest 500 settlements as the newest.
"""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from hyperliquid_desk import limit

from nof0_core.domain.candles import from_ms
from nof0_core.errors import DataError
from nof0_provider_hyperliquid.account.paging import Pager
from nof0_provider_hyperliquid.rehearsal.accounts.state import Rules

pytestmark = pytest.mark.anyio
D = Decimal
SIZES = [1, 7, 100, 500, 2_000]


class Listing:
    """Rows (time, number) behind pages of a size, cut at one end, listed one way or the other."""

    def __init__(self, rows, page, *, keeps="oldest", falls=False, newest=True):
        self.rows = rows
        self.page = page
        self.keeps = keeps
        self.falls = falls
        self.asked = 0
        self.late = []
        self.pager = Pager(
            "rows",
            ask=self.ask,
            time_of=lambda row: row[0],
            key_of=tuple,
            newest=self.newest if newest else None,
        )

    async def ask(self, start, end):
        self.asked += 1
        rows = [r for r in self.rows if start <= r[0] <= (end if end is not None else 10**15)]
        if self.late:
            self.rows.append(self.late.pop(0))
        rows = rows[: self.page] if self.keeps == "oldest" else rows[-self.page :]
        return [list(row) for row in (rows[::-1] if self.falls else rows)]

    async def newest(self):
        return [list(row) for row in self.rows[::-1][: self.page]]


@pytest.mark.parametrize("page", SIZES)
@pytest.mark.parametrize("keeps", ["oldest", "newest"])
@pytest.mark.parametrize("falls", [False, True])
@pytest.mark.parametrize("seed", range(6))
async def test_all_rows_come_once_in_order_or_a_full_moment_is_named(page, keeps, falls, seed):
    rng = random.Random(f"{seed} {page}")
    times = sorted(
        rng.choices(
            range(1_000, 1_000 + rng.choice([3, 50, 4_000])), k=rng.choice([1, 2, 9, 60, 700])
        )
    )
    rows = [(time, number) for number, time in enumerate(times)]
    listing = Listing(rows, page, keeps=keeps, falls=falls)
    most = max(times.count(time) for time in times)
    problem = ""
    try:
        told = [tuple(row) for row in await listing.pager.since(1_000)]
    except DataError as error:
        problem = str(error)
    if problem:
        assert most >= page  # never where every moment fits on a page with room to spare
        assert "rows of one millisecond" in problem
        assert "nobody can tell" in problem
        return
    if keeps == "newest" and most > page and len(set(times)) == 1:
        return  # a history of one moment, all of whose pages are alike: nothing tells
    assert sorted(told) == rows
    assert [row[0] for row in told] == times
    if keeps == "oldest" and not falls:
        assert told == rows


async def test_an_empty_history_takes_one_question():
    listing = Listing([], 100)
    assert await listing.pager.since(0) == []
    assert listing.asked == 1


async def test_a_short_history_takes_three_questions():
    listing = Listing([(1_000 + number, number) for number in range(5)], 100)
    assert len(await listing.pager.since(0)) == 5
    assert listing.asked == 3
    again = Listing([(1_000, 0)], 100)
    for asked in (3, 6):  # one row could fill a page of one: what is beyond is looked at
        assert len(await again.pager.since(0)) == 1
        assert again.asked == asked


async def test_a_row_that_comes_while_pages_are_read_blocks_nothing():
    rows = [(1_000, number) for number in range(7)]
    listing = Listing(rows, 100)
    listing.late = [(1_000 + n, 100 + n) for n in range(1, 6)]
    found = await listing.pager.since(1_000)
    assert len(found) >= 7
    assert [row[0] for row in found] == sorted(row[0] for row in found)


async def test_one_moment_alone_is_checked_against_the_newest_rows():
    """Nine rows of a moment on pages of seven, nothing else ever: a page looks whole and is not."""
    listing = Listing([(1_000, number) for number in range(9)], 7)
    with pytest.raises(DataError, match="rows of one millisecond"):
        await listing.pager.since(0)
    whole = Listing([(1_000, number) for number in range(7)], 7)
    assert len(await whole.pager.since(0)) == 7


async def test_the_first_moment_of_a_span_may_be_the_one_that_is_cut():
    rows = [(1_000, number) for number in range(9)] + [(1_001, number) for number in range(3)]
    listing = Listing(rows, 7, keeps="newest")
    with pytest.raises(DataError, match=r"of one millisecond \(1000\)"):
        await listing.pager.since(1_000)
    listing.page = 10
    assert len(await listing.pager.since(1_000)) == 12


async def test_a_page_that_shrinks_during_a_run_loses_nothing():
    rows = [(1_000 + number // 3, number) for number in range(900)]
    listing = Listing(rows, 2_000)
    assert len(await listing.pager.since(0)) == 900
    listing.page = 100
    assert len(await listing.pager.since(0)) == 900


# --- at the venue ---------------------------------------------------------------------------------


def busy(at, rounds=60):
    """Trade back and forth, by hand and by order, several fills in one millisecond."""
    desk = at.desk
    for number in range(rounds):
        desk.order(
            *(
                limit(number % 2 == 0, "101000" if number % 2 == 0 else "99000", "0.001", "Ioc")
                for _ in range(3)
            )
        )
        if number % 5:
            desk.tick(0.05)
    at.others.fill(desk.user, "ETH", D("0.5"), D(4_000), "Settlement")
    desk.tick(1)
    at.others.close(desk.user, "ETH")


@pytest.mark.parametrize("page", SIZES)
async def test_fills_are_complete_at_each_page_size(seat, page):
    at = seat(rules=Rules(fills_page=page))
    began = at.clock.now()
    busy(at)
    inside = at.desk.account.fills
    per_moment = max(sum(f["time"] == g["time"] for f in inside) for g in inside)
    if per_moment >= page:
        with pytest.raises(DataError, match="fills: .* rows of one millisecond"):
            await at.reader.fills(began)
        return
    found = await at.reader.fills(began)
    assert len(found) == len(inside) == 182
    assert len({fill.trade_id for fill in found}) == 182
    assert [fill.time for fill in found] == sorted(fill.time for fill in found)
    assert sum(fill.fee for fill in found) == sum(D(row["fee"]) for row in inside)
    net = sum(f.quantity for f in found if f.symbol == "BTC")
    assert net == at.desk.account.held("BTC")
    assert at.alerts == []
    # Asked again, for all or a part, the same rows are the same fills.
    again = await at.reader.fills(found[100].time)
    assert again == [fill for fill in found if fill.time >= found[100].time]


@pytest.mark.parametrize("page", SIZES)
async def test_funding_is_complete_at_each_page_size(seat, page):
    at = seat(rules=Rules(funding_page=page))
    desk = at.desk
    began = at.clock.now()
    desk.order(limit(True, "100100", "0.01", "Ioc"), limit(False, "3990", "0.1", "Ioc", asset=1))
    for _ in range(300):
        desk.tick(3_600)
    inside = desk.account.funding
    assert len(inside) == 600
    if page < 3:
        with pytest.raises(DataError, match="funding: .* rows of one millisecond"):
            await at.reader.funding(began)
        return
    found = await at.reader.funding(began)
    assert [(p.symbol, p.amount) for p in found] == [
        (row["delta"]["coin"], D(row["delta"]["usdc"])) for row in inside
    ]
    assert {p.symbol: p.quantity for p in found} == {"BTC": D("0.01"), "ETH": D("-0.1")}
    late = from_ms(desk.now) - timedelta(hours=10)
    assert await at.reader.funding(late) == [p for p in found if p.time >= late]


async def test_what_is_older_than_the_venue_keeps_is_told(seat, monkeypatch):
    monkeypatch.setattr("nof0_provider_hyperliquid.account.history.REACH", 50)
    at = seat(rules=Rules(fills_reach=50))
    began = at.clock.now()
    busy(at, 30)
    assert len(await at.reader.fills(began)) == 50
    assert "history_cut" in at.codes()
