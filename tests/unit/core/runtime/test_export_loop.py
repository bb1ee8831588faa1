"""Exporters read the journal at their own pace."""

from __future__ import annotations

import pytest

from nof0_core.domain.context import Performance
from nof0_core.domain.event import Alerted, CycleEnded, Decided
from nof0_core.domain.view import View
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.errors import TransientError
from nof0_core.ids import ENGINE
from nof0_core.journal import Journal
from nof0_core.runtime import export_loop as module
from nof0_core.runtime.export_loop import Exports
from nof0_core.testing import samples
from nof0_core.testing.environment import START, Lines

pytestmark = pytest.mark.anyio
VIEW = View(seq=0, time=START, traders=(), quotes={})


class Sink:
    def __init__(self, cursor=0):
        self.start = cursor
        self.seen: list[int] = []
        self.is_away = False

    async def cursor(self):
        return self.start

    async def export(self, events, view):
        if self.is_away:
            message = "the target is away"
            raise TransientError(message)
        self.seen += [event.seq for event in events]


@pytest.fixture
def journal(tmp_path):
    with Journal.open(tmp_path / "journal") as journal:
        yield journal


@pytest.fixture
def exports(journal):
    exports = Exports(journal=journal, log=Lines())

    def write(count):
        for _ in range(count):
            exports.notice(journal.append(START, ENGINE, Alerted(code="x", message="y")))

    exports.write = write
    return exports


async def test_everything_written_before_and_after_is_seen_once_in_order(journal, exports):
    exports.write(5)
    sink = Sink()
    await exports.add("sink", sink)
    await exports.offer(VIEW)
    exports.write(3)
    await exports.offer(VIEW)
    await exports.offer(VIEW)
    assert sink.seen == list(range(1, 9))


async def test_an_exporter_goes_on_after_its_own_cursor(exports):
    exports.write(5)
    sink = Sink(cursor=3)
    await exports.add("sink", sink)
    await exports.offer(VIEW)
    assert sink.seen == [4, 5]


async def test_what_could_not_be_exported_comes_again_and_others_do_not_wait(exports):
    broken, fine = Sink(), Sink()
    await exports.add("broken", broken)
    await exports.add("fine", fine)
    broken.is_away = True
    exports.write(4)
    await exports.offer(VIEW)
    assert (broken.seen, fine.seen) == ([], [1, 2, 3, 4])
    assert exports.lag == {"broken": 4, "fine": 0}
    broken.is_away = False
    await exports.offer(VIEW)
    assert broken.seen == [1, 2, 3, 4]


async def test_one_that_falls_far_behind_reads_from_disk(exports, monkeypatch):
    monkeypatch.setattr(module, "QUEUE", 10)
    monkeypatch.setattr(module, "BATCH", 7)
    sink = Sink()
    await exports.add("sink", sink)
    sink.is_away = True
    for _ in range(5):
        exports.write(9)
        await exports.offer(VIEW)
    sink.is_away = False
    await exports.offer(VIEW)
    exports.write(2)
    await exports.offer(VIEW)
    assert sink.seen == list(range(1, 48))


async def test_a_cycle_of_two_records_comes_whole_also_where_reading_begins_between_them(
    journal, exports
):
    shared = {
        "trader": "ann",
        "cycle": "c",
        "number": 1,
        "scheduled": START,
        "model": "m",
        "market": "",
        "account": samples.account(),
        "performance": Performance(),
    }
    decided = journal.append(START, "ann", Decided(**shared, answer="buy"))
    end = CycleEnded(**shared, status=CycleStatus.OK, decided=decided.seq)
    journal.append(START, "ann", end)
    told = []

    class Keeps(Sink):
        async def export(self, events, view):
            told.extend(event.body.answer for event in events)

    await exports.add("all", Keeps())
    await exports.add("late", Keeps(cursor=decided.seq))
    await exports.offer(VIEW)
    assert told == ["buy", "buy", "buy"]
