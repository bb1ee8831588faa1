"""What a rehearsal prints."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

from nof0_provider_hyperliquid.rehearse.episodes import BY_STOP, Episode
from nof0_provider_hyperliquid.rehearse.running import RehearsalResult
from nof0_provider_hyperliquid.rehearse.steps import STEPS, StepResult
from nof0_provider_hyperliquid.rehearse.text import WIDTH, as_document, lines, step_line

EPISODE = Episode(
    user="0x" + "a" * 40,
    coin="kPEPE",
    opened_ms=1_795_000_000_000,
    size=Decimal(-1234567),
    entry=Decimal("0.0125"),
    ended_ms=1_795_000_061_000,
    exit=Decimal("0.0126"),
    ended_by=BY_STOP,
    pnl=Decimal("-123.456"),
    bare_ms=1_234,
)
PASSED = RehearsalResult(
    digest="d" * 64,
    began=datetime(2026, 11, 28, tzinfo=UTC),
    steps=(StepResult(name="a halt", is_passed=True, said="all was closed", seconds=1.23),),
    episodes=(EPISODE,),
    longest_bare_ms=1_234,
    allowed_ms=13_000,
    duplicates=0,
    requests={"order": 1},
    most_weight=20,
    folder=Path("/scratch"),
)


@pytest.mark.parametrize(
    ("change", "is_passed"),
    [
        ({}, True),
        ({"longest_bare_ms": 13_001}, False),
        ({"allowed_ms": None, "longest_bare_ms": 60_000}, True),
        ({"duplicates": 1}, False),
        ({"steps": (attrs.evolve(PASSED.steps[0], is_passed=False),)}, False),
    ],
)
def test_every_single_fault_fails_the_whole(change, is_passed):
    result = attrs.evolve(PASSED, **change)
    assert result.is_passed is is_passed
    assert json.loads(as_document(result, None))["passed"] is is_passed
    assert ("NOT PASSED" not in "\n".join(lines(result, None))) is is_passed


def test_the_longest_unprotected_moment_is_said():
    text = "\n".join(lines(PASSED, Path("/data/rehearsals.json")))
    assert "longest without a stop: 1.2 s (allowed: 13.0 s)" in text
    assert "PASSED: configuration dddddddddddddddd" in text
    assert "noted in /data/rehearsals.json" in text


def test_it_fits_into_80_columns():
    said = "a sentence that goes on " * 8
    printed = [
        step_line(StepResult(name=s.name, is_passed=False, said=said, seconds=9)) for s in STEPS
    ]
    printed += lines(PASSED, Path("/data/rehearsals.json"))
    assert max(len(line) for each in printed for line in each.split("\n")) <= WIDTH


def test_json_has_what_became_of_each_position():
    [row] = json.loads(as_document(PASSED, None))["positions"]
    assert (row["coin"], row["size"], row["ended_by"]) == ("kPEPE", "-1234567", "its stop")
    assert row["unprotected_ms"] == 1_234


def test_opposite_sides_are_told_apart_from_a_missing_stop():
    result = attrs.evolve(PASSED, episodes=(attrs.evolve(EPISODE, opposed_ms=15_000),))
    said = " ".join(lines(result, None))
    assert "opposite sides of kPEPE" in said
    assert "up to 15.0 s" in said
    assert "opposite sides" not in " ".join(lines(PASSED, None))
    assert json.loads(as_document(result, None))["positions"][0]["opposed_ms"] == 15_000
