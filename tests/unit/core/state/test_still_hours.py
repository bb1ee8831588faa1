"""Full hours that were kept together leave behind what each by itself does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs
import pytest

from nof0_core.analysis.returns import Spread
from nof0_core.documents.history import History
from nof0_core.domain.event import Event, HourMarked, HoursMarked
from nof0_core.exporters.sql.fold import Fold
from nof0_core.exporters.sql.rows import Rows
from nof0_core.ids import ENGINE

FIRST = datetime(2025, 7, 23, 21, tzinfo=UTC)
"""Three hours before the first midnight after a story begins."""
HOUR = timedelta(hours=1)


def told(script):
    """Let two traders begin, one win, and an hour be marked while it holds."""
    script.transfer("ann", "1000")
    script.transfer("bob", "500")
    script.trade("ann", "BTC", "0.01", "100000", "0.45")
    before = [
        attrs.evolve(each, time=FIRST - HOUR)
        for each in (script.account("ann", BTC=101_000), script.account("bob"))
    ]
    script.tell(HourMarked(accounts=tuple(before)))
    script.trade("ann", "BTC", "-0.01", "102000", "0.45", purpose="close")
    return tuple(attrs.evolve(script.account(each), time=FIRST) for each in ("ann", "bob"))


def rows_of(events):
    fold, rows, history = Fold(), Rows("e"), History(conversations_per_trader=1, candles_per_coin=1)
    for event in events:
        fold.take(event, 0.0, "", rows)
        history.apply(event)
    # All hours of a stretch come from one line, so they have its number.
    return (
        [
            {name: value for name, value in row.items() if name != "seq"}
            for row in rows.all()["trader_performance"]
        ],
        history.keep(),
    )


@pytest.mark.parametrize("count", [1, 2, 3, 4, 28, 100])
def test_state_and_rows_are_those_of_single_hours(story, count):
    together, single = story(), story()
    accounts, same = told(together), told(single)
    assert accounts == same

    last = FIRST + (count - 1) * HOUR
    together.tell(HoursMarked(first=FIRST, last=last, accounts=accounts))
    for number in range(count):
        hour = FIRST + number * HOUR
        mark = HourMarked(accounts=tuple(attrs.evolve(each, time=hour) for each in accounts))
        event = Event(seq=len(single.events) + 1, time=hour, stream=ENGINE, body=mark)
        single.events.append(event)
        single.ledger.apply(event)

    for trader in ("ann", "bob"):
        one, other = together.ledger, single.ledger
        assert one.curve(trader) == other.curve(trader)
        assert len(one.curve(trader)) == count + 1
        assert one.standing(trader) == other.standing(trader)
        assert one.performance(trader, accounts[0]) == other.performance(trader, accounts[0])
    assert together.ledger.brakes.dump() == single.ledger.brakes.dump()
    assert together.ledger.brakes.levels("ann", last.date())[0] == (
        Decimal("1.01910") if count > 3 else Decimal(1)
    )
    assert rows_of(together.events) == rows_of(single.events)


def test_zeros_at_once_are_zeros_one_by_one():
    one, other = Spread(), Spread()
    for spread in (one, other):
        for value in (0.25, -1e-9, 0.1):
            spread.add(value)

    one.add_zeros(1000)
    for _ in range(1000):
        other.add(0.0)

    assert one.keep() == other.keep()
