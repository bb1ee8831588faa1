"""What lasts is told once, and again only after it was over."""

import pytest

from nof0_core.clock import SimulatedClock
from nof0_core.domain.event import Alerted
from nof0_core.journal import Journal
from nof0_core.state.alert_once import AlertOnce
from nof0_core.state.durability import Durability
from nof0_core.state.engine_state import EngineState
from nof0_core.state.recorder import Recorder
from nof0_core.testing.environment import START, Lines


@pytest.fixture
def heard():
    return []


@pytest.fixture
def alerts(tmp_path, heard):
    journal = Journal.open(tmp_path)
    recorder = Recorder(
        events=journal,
        durability=Durability.BUFFER,
        state=EngineState(),
        clock=SimulatedClock(START),
        log=Lines(),
    )
    recorder.listeners.append(lambda event: heard.append((event.stream, event.body)))
    yield AlertOnce(recorder, "odd")
    journal.close()


def test_the_same_key_is_told_once_whatever_the_words(alerts, heard):
    alerts.alert("BTC", "first", trader="ann", symbol="BTC")
    alerts.alert("BTC", "second")
    assert heard == [("ann", Alerted(code="odd", message="first", trader="ann", symbol="BTC"))]


def test_each_key_is_told_by_itself(alerts, heard):
    for key in ("BTC", "ETH", "BTC"):
        alerts.alert(key, key)
    assert [body.message for _, body in heard] == ["BTC", "ETH"]
    assert alerts.raised == {"BTC", "ETH"}


def test_a_cleared_key_is_told_again_and_the_others_are_not(alerts, heard):
    for key in ("BTC", "ETH"):
        alerts.alert(key, key)
    alerts.clear("BTC")
    alerts.clear("never raised")
    for key in ("BTC", "ETH"):
        alerts.alert(key, key)
    assert [body.message for _, body in heard] == ["BTC", "ETH", "BTC"]


def test_all_but_what_still_lasts_can_be_cleared(alerts, heard):
    for key in ("BTC", "ETH"):
        alerts.alert(key, key)
    alerts.clear_all_but({"ETH", "never raised"})
    for key in ("BTC", "ETH"):
        alerts.alert(key, key)
    assert [body.message for _, body in heard] == ["BTC", "ETH", "BTC"]
    alerts.clear_all_but()
    assert alerts.raised == frozenset()
