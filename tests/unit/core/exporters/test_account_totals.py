from __future__ import annotations

import json
from datetime import timedelta

from nof0_core.documents import account_totals
from nof0_core.documents.account_totals import HourlyRows


def rows(hours, current=()):
    found, highest = hours.rows(current)
    return [json.loads(row) for row in found], highest


def test_an_hour_marked_again_after_a_restart_stays_as_it_was(story, evolve):
    told = story(1)
    account = told.account("alpha")
    hours = HourlyRows()
    hours.begin(account)
    later = evolve(account, time=account.time + timedelta(hours=1), equity=account.equity + 5)
    hours.add_point(later)
    hours.add_point(evolve(later, equity=account.equity + 50))
    found, highest = rows(hours)
    assert highest == 1
    assert found[1]["dollar_equity"] == float(account.equity + 5)


def test_an_account_that_began_within_an_hour_has_its_end_in_the_row(story, evolve):
    account = story(1).account("alpha")
    hours = HourlyRows()
    hours.begin(evolve(account, time=account.time + timedelta(minutes=7)))
    hours.add_point(
        evolve(account, time=account.time + timedelta(hours=1), equity=account.equity + 5)
    )
    found, _ = rows(hours)
    assert [row["since_inception_minute_marker"] for row in found] == [53]
    assert found[0]["dollar_equity"] == float(account.equity + 5)


def test_the_running_hour_takes_the_place_of_the_row_it_began_with(story, evolve):
    account = story(1).account("alpha")
    hours = HourlyRows()
    hours.begin(account)
    now = evolve(account, time=account.time + timedelta(minutes=10))
    found, _ = rows(hours, [(now, 0.0)])
    assert [row["since_inception_minute_marker"] for row in found] == [10]


def test_an_account_without_capital_has_no_rows(story):
    hours = HourlyRows()
    hours.add_point(story(1).account("alpha"))
    assert rows(hours, [(story(1).account("alpha"), 0.0)]) == ([], 0)


def test_elapsed_hours_leave_for_pages_and_memory_stays_bounded(story, evolve, monkeypatch):
    monkeypatch.setattr(account_totals, "PAGE_BYTES", 5000)
    told = story(1)
    hours, read, seen = HourlyRows(), [], 0
    accounts = [told.account("alpha"), told.account("beta")]
    for account in accounts:
        hours.begin(account)
    for hour in range(1, 200):
        for account in accounts:
            hours.add_point(evolve(account, time=account.time + timedelta(hours=hour)))
        for page in hours.finished_pages():
            assert page.number == len(read) + 1
            read.append([json.loads(row) for row in page.rows])
            assert page.highest_marker == max(
                row["since_inception_hourly_marker"] for row in read[-1]
            )
            hours.written(page)
        kept, highest = rows(hours)
        seen = max(seen, len(kept))
        assert highest == hour
    assert len(read) == hours.page_count > 10
    assert seen < 30
    every = [row["id"] for page in [*read, kept] for row in page]
    assert len(every) == len(set(every)) == 400
    for trader in ("alpha", "beta"):
        mine = [name for name in every if name.startswith(trader)]
        assert mine == [f"{trader}_{hour}" for hour in range(200)], "oldest first"


def test_the_growing_hour_never_takes_the_place_of_a_row_on_a_page(story, evolve, monkeypatch):
    monkeypatch.setattr(account_totals, "PAGE_BYTES", 1)
    account = story(1).account("alpha")
    hours = HourlyRows()
    hours.begin(account)
    for hour in (1, 2, 3):
        hours.add_point(evolve(account, time=account.time + timedelta(hours=hour)))
        growing = evolve(account, time=account.time + timedelta(hours=hour, minutes=5))
        kept, _ = rows(hours, [(growing, 0.0)])
        assert [row["id"] for row in kept] == [f"alpha_{hour}"]
    ids = [json.loads(row)["id"] for page in hours.finished_pages() for row in page.rows]
    assert ids == ["alpha_0", "alpha_1", "alpha_2"]
