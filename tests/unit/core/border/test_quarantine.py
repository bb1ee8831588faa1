"""The list of what is in quarantine: told once, let out by the next good value."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from nof0_core.border.foreign import Origin
from nof0_core.border.quarantine import Quarantine, Ward
from nof0_core.clock import SimulatedClock

START = datetime(2025, 7, 1, tzinfo=UTC)
MEANS = "no entries"


@pytest.fixture
def clock():
    return SimulatedClock(START)


@pytest.fixture
def alarms():
    return []


@pytest.fixture
def quarantine(clock, alarms):
    return Quarantine(
        clock=clock,
        alarm=lambda code, message, *, symbol=None: alarms.append((code, message, symbol)),
        origin=lambda family, section: Origin(
            part=f"{family} {section}",
            plugin="nof0-bad 1",
            place=f"{family}.yaml:3",
            redact=lambda text: text.replace("hunter2", "***"),
        ),
    )


def test_a_coin_is_told_once_with_plugin_section_verb_and_value(quarantine, alarms):
    ward = quarantine.ward("market", "grove")
    ward.put("quotes", "for BTC mark is NaN", MEANS, symbol="BTC")
    ward.put("quotes", "for BTC mark is Infinity", MEANS, symbol="BTC")
    said = (
        "market grove: quotes for BTC mark is NaN: a defect of nof0-bad 1 (market grove, "
        "market.yaml:3); no entries"
    )
    assert alarms == [("quarantine", said, "BTC")]
    [entry] = quarantine.all()
    assert (entry.problem, entry.since) == ("for BTC mark is Infinity", START)


def test_a_coin_stops_itself_and_a_section_all(quarantine):
    ward = quarantine.ward("exchange", "venue")
    ward.put("fills", "is bad", MEANS, symbol="BTC")
    assert ward.refusal("BTC") == "entries are stopped: BTC is in quarantine: fills is bad"
    assert ward.refusal("ETH") == ""
    ward.put("report", "is worse", MEANS)
    assert ward.refusal("ETH") == "entries are stopped: venue is in quarantine: report is worse"
    ward.release("report")
    assert ward.refusal("ETH") == ""
    assert quarantine.ward("exchange", "other").refusal("BTC") == ""


@pytest.mark.anyio
async def test_what_comes_and_goes_is_told_once_an_hour(quarantine, clock, alarms):
    ward = quarantine.ward("market", "grove")
    for minute in range(0, 121, 10):
        await clock.sleep_until(START + timedelta(minutes=minute))
        ward.put("quotes", "is bad", MEANS, symbol="BTC")
        ward.release("quotes", "BTC")
        assert quarantine.all() == ()
    assert len(alarms) == 3


def test_only_what_a_verb_still_says_stays(quarantine):
    ward = quarantine.ward("exchange", "venue")
    for symbol in ("BTC", "ETH", None):
        ward.put("fills", "is bad", MEANS, symbol=symbol)
    ward.put("funding", "is bad", MEANS, symbol="BTC")
    ward.keep_only("fills", {"ETH"})
    assert [(e.verb, e.symbol) for e in quarantine.all()] == [("fills", "ETH"), ("funding", "BTC")]


def test_secrets_are_taken_out_everywhere(quarantine, alarms):
    ward = quarantine.ward("market", "grove")
    ward.put("quotes", "is 'hunter2'", MEANS, symbol="BTC")
    assert "hunter2" not in str(alarms)
    assert "hunter2" not in str(quarantine.all())
    assert "hunter2" not in ward.refusal("BTC")


def test_everything_is_listed_by_family_section_verb_and_coin(quarantine):
    for family, section in (("market", "b"), ("exchange", "z"), ("market", "a")):
        ward = quarantine.ward(family, section)
        ward.put("v", "is bad", MEANS, symbol="ETH")
        ward.put("v", "is bad", MEANS)
        ward.put("u", "is bad", MEANS, symbol="BTC")
    listed = [(e.family, e.section, e.verb, e.symbol) for e in quarantine.all()]
    assert listed == [
        (family, section, verb, symbol)
        for family, section in (("exchange", "z"), ("market", "a"), ("market", "b"))
        for verb, symbol in (("u", "BTC"), ("v", None), ("v", "ETH"))
    ]


def test_one_alone_tells_nobody(clock):
    ward = Ward.alone("market", "grove", clock)
    ward.put("quotes", "is bad", MEANS, symbol="BTC")
    assert ward.refusal("BTC")
