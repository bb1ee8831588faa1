from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from nof0_core.domain.quality import DEFAULT_GATES, AnswerCount, QualityGates

DAY = timedelta(hours=24)


def answers(usable, asked):
    return AnswerCount(asked=asked, usable=usable)


def test_every_gate_that_is_missed_is_named():
    assert DEFAULT_GATES.missed(answers(2, 12), timedelta(hours=2, minutes=59)) == (
        "2 of 12 answers usable, 2 of 20 cycles, 2 h of 24 h"
    )


@pytest.mark.parametrize(
    ("usable", "asked", "missed"),
    [
        (20, 20, None),
        (19, 19, "19 of 20 cycles"),
        (80, 100, None),
        (79, 100, "79 of 100 answers usable"),
        (799, 999, "799 of 999 answers usable"),
        (800, 1000, None),
        (0, 12, "0 of 12 answers usable, 0 of 20 cycles"),
        (0, 0, "0 of 20 cycles"),
    ],
)
def test_a_gate_is_passed_exactly_at_its_bound(usable, asked, missed):
    assert DEFAULT_GATES.missed(answers(usable, asked), DAY) == missed


def test_who_was_never_asked_has_no_share_of_usable_answers():
    gates = QualityGates(min_cycles=0)
    assert gates.missed(answers(0, 0), DAY) == "no answer yet"
    assert gates.missed(answers(1, 1), DAY) is None


@pytest.mark.parametrize(
    ("age", "wanted", "said"),
    [
        (timedelta(hours=23, minutes=59), DAY, "23 h of 24 h"),
        (timedelta(minutes=59), DAY, "59 min of 24 h"),
        (timedelta(seconds=7), DAY, "7 s of 24 h"),
        (timedelta(0), DAY, "0 h of 24 h"),
        (timedelta(hours=-3), DAY, "0 h of 24 h"),
        (timedelta(minutes=80), timedelta(minutes=90), "80 min of 90 min"),
        (timedelta(days=3), timedelta(days=7), "72 h of 168 h"),
        (timedelta(seconds=1), timedelta(milliseconds=1500), "1 s of 1.5 s"),
        (DAY, DAY, None),
        (timedelta(0), timedelta(0), None),
    ],
)
def test_age_is_rounded_down_to_what_is_worth_telling(age, wanted, said):
    gates = QualityGates(min_age=wanted)
    assert gates.missed(answers(20, 20), age) == said


def test_a_share_may_be_broken():
    gates = QualityGates(min_usable_pct=Decimal("99.95"))
    assert gates.missed(answers(1999, 2000), DAY) is None
    assert gates.missed(answers(1998, 2000), DAY) == "1998 of 2000 answers usable"
