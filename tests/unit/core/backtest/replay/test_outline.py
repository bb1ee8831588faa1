"""Which cycles a journal has, which are wanted, and what a power failure took from them."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import msgspec
import pytest

from nof0_core.backtest.replay.outline import Selection, outlines
from nof0_core.errors import JournalError

TIME = "2025-07-14T00:03:00Z"
CYCLE = "5e0c7a90-0000-5000-8000-00000000000"


def record(seq, type_, **data):
    return SimpleNamespace(
        seq=seq, type=type_, stream=data.get("trader", "@engine"), data=msgspec.json.encode(data)
    )


def cycle(seq, number=1, *, type_="cycle", trader="alpha", as_of=1, time=TIME, **more):
    return record(
        seq,
        type_,
        trader=trader,
        cycle=f"{CYCLE}{number}",
        number=number,
        scheduled=time,
        market="m",
        account={"time": time, "cash": "1"},
        as_of=as_of,
        **more,
    )


def test_a_cycle_that_ordered_is_one_and_a_decision_without_an_end_is_another():
    found = outlines(
        [
            cycle(5, 1, type_="decided"),
            cycle(9, 1, decided=5),
            cycle(12, 2, type_="decided", as_of=11),
        ],
        Selection(),
    )
    assert [(seq, one.number, one.decided) for seq, one in found.cycles.items()] == [
        (9, 1, 5),
        (12, 2, 12),
    ]


@pytest.mark.parametrize(
    ("selection", "numbers"),
    [
        (Selection(), [1, 2, 3]),
        (Selection(cycles=("2", "3")), [2, 3]),
        (Selection(cycles=(f"{CYCLE}1".upper(),)), [1]),
        (Selection(cycles=("5e0c7a90-",)), [1, 2, 3]),
        (Selection(traders=("beta",)), [3]),
        (Selection(since=datetime(2025, 7, 14, 1, tzinfo=UTC)), [2, 3]),
        (Selection(cycles=("1",), traders=("beta",)), []),
    ],
)
def test_they_can_be_chosen(selection, numbers):
    later = "2025-07-14T01:00:00Z"
    records = [cycle(3), cycle(4, 2, time=later), cycle(5, 3, trader="beta", time=later)]
    found = outlines(records, selection)
    assert [one.number for one in found.cycles.values()] == numbers


def test_cycles_between_a_loss_and_the_next_start_may_have_gone_by_what_was_lost():
    records = [
        cycle(3, 1, as_of=2),
        cycle(9, 2, as_of=6),
        cycle(10, 3, as_of=8),
        record(11, "engine_started"),
        record(12, "gap", first=5, last=7),
        cycle(14, 4, as_of=13),
    ]
    found = outlines(records, Selection())
    cut = {one.number: found.cut_off(one) for one in found.cycles.values()}
    assert cut == {1: None, 2: (5, 7), 3: (5, 7), 4: None}


def test_held_cycles_are_counted_for_those_who_are_wanted():
    records = [record(2, "held", trader=name, count=40) for name in ("alpha", "beta")]
    assert outlines(records, Selection()).held == 80
    assert outlines(records, Selection(traders=("beta",))).held == 40


def test_a_cycle_without_what_every_version_has_is_named():
    with pytest.raises(JournalError, match="record 7 of alpha: .*number"):
        outlines([record(7, "cycle", trader="alpha", cycle="c")], Selection())
