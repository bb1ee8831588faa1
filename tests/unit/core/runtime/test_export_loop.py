"""Exporters read the journal at their own pace, and nobody waits for them."""

from __future__ import annotations

import asyncio  # noqa: TID251 - a native cancellation is what is tried
import contextlib
import gc
import weakref
from decimal import Decimal as D

import anyio
import attrs
import pytest
from world.loop import live_in, nap, now

from nof0_core.domain.context import Performance
from nof0_core.domain.event import Alerted, CycleEnded, Decided
from nof0_core.domain.model import Message
from nof0_core.domain.view import EquityPoint, TraderView, View
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.errors import JournalError, TransientError
from nof0_core.execution.limits import LIMITS
from nof0_core.ids import ENGINE
from nof0_core.journal import Journal
from nof0_core.runtime import backlog
from nof0_core.runtime.export_loop import Exports
from nof0_core.runtime.exporting import Output
from nof0_core.state.checkpoint import Part
from nof0_core.testing import samples
from nof0_core.testing.environment import START, Lines

pytestmark = pytest.mark.anyio


class Sink:
    """An exporter; `fault` and `cursor_fault` are awaited before it does its work."""

    def __init__(self, cursor=0, fault=None, cursor_fault=None):
        self.start = cursor
        self.fault, self.cursor_fault = fault, cursor_fault
        self.seen: list[int] = []
        self.events, self.views, self.tried = [], [], []

    async def cursor(self):
        if self.cursor_fault is not None:
            await self.cursor_fault()
        return self.start

    async def export(self, events, view):
        self.tried.append(now() if isinstance(view, View) else None)
        if self.fault is not None:
            await self.fault()
        self.seen += [event.seq for event in events]
        self.events += events
        self.views.append(view)


class Scene:
    """Exporters of one journal."""

    def __init__(self, journal, *, last_within=LIMITS.export):
        self.journal, self.log = journal, Lines()
        self.exports = Exports(journal=journal, log=self.log, last_within=last_within)

    def add(self, name, sink, plugin="nof0-sink"):
        async def opened():
            return sink

        self.exports.add(Output(name=name, plugin=plugin, open=opened))
        return sink

    def write(self, count, body=None):
        for _ in range(count):
            body = body or Alerted(code="x", message="y")
            self.exports.notice(self.journal.append(START, ENGINE, body))

    @property
    def view(self):
        return View(seq=self.journal.last_seq, time=START, traders=(), quotes={})

    def offer(self):
        self.exports.offer(self.view)

    async def finish(self):
        await self.exports.finish(self.view)

    @property
    def states(self):
        return {state.exporter: state for state in self.exports.states}

    @property
    def lag(self):
        return {state.exporter: state.behind for state in self.exports.states}

    def warnings(self, name):
        return [line for line in self.log.lines if "quarantine" in str(line) and name in str(line)]


@pytest.fixture
def journal(tmp_path):
    with Journal.open(tmp_path / "journal") as journal:
        yield journal


@pytest.fixture
def scene(journal):
    return Scene(journal)


def live(story):
    """Tell a story in virtual time."""
    return live_in(1, story)


# --- what they are told -----------------------------------------------------------------------


def test_everything_that_happens_is_told_once_in_order(scene):
    sink = scene.add("sink", Sink())

    async def story():
        async with scene.exports.running():
            scene.write(3)
            scene.offer()
            await nap(1)
            assert sink.seen == [1, 2, 3]
            scene.write(3)
            scene.offer()
            await scene.finish()

    live(story)
    assert sink.seen == list(range(1, 7))


async def test_what_was_written_before_comes_from_disk(journal, monkeypatch):
    monkeypatch.setattr(backlog, "BATCH", 7)
    Scene(journal).write(40)
    scene = Scene(journal)
    one, two = scene.add("all", Sink()), scene.add("late", Sink(cursor=38))
    async with scene.exports.running():
        scene.write(2)
        await scene.finish()
    assert one.seen == list(range(1, 43))
    assert two.seen == list(range(39, 43))


async def test_one_that_falls_far_behind_reads_from_disk(scene, monkeypatch):
    monkeypatch.setattr(backlog, "QUEUE", 10)
    monkeypatch.setattr(backlog, "BATCH", 7)
    sink = scene.add("sink", Sink())
    scene.write(47)
    async with scene.exports.running():
        await scene.finish()
    assert sink.seen == list(range(1, 48))


def test_a_picture_comes_without_events_and_never_behind_them(scene):
    sink = scene.add("sink", Sink())

    async def story():
        async with scene.exports.running():
            scene.write(2)
            view = scene.view
            scene.write(1)
            scene.exports.offer(view)
            await nap(1)
            assert (sink.seen, sink.views[-1].seq) == ([1, 2], 2)
            scene.offer()
            await nap(1)
            scene.offer()
            await nap(1)

    live(story)
    assert sink.seen == [1, 2, 3]
    assert [view.seq for view in sink.views] == [2, 3, 3]


def cycle():
    """Return what both records of a cycle have."""
    return {
        "trader": "ann",
        "cycle": "c",
        "number": 1,
        "scheduled": START,
        "model": "m",
        "market": "",
        "account": samples.account(),
        "performance": Performance(),
    }


async def test_a_cycle_of_two_records_comes_whole_also_where_reading_begins_between_them(
    journal, scene
):
    decided = journal.append(START, "ann", Decided(**cycle(), answer="buy"))
    end = CycleEnded(**cycle(), status=CycleStatus.OK, decided=decided.seq)
    journal.append(START, "ann", end)
    scene = Scene(journal)
    whole, late = scene.add("all", Sink()), scene.add("late", Sink(cursor=decided.seq))
    async with scene.exports.running():
        await scene.finish()
    assert [e.body.answer for e in (*whole.events, *late.events)] == ["buy", "buy", "buy"]


async def test_a_record_that_lacks_a_part_loses_none_of_those_before_it(journal):
    Scene(journal).write(3)
    texts = (Message(role="system", content=""),)
    journal.append(
        START, "ann", CycleEnded(**cycle(), status=CycleStatus.OK, messages=texts, texts_in=(2,))
    )
    journal.append(START, "ann", Alerted(code="x", message="y"))
    events = backlog.Backlog(journal)
    for _ in range(2):
        with pytest.raises(JournalError, match="record 4 of ann: .* stands in record 2"):
            await events.after(0, journal.last_seq)
    assert [event.seq for event in await events.after(0, 3)] == [1, 2, 3]


def test_what_a_foreign_exporter_does_to_events_and_picture_reaches_nobody_else(scene):
    class Spoils(Sink):
        async def export(self, events, view):
            for event in events:
                object.__setattr__(event.body, "message", "spoilt")
                object.__setattr__(event, "seq", 0)
            view.quotes["BTC"] = None
            for trader in view.traders:
                object.__setattr__(trader.account, "cash", None)
                object.__setattr__(trader.equity_curve[0], "equity", None)
            object.__setattr__(view, "traders", ())
            self.is_done = True

    spoils = scene.add("spoils", Spoils())
    others = [scene.add("own", Sink(), plugin=""), scene.add("foreign", Sink())]
    trader = TraderView(
        trader="ann",
        name="Ann",
        model="m",
        is_baseline=False,
        venue_account="paper",
        started_at=START,
        initial_capital=D(1000),
        account=samples.account(),
        performance=Performance(),
        status="waiting",
        next_cycle=None,
        trades=(),
        equity_curve=(EquityPoint(time=START, equity=D(1), deposited=D(1), index=D(1)),),
    )
    grown = attrs.evolve(
        trader,
        equity_curve=(
            *trader.equity_curve,
            EquityPoint(time=START, equity=D(2), deposited=D(1), index=D(2)),
        ),
    )

    async def story():
        async with scene.exports.running():
            for shown in (trader, grown):
                scene.write(3)
                scene.exports.offer(attrs.evolve(scene.view, traders=(shown,)))
                await nap(1)
                for sink in others:
                    assert sink.views[-1].traders == (shown,)
                    assert "BTC" not in sink.views[-1].quotes

    live(story)
    assert spoils.is_done
    for sink in others:
        assert sink.seen == [1, 2, 3, 4, 5, 6]
        assert {event.body.message for event in sink.events} == {"y"}
    assert scene.lag == {"spoils": 0, "own": 0, "foreign": 0}


# --- what goes wrong --------------------------------------------------------------------------


async def hang():
    await anyio.sleep_forever()


async def hang_shielded():
    with anyio.CancelScope(shield=True):
        await anyio.sleep_forever()


def raising(error):
    async def fault():
        raise error

    return fault


class NamelessError(Exception):
    def __str__(self):
        raise ValueError


FAULTS = {
    "away": raising(TransientError("the target is away")),
    "bug": raising(KeyError("row")),
    "exit": raising(SystemExit(3)),
    "cancelled": raising(asyncio.CancelledError()),
    "group": raising(ExceptionGroup("two", [OSError("disk"), KeyError("row")])),
    "nameless": raising(NamelessError()),
    "hangs": hang,
    "hangs shielded": hang_shielded,
}


@pytest.mark.parametrize("verb", ["cursor", "export"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("last_within", [None, LIMITS.export])
def test_one_that_fails_delays_nobody_and_gets_the_same_again(journal, fault, verb, last_within):
    scene = Scene(journal, last_within=last_within)
    bad = Sink(**{"fault" if verb == "export" else "cursor_fault": FAULTS[fault]})
    scene.add("bad", bad, plugin="nof0-bad")
    good = scene.add("good", Sink())

    async def story():
        async with scene.exports.running():
            scene.write(4)
            scene.offer()
            await nap(0.5)
            assert (bad.seen, good.seen) == ([], [1, 2, 3, 4])
            await nap(200)
            state = scene.states["bad"]
            assert (state.behind, scene.lag["good"]) == (4, 0)
            assert state.failures > 1
            assert state.trouble.startswith(f"{verb}: ")
            [warning] = scene.warnings("bad")
            assert verb in str(warning)
            assert "nof0-bad" in str(warning)
            bad.fault = bad.cursor_fault = None
            await nap(200)
            assert scene.states["bad"].trouble == ""
            assert bad.seen == [1, 2, 3, 4]
            bad.fault = FAULTS[fault]
            scene.write(1)
            scene.offer()
            await nap(200)
            assert len(scene.warnings("bad")) == 2

    live(story)


def test_it_is_tried_again_after_a_second_and_then_twice_as_long_up_to_a_minute(scene):
    bad = scene.add("bad", Sink(fault=FAULTS["bug"]))

    async def story():
        async with scene.exports.running():
            scene.write(1)
            scene.offer()
            for _ in range(600):
                await nap(1)
                # A picture that comes meanwhile is no reason to try sooner.
                scene.offer()

    live(story)
    between = [round(b - a) for a, b in zip(bad.tried, bad.tried[1:], strict=False)]
    assert between[:8] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_one_that_always_has_more_to_take_is_well_again_with_its_first_success(scene):
    """Its calls take longer than it is until the next picture: it never comes to rest."""
    failing = {1, 2, 5}

    async def work():
        if len(sink.tried) in failing:
            raise OSError
        await nap(1.5)

    sink = scene.add("sink", Sink(fault=work))
    troubles = []

    async def story():
        async with scene.exports.running():
            for _ in range(12):
                scene.write(1)
                scene.offer()
                await nap(1)
                troubles.append(bool(scene.states["sink"].trouble))

    live(story)
    waits = [after - before for before, after in zip(sink.tried, sink.tried[1:], strict=False)]
    # Twice away, two calls that worked, away once: that is tried again after a second.
    assert waits[:5] == [1, 2, 1.5, 1.5, 1]
    assert (troubles[:5], troubles[6:9]) == ([True] * 4 + [False], [True, True, False])
    assert len(scene.warnings("sink")) == 2


@pytest.mark.parametrize("fault", [hang, hang_shielded])
def test_the_end_waits_for_one_that_hangs_no_longer_than_for_a_call(scene, fault):
    scene.add("bad", Sink(fault=fault))
    good = scene.add("good", Sink())

    async def story():
        async with scene.exports.running():
            scene.write(2)
            scene.offer()
            await nap(10)
            scene.write(1)
            await scene.finish()
            assert good.seen == [1, 2, 3]
        return now()

    assert 10 < live(story) < 75
    assert "not taken everything" in str(scene.log.lines)


def test_one_that_cannot_be_broken_off_is_asked_nothing_more_and_left_behind(scene):
    over = []

    async def hang_on():
        while not over:
            with contextlib.suppress(asyncio.CancelledError):
                await nap(1000)

    bad = scene.add("bad", Sink(fault=hang_on))

    async def story():
        async with scene.exports.running():
            scene.write(1)
            scene.offer()
            await nap(900)
            assert scene.states["bad"].failures > 1
            before = now()
            await scene.finish()
            assert now() - before <= 60
        # The test itself must end: let it go.
        over.append(True)
        await nap(2000)

    live(story)
    assert len(bad.tried) == 1


def test_on_a_lockstep_clock_everything_is_delivered_at_the_end_however_long_it_takes(journal):
    scene = Scene(journal, last_within=None)

    async def slow():
        await nap(50)

    sink = scene.add("slow", Sink(fault=slow))
    backlog_size = 5 * backlog.BATCH

    async def story():
        async with scene.exports.running():
            scene.write(backlog_size)
            await scene.finish()

    live(story)
    assert len(sink.seen) == backlog_size


def test_one_in_quarantine_is_tried_once_more_at_the_end(scene):
    bad = scene.add("bad", Sink(fault=FAULTS["away"]))

    async def story():
        async with scene.exports.running():
            scene.write(2)
            scene.offer()
            await nap(100)
            bad.fault = None
            before = now()
            await scene.finish()
            assert now() == before

    live(story)
    assert bad.seen == [1, 2]


@pytest.mark.parametrize("cursor", [None, True, -1, 1.0, "3", 10**9, 6], ids=repr)
def test_a_cursor_that_is_none_of_this_journal_lets_the_exporter_stand_still(journal, cursor):
    Scene(journal).write(5)
    scene = Scene(journal)
    bad = scene.add("bad", Sink(cursor=cursor))
    good = scene.add("good", Sink(cursor=5))

    async def story():
        async with scene.exports.running():
            scene.write(5)
            scene.offer()
            await nap(300)
            assert (bad.tried, good.seen) == ([], list(range(6, 11)))
            assert scene.states["bad"].trouble.startswith("cursor: ")
            assert len(scene.warnings("bad")) == 1
            if type(cursor) is int and cursor > 0:
                assert "another journal" in scene.states["bad"].trouble
            bad.start = 5
            await nap(100)
            assert bad.seen == list(range(6, 11))

    live(story)


def test_one_that_does_not_open_is_opened_again(scene):
    opened = []

    async def open_it():
        opened.append(now())
        if len(opened) < 3:
            message = "no such host"
            raise OSError(message)
        return sink

    sink = Sink()
    scene.exports.add(Output(name="late", plugin="", open=open_it))

    async def story():
        async with scene.exports.running():
            scene.write(2)
            scene.offer()
            await nap(2)
            assert "opening: OSError: no such host" in scene.states["late"].trouble
            await nap(2)

    live(story)
    assert opened == [0, 1, 3]
    assert sink.seen == [1, 2]


def test_secrets_are_taken_out_of_what_is_told(journal):
    scene = Scene(journal)
    scene.exports = Exports(
        journal=journal,
        log=scene.log,
        last_within=LIMITS.export,
        redact=lambda text: text.replace("hunter2", "[redacted]"),
    )
    scene.add("bad", Sink(fault=raising(OSError("login with hunter2 refused"))))

    async def story():
        async with scene.exports.running():
            scene.write(1)
            scene.offer()
            await nap(1)
            assert "login with [redacted]" in scene.states["bad"].trouble

    live(story)


def test_once_exporters_remember_the_bytes_of_the_checkpoint_are_let_go(journal):
    """Years of them are tens of megabytes, and who remembers has no use for them."""
    scene = Scene(journal)
    parts = {
        name: Part(name=name, version=1, data=b"what was remembered")
        for name in ("exporter one: memory", "exporter gone: memory")
    }
    kept = weakref.WeakSet(parts.values())
    scene.exports = Exports(journal=journal, log=scene.log, last_within=LIMITS.export, parts=parts)
    scene.add("one", Sink())

    async def story():
        async with scene.exports.running():
            scene.write(1)
            scene.offer()
            await nap(1)
            assert not scene.lag["one"]
            assert not parts
            gc.collect()
            assert not kept

    live(story)
