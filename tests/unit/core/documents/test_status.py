"""The status: a word for each trader, services, alerts, and whether the engine is heard of."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from nof0_core.documents.status import NOT_HEARD_OF, service_rows
from nof0_core.documents.status_log import ALERTS, StatusLog
from nof0_core.documents.trader_status import StatusWord, status_of
from nof0_core.domain.brakes import ActiveBrake, Brake
from nof0_core.domain.event import Alerted, Event
from nof0_core.domain.health import Health, ServiceHealth
from nof0_core.domain.quarantined import Quarantined
from nof0_core.ids import ENGINE
from nof0_core.sources import Document, Stretch
from nof0_core.sources.heartbeat import as_heard

NOW = datetime(2025, 7, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=3)


def on(brake, until=None):
    return ActiveBrake(brake=brake, since=NOW, until=until, message=f"it is {brake}")


def trader(status="running", *brakes, **more):
    plain = {"waits_for": "", "pause_until": None, "trouble": ""}
    return SimpleNamespace(status=status, brakes=brakes, **{**plain, **more})


@pytest.mark.parametrize(
    ("view", "word", "reason", "until"),
    [
        (trader(), "ok", "", None),
        (trader("running", on(Brake.COOLDOWN, LATER)), "ok", "", None),
        (
            trader("failing", on(Brake.HALT), pause_until=LATER, trouble="model_timeout"),
            "failing", "model_timeout", LATER,
        ),
        (trader("failing", waits_for="exchange x"), "failing", "waits for exchange x", None),
        (trader(waits_for="exchange x"), "waiting", "waits for exchange x", None),
        (
            trader("paused", on(Brake.PAUSED), on(Brake.HALT)),
            "paused", "it is paused, until `nof0 traders resume`", None,
        ),
        (
            trader("running", on(Brake.DAILY_LOSS, LATER), on(Brake.HALT)),
            "halted", "it is halt, until `nof0 resume`", None,
        ),
        (
            trader("running", on(Brake.DAILY_LOSS, LATER)),
            "braked", "it is daily_loss, until 2025-07-01 03:00 UTC", LATER,
        ),
        (trader("disk_full"), "braked", "the disk is full: no entries until there is room", None),
    ],
)  # fmt: skip
def test_the_word_for_what_a_trader_does(view, word, reason, until):
    found = status_of(view)
    assert (found.word, found.reason, found.until) == (word, reason, until)


def test_a_brake_that_a_person_has_to_lift_has_no_end():
    found = status_of(trader("running", on(Brake.DAILY_LOSS, LATER), on(Brake.MAX_DRAWDOWN)))
    assert (found.word, found.until) == (StatusWord.BRAKED, None)
    assert "it is daily_loss" in found.reason
    assert "it is max_drawdown, until `nof0 traders resume`" in found.reason


def alert(seq):
    body = Alerted(code="x", message=f"number {seq}")
    return Event(seq=seq, time=NOW, stream=ENGINE, body=body)


def test_the_newest_hundred_alerts_are_kept_newest_first_also_over_a_restart():
    log, again = StatusLog(), StatusLog()
    for seq in range(1, ALERTS + 51):
        log.apply(alert(seq))
    again.take(log.keep())
    for one in (log, again):
        assert [row["seq"] for row in one.alerts] == list(range(ALERTS + 50, 50, -1))
    again.apply(alert(999))
    assert [row["seq"] for row in again.alerts[:2]] == [999, ALERTS + 50]
    assert len(again.alerts) == ALERTS


def test_health_and_quarantine_of_a_section_are_one_row():
    health = ServiceHealth(
        section="paper",
        family="exchange",
        health=Health.DEGRADED,
        sentence="slow",
        since=NOW,
        figures={"weight_left": 7.0},
    )
    bad = Quarantined(
        family="exchange", section="paper", symbol=None, verb="report", problem="no", since=NOW
    )
    other = Quarantined(
        family="market", section="paper", symbol="BTC", verb="quotes", problem="no", since=NOW
    )
    rows = service_rows(SimpleNamespace(services=(health,), quarantine=(bad, other)))
    assert [(r["family"], r["health"] and r["health"]["state"]) for r in rows] == [
        ("exchange", "degraded"), ("market", None)
    ]  # fmt: skip
    assert [row["figures"] for row in rows] == [{"weight_left": 7.0}, {}]
    assert [entry["symbol"] for row in rows for entry in row["quarantine"]] == [None, "BTC"]


def said(state, heartbeat):
    text = json.dumps({"state": state, "heartbeat": heartbeat.timestamp()}).encode()
    return Document(key="engine", stretches=(Stretch(text),), version="v", made_at=0.0)


@pytest.mark.parametrize(
    ("state", "age", "read"),
    [
        ("running", 6.0, "running"),
        ("running", 6.1, NOT_HEARD_OF),
        ("halted", 60.0, NOT_HEARD_OF),
        ("stopping", 60.0, NOT_HEARD_OF),
        ("ended", 10_000.0, "ended"),
        ("failed", 10_000.0, "failed"),
    ],
)
def test_a_heartbeat_older_than_three_exports_is_not_heard_of(state, age, read):
    document = said(state, NOW)
    found = as_heard(document, every=2.0, now=NOW + timedelta(seconds=age))
    assert json.loads(found.data)["state"] == read
    assert (found.version != document.version) is (read == NOT_HEARD_OF)
    assert as_heard(document, every=None, now=LATER) is document
