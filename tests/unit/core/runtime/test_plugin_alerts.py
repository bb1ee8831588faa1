"""What a service tells is bounded, redacted, and in the journal by the engine's own hand."""

from __future__ import annotations

import threading
from datetime import timedelta

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.border.foreign import Origin
from nof0_core.clock import SimulatedClock
from nof0_core.redaction import Redactor
from nof0_core.runtime.plugin_alerts import IN_BACKGROUND, KINDS, WAITING, PluginAlerts
from nof0_core.testing.environment import START, Lines


class Section:
    def __init__(self, family="market", *, are_events=True):
        self.clock = SimulatedClock(START)
        self.log = Lines()
        self.alerts = PluginAlerts(clock=self.clock, are_events=are_events)
        self.more = lambda name: self.alerts.of(family, Origin(part=name), self.log)
        origin = Origin(part=f"{family} grove", plugin="x 1", redact=Redactor(["hunter22"]).text)
        self.alert = self.alerts.of(family, origin, self.log)

    def told(self):
        found = []
        self.alerts.drain(found.append)
        return [(alert.code, alert.message) for alert in found]

    def pass_time(self, **parts):
        anyio.run(self.clock.sleep_until, self.clock.now() + timedelta(**parts))


def test_it_is_told_at_once_and_waits_for_the_journal():
    here = Section()
    here.alert("key_expires", "the key ends\ntomorrow: hunter22")
    message = "market grove: the key ends tomorrow: [redacted] (x 1)"
    assert here.log.lines == [("warning", message, {"code": "plugin_key_expires"})]
    assert here.told() == [("plugin_key_expires", message)]
    assert here.told() == []


def test_the_same_code_is_no_flood_and_is_counted():
    here = Section()
    for number in range(10_000):
        here.alert("lost", f"connection lost {number}")
    assert len(here.told()) == len(here.log.lines) == 1
    here.pass_time(hours=1)
    here.alert("lost", "connection lost")
    (again,) = here.told()
    assert again[1] == "market grove: connection lost (and 9999 times within the hour) (x 1)"


def test_different_codes_are_no_flood_either():
    here = Section()
    for number in range(1000):
        here.alert(f"code_{number}", "x")
    assert len(here.told()) == KINDS
    here.pass_time(hours=1)
    here.alert("code_999", "x")
    assert len(here.told()) == 1


def test_many_sections_are_no_flood_where_nobody_takes_them():
    here = Section()
    for section in range(100):
        for number in range(KINDS):
            here.more(str(section))(f"code_{number}", "x")
    assert len(here.told()) == WAITING


@pytest.mark.parametrize("code", ["", "Lost", "a b", "x" * 41, 7, None, "ä", "_lost"])
def test_a_code_that_is_no_word_is_told_as_a_defect(code):
    here = Section()
    here.alert(code, "text")
    (told,) = here.told()
    assert told[0] == "plugin_bad_alert"


@given(st.one_of(st.text(), st.integers(), st.none(), st.binary()))
def test_whatever_the_text_is_nothing_is_raised_and_one_short_line_told(text):
    here = Section()
    here.alert("lost", text)
    ((_, message),) = here.told()
    assert message.isprintable()
    assert len(message) < 300


def test_a_secret_at_the_cut_is_not_cut_first():
    here = Section()
    here.alert("lost", "x" * 195 + "hunter22")
    assert "hunt" not in here.told()[0][1]


def test_what_the_moment_of_which_is_up_to_the_machine_is_no_event_where_time_stands():
    exporter = Section("exporter", are_events=False)
    exporter.alert("lost", "x")
    assert exporter.told() == []
    assert len(exporter.log.lines) == 1
    market = Section(are_events=False)
    market.alert("asked", "in a call")
    token = IN_BACKGROUND.set(True)
    market.alert("stream", "in a task")
    IN_BACKGROUND.reset(token)
    assert [code for code, _ in market.told()] == ["plugin_asked"]


def test_a_thread_may_tell():
    here = Section()
    thread = threading.Thread(target=here.alert, args=("lost", "x"))
    thread.start()
    thread.join()
    assert len(here.told()) == 1


def test_it_reaches_the_journal_as_soon_as_the_loop_turns():
    here, found = Section(), []

    async def run():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(here.alerts.keep_draining, found.append)
            await anyio.wait_all_tasks_blocked()
            for count, code in enumerate(("first", "second"), start=1):
                here.alert(code, "x")
                await anyio.wait_all_tasks_blocked()
                assert len(found) == count
                # Somebody else may look, too.
                here.alerts.drain(found.append)
            tasks.cancel_scope.cancel()

    anyio.run(run)
    assert [alert.code for alert in found] == ["plugin_first", "plugin_second"]
