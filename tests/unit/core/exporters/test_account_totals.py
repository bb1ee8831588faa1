from __future__ import annotations

import json
from datetime import timedelta

from nof0_core.exporters.account_totals import HourlyRows


def rows(hours, current=()):
    found, highest = hours.rows(current)
    return [json.loads(row) for row in found], highest


def test_an_hour_marked_again_after_a_restart_stays_as_it_was(story, evolve):
    told = story(1)
    account = told.account("alpha")
    hours = HourlyRows()
    hours.begin(account)
    later = evolve(account, time=account.time + timedelta(hours=1), equity=account.equity + 5)
    hours.mark(later)
    hours.mark(evolve(later, equity=account.equity + 50))
    found, highest = rows(hours)
    assert highest == 1
    assert found[1]["dollar_equity"] == float(account.equity + 5)


def test_an_account_that_began_within_an_hour_has_its_end_in_the_row(story, evolve):
    account = story(1).account("alpha")
    hours = HourlyRows()
    hours.begin(evolve(account, time=account.time + timedelta(minutes=7)))
    hours.mark(evolve(account, time=account.time + timedelta(hours=1), equity=account.equity + 5))
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
    hours.mark(story(1).account("alpha"))
    assert rows(hours, [(story(1).account("alpha"), 0.0)]) == ([], 0)
