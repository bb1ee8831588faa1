"""A text of a prompt is written once a day, and everybody is given it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from nof0_core.clock import SimulatedClock
from nof0_core.domain.context import Performance
from nof0_core.domain.cycle_record import CycleJoiner
from nof0_core.domain.event import CycleEnded, Decided
from nof0_core.domain.model import Message
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.errors import JournalError, UnbookableError
from nof0_core.journal import Journal
from nof0_core.state.durability import Durability
from nof0_core.state.engine_state import EngineState
from nof0_core.state.recorder import Recorder
from nof0_core.testing import samples
from nof0_core.testing.environment import Lines

START = datetime(2025, 7, 23, 12, tzinfo=UTC)
SYSTEM, OTHER = "You trade with care. " * 20, "You trade without. " * 20


def said(*texts, trader="ann"):
    """What both records of a cycle have, with a prompt of these texts: role -> text."""
    return {
        "trader": trader,
        "cycle": "c",
        "number": 1,
        "scheduled": START,
        "model": "m",
        "market": "",
        "account": attrs.evolve(samples.account(), trader=trader),
        "performance": Performance(),
        "messages": tuple(Message(role=role, content=text) for role, text in texts),
    }


def cycle(system, user, trader="ann"):
    body = said(("system", system), ("user", user), trader=trader)
    return CycleEnded(**body, status=CycleStatus.OK)


class Desk:
    """A recorder, what its listeners heard, and what stands in the files."""

    def __init__(self, path):
        self.path = path
        self.clock = SimulatedClock(START)
        self.heard = []
        self.start()

    def start(self):
        self.journal = Journal.open(self.path)
        self.recorder = Recorder(
            events=self.journal,
            durability=Durability.BUFFER,
            state=EngineState(),
            clock=self.clock,
            log=Lines(),
        )
        self.recorder.listeners.append(self.heard.append)

    def record(self, *bodies):
        for body in bodies:
            self.recorder.record(body.trader, body)
        self.journal.flush()

    def lines(self):
        """Contents and references of each record with a prompt."""
        files = self.path.rglob("*.jsonl")
        lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        return {
            line["seq"]: (
                [m["content"] for m in line["data"]["messages"]],
                line["data"]["texts_in"],
            )
            for line in sorted(lines, key=lambda line: line["seq"])
            if line["data"].get("messages")
        }

    def read(self, **options):
        return list(map(CycleJoiner().joined, self.journal.read(**options)))


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path / "journal")
    yield desk
    desk.journal.close()


def test_a_text_stands_once_and_listeners_and_readers_are_given_it(desk):
    bodies = [cycle(SYSTEM, f"prices {n} " * 50) for n in range(3)]
    desk.record(*bodies)
    users = [body.messages[1].content for body in bodies]
    assert desk.lines() == {
        1: ([SYSTEM, users[0]], []),
        2: (["", users[1]], [1, None]),
        3: (["", users[2]], [1, None]),
    }
    assert [event.body for event in desk.heard] == bodies
    assert [event.body for event in desk.read()] == bodies
    assert [event.body for event in map(EngineState().apply, desk.journal.read())] == bodies


def test_a_text_is_compared_with_the_newest_at_its_place(desk):
    desk.record(*(cycle(system, "now") for system in (SYSTEM, OTHER, OTHER, SYSTEM, SYSTEM)))
    assert [texts_in for _, texts_in in desk.lines().values()] == [[], [], [2, None], [], [4, None]]
    desk.record(cycle("short", SYSTEM), cycle("short", "now"))
    assert desk.lines()[6] == (["short", SYSTEM], []), "it stands at another place there"
    assert desk.lines()[7] == (["short", "now"], []), "it is short"


def test_traders_days_and_starts_have_their_own(desk):
    desk.record(cycle(SYSTEM, "now"), cycle(SYSTEM, "now", trader="bob"))
    desk.clock._now = START.replace(hour=23, minute=59)
    desk.record(cycle(SYSTEM, "now"))
    desk.clock._now = START + timedelta(hours=12)
    desk.record(cycle(SYSTEM, "now"), cycle(SYSTEM, "now"))
    desk.journal.close()
    desk.start()
    desk.record(cycle(SYSTEM, "now"))
    assert [texts_in for _, texts_in in desk.lines().values()] == [
        [], [], [1, None], [], [4, None], [],
    ]  # fmt: skip


def test_the_prompt_of_a_cycle_of_two_records_can_stand_in_an_earlier_one(desk):
    bodies = []
    for _ in range(2):
        body = said(("system", SYSTEM), ("user", "now"))
        event = desk.recorder.record("ann", Decided(**body))
        end = CycleEnded(**body | {"messages": None}, status=CycleStatus.OK, decided=event.seq)
        bodies += [event.body, attrs.evolve(end, messages=body["messages"])]
        desk.record(end)
    assert [event.body for event in desk.heard] == bodies
    assert [event.body for event in desk.read()] == bodies
    assert desk.lines()[3][1] == [1, None]
    cycles = CycleJoiner(lambda seq: next(desk.journal.read(after=seq - 1)))
    (last,) = map(cycles.joined, desk.journal.read(after=3))
    assert last.body == bodies[-1], "reading began behind all of its texts"


def test_what_was_not_written_is_not_referred_to(desk, monkeypatch):
    def full(*_, **__):
        message = "no"
        raise JournalError(message)

    with monkeypatch.context() as patch:
        patch.setattr(desk.journal, "append", full)
        with pytest.raises(JournalError):
            desk.record(cycle(SYSTEM, "now"))
    desk.record(cycle(SYSTEM, "now"))
    assert desk.lines()[1] == ([SYSTEM, "now"], [])


def test_a_record_that_refers_to_others_itself_is_refused(desk):
    body = attrs.evolve(cycle("", "now"), texts_in=(1, None))
    with pytest.raises(UnbookableError, match="without all of its prompt"):
        desk.record(body)
    assert not desk.heard


def test_a_text_that_is_not_there_is_named(desk):
    desk.record(*(cycle(SYSTEM, "now") for _ in range(3)))
    second, third = desk.journal.read(after=1)
    said = (
        "record 3 of ann: the text of its system message stands in record 1, "
        "which is not there or has none"
    )
    for found in (None, second, attrs.evolve(second, seq=1)):
        with pytest.raises(JournalError) as failure:
            CycleJoiner(lambda _, found=found: found).joined(third)
        assert str(failure.value) == said
    assert CycleJoiner().joined(third) == third, "nobody was to look for it"


def test_a_decision_is_joined_only_with_the_record_its_cycle_names(desk):
    body = said(("system", SYSTEM))
    end = CycleEnded(**body | {"messages": None}, status=CycleStatus.OK, decided=1)
    other = desk.recorder.record("ann", Decided(**body))
    event = attrs.evolve(other, seq=9, body=end)
    wrong = attrs.evolve(other, seq=5)
    assert CycleJoiner(lambda _: wrong).joined(event).body.messages is None


def test_memory_holds_one_text_for_each_place(desk):
    desk.record(*(cycle(SYSTEM, f"prices {n} " * 50) for n in range(20)))
    cycles = CycleJoiner()
    for event in desk.journal.read():
        cycles.joined(event)
    for held in (cycles._texts["ann"], desk.recorder._prompts._days["ann"].texts):
        assert len(held) == 2
