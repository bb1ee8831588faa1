"""A checkpoint and the records behind it come to what all records come to, wherever it was made.

`NOF0_CUTS` says at how many places that is tried.
"""

from __future__ import annotations

import os
import random
from datetime import timedelta

import msgspec
import pytest

from generated.project import DATA
from generated.run import generate
from nof0_core.analysis.performance import performance
from nof0_core.documents.documents import Documents
from nof0_core.domain.cycle_record import CycleJoiner
from nof0_core.domain.event import EngineStarted, InstrumentsListed, MarketSeen
from nof0_core.domain.snapshot import Quote
from nof0_core.domain.view import TraderView, View
from nof0_core.exporters.event_counts import EventCounts
from nof0_core.journal import read
from nof0_core.state.engine_state import EngineState

pytestmark = pytest.mark.slow

CUTS = int(os.environ.get("NOF0_CUTS", "200"))
SIZES = {"conversations_per_trader": 5, "candles_per_coin": 150}


class _Entry(msgspec.Struct):
    quote: Quote


class Memory:
    """All that remembers: the engine's state, and what its own exporters keep."""

    def __init__(self):
        self.state = EngineState()
        self.documents = Documents(**SIZES)
        self.counts = EventCounts()

    @property
    def parts(self):
        return (*self.state.projections, self.documents, self.counts)

    def apply(self, event):
        whole = self.state.apply(event)
        self.documents.apply(whole)
        self.counts.apply(whole)

    def dumps(self):
        return {each.name: each.dump() for each in self.parts}

    @classmethod
    def of(cls, dumps):
        made = cls()
        for each in made.parts:
            if each is made.documents:
                each.take(each.recalled(dumps[each.name]))
            else:
                each.load(dumps[each.name])
        return made

    def files(self, around):
        """Return the API's files as they would be written now."""
        made = self.documents.build(around.view(self.state), force=True)
        return {
            document.name: (document.body, document.end, [p.content for p in document.pieces])
            for document in made
        }


class Around:
    """What a picture needs beside the state: traders, instruments and the newest prices."""

    def __init__(self, events):
        self.seq, self.time = events[-1].seq, events[-1].time
        self.quotes, self.instruments, self.traders = {}, {}, ()
        for event in events:
            match event.body:
                case MarketSeen() as body:
                    seen = msgspec.json.decode(body.snapshots, type=dict[str, _Entry])
                    self.quotes |= {symbol: entry.quote for symbol, entry in seen.items()}
                case InstrumentsListed() as body:
                    self.instruments |= body.instruments
                case EngineStarted() as body:
                    self.traders = body.traders

    def view(self, state):
        marks = {symbol: quote.mark for symbol, quote in self.quotes.items()}
        views = []
        for trader in self.traders:
            home, standing = state.venue_account_of(trader), state.standing(trader)
            account = state.account(home, trader, marks, self.time, self.instruments)
            trades, curve = state.trades(trader), state.curve(trader)
            views.append(
                TraderView(
                    trader=trader,
                    name=trader,
                    model="m",
                    is_baseline=False,
                    venue_account=home,
                    started_at=standing.started_at,
                    initial_capital=standing.initial_capital,
                    account=account,
                    performance=performance(trades, curve, account, standing.cycles),
                    status="running",
                    next_cycle=None,
                    trades=trades,
                    equity_curve=curve,
                    brakes=state.brakes.active(trader),
                    answers=standing.answers,
                    trouble=standing.trouble,
                )
            )
        return View(seq=self.seq, time=self.time, traders=tuple(views), quotes=self.quotes)


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    """Three traders that trade a lot, for some hours."""
    folder = tmp_path_factory.mktemp("cuts") / "run"
    generate(folder, traders=3, span=timedelta(hours=3), entries=0.9)
    joiner = CycleJoiner()
    return list(map(joiner.joined, read(folder / DATA / "journal", {})))


@pytest.fixture(scope="module")
def whole(events):
    memory = Memory()
    for event in events:
        memory.apply(event)
    return memory


def test_a_checkpoint_and_what_follows_is_all_of_it(events, whole):
    chosen = set(random.Random(1).choices(range(len(events)), k=CUTS))
    around = Around(events)
    truth, files = whole.dumps(), whole.files(around)
    assert len(files["trades.json"][0]) > 1000
    assert files["conversations.json"][2], "there are too few conversations for a piece"
    memory = Memory()
    for place, event in enumerate(events):
        memory.apply(event)
        if place not in chosen:
            continue
        again = Memory.of(memory.dumps())
        assert again.dumps() == memory.dumps()
        for later in events[place + 1 :]:
            again.apply(later)
        assert again.dumps() == truth, f"cut behind record {event.seq}"
        found = again.files(around)
        assert found.keys() == files.keys()
        for name, (body, end, pieces) in files.items():
            assert found[name][:2] == (body, end), f"{name}, cut behind record {event.seq}"
            assert found[name][2] == pieces, f"{name}, cut behind record {event.seq}"
