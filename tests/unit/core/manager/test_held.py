"""Cycles in which rules held, and the order in which their stretches are recorded."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from nof0_core.clock import SimulatedClock
from nof0_core.domain.event import CyclesHeld
from nof0_core.ids import TraderId
from nof0_core.journal import Journal
from nof0_core.manager.held import HeldCycles
from nof0_core.state.durability import Durability
from nof0_core.state.engine_state import EngineState
from nof0_core.state.recorder import Recorder
from nof0_core.testing.environment import START, Lines

ANN, BOB, EVE = TraderId("ann"), TraderId("bob"), TraderId("eve")


@pytest.fixture
def heard():
    return []


@pytest.fixture
def held(tmp_path, heard):
    journal = Journal.open(tmp_path)
    recorder = Recorder(
        events=journal,
        durability=Durability.BUFFER,
        state=EngineState(),
        clock=SimulatedClock(START),
        log=Lines(),
    )
    recorder.listeners.append(lambda event: heard.append(event.body))
    made = HeldCycles(recorder)
    made.fold([EVE, ANN, BOB], lambda *_: False)
    yield made
    journal.close()


def note(held, trader, *, minutes):
    first = START + timedelta(minutes=minutes)
    last = first + timedelta(minutes=9)
    held.note(trader, first=first, last=last, count=10, peak=Decimal(1), index=Decimal(1))


def test_stretches_are_recorded_as_they_began_however_late_they_were_noted(held, heard):
    note(held, EVE, minutes=5)
    note(held, ANN, minutes=4)
    note(held, BOB, minutes=6)

    held.end_all()

    assert [type(body) for body in heard] == [CyclesHeld] * 3
    assert [body.trader for body in heard] == [ANN, EVE, BOB]


def test_of_stretches_that_began_together_that_of_the_first_trader_comes_first(held, heard):
    for trader in (BOB, ANN, EVE):
        note(held, trader, minutes=3)

    held.end_all()

    assert [body.trader for body in heard] == [EVE, ANN, BOB]
