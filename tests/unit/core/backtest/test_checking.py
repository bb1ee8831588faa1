"""The check for look-ahead in processes of its own finds the same, and what memory hides."""

from __future__ import annotations

import os
import threading

import pytest
from keeping_model import BACKEND, PLUGIN

from nof0_core.backtest import repeating
from nof0_core.backtest.one_run import Stop
from nof0_core.backtest.processes.child import Child
from nof0_core.backtest.repeat import Repeat
from nof0_core.project import LookAheadError, load_config


def keeping(place, ahead):
    place.plugin(PLUGIN)
    place.replace("llm.yaml", "models:\n", BACKEND.replace("AHEAD", str(ahead)))
    place.model("keeper")


@pytest.fixture
def answers(monkeypatch):
    """What other processes answered."""
    found = []
    ask = Child.persist

    def persist(self, order, *, limit):
        found.append(ask(self, order, limit=limit))
        return found[-1]

    monkeypatch.setattr(Child, "persist", persist)
    return found


def test_other_processes_find_what_this_one_does(place, answers):
    keeping(place, 0)
    here = place.run(moments=3, processes=0)
    assert not answers
    beside = place.run(moments=3, processes=2)
    assert [one.error for one in answers] == ["", "", ""]
    assert beside.look_ahead == here.look_ahead
    assert beside.report == here.report
    assert not (beside.folder / "check").exists()


def test_what_was_reckoned_once_from_later_data_is_found_in_a_new_process(place, answers):
    keeping(place, 1)
    assert place.run(moments=3, processes=0).is_complete, "what is kept hides it"
    with pytest.raises(LookAheadError, match="look-ahead: cross at .* the answer"):
        place.run(moments=3, processes=1)
    assert not (place.folder / "report.json").exists()
    assert not (place.folder / "check").exists()


def test_where_no_other_process_can_do_it_this_one_does(place, answers, monkeypatch):
    wanted = place.run(moments=2, processes=0).report
    config = load_config(place.config)
    place.replace("manager.yaml", "min_confidence: 50", "min_confidence: 51")
    assert place.run(config=config, moments=2, processes=2).report == wanted
    assert all("another configuration" in one.error for one in answers)

    answers.clear()
    monkeypatch.setattr(repeating, "CHECKER", "nof0_core.not_there")
    assert place.run(config=config, moments=2, processes=2).report == wanted
    assert {one.kind for one in answers} == {"died"}
    log = (place.folder / "nof0.log").read_text()
    assert "another process could not check for look-ahead" in log


def test_a_check_that_is_stopped_leaves_no_process_and_no_report(place, answers, monkeypatch):
    stops, pids = [], []
    begin = Stop.__init__

    def kept(self):
        begin(self)
        stops.append(self)

    monkeypatch.setattr(Stop, "__init__", kept)

    def started(self):
        process = start(self)
        pids.append(process.pid)
        threading.Thread(target=stops[-1], args=("interrupted",)).start()
        return process

    start = Child._started
    monkeypatch.setattr(Child, "_started", started)
    result = place.run(moments=3, processes=1)
    assert (result.is_complete, result.ended) == (
        False,
        "interrupted in the check for look-ahead",
    )
    assert (place.folder / "partial.json").exists()
    assert not (place.folder / "report.json").exists()
    assert pids
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_repeat_is_what_it_was_after_it_was_in_a_file(place):
    kept = []
    encode = Repeat.encoded
    repeat = Repeat.of

    def of(lived, moment):
        kept.append(repeat(lived, moment))
        return kept[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Repeat, "of", of)
        place.run(moments=1)
    [found] = kept
    again = Repeat.decoded(encode(found))
    assert found.marks
    for name in ("marks", "transfers", "cycles", "error", "is_word_broken"):
        assert getattr(again, name) == getattr(found, name), name
    assert again.seen.keys() == found.seen.keys()
    far = 1 << 62
    assert not any(found.seen[key].differs(again.seen[key], far) for key in found.seen)
    with pytest.raises(ValueError, match="truncated"):
        Repeat.decoded(encode(found)[:-9])
