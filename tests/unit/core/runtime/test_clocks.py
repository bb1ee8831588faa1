"""What depends on the clock of a run is decided once, when it begins."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from staged_engine import Stage

from nof0_core.clock import SimulatedClock
from nof0_core.config.model import ClockConfig
from nof0_core.domain.vocabulary import ClockKind
from nof0_core.journal.proof import IN_REAL_TIME
from nof0_core.runtime import clocks
from nof0_core.state.durability import Durability
from nof0_core.testing import environment

START = datetime(2025, 7, 23, tzinfo=UTC)


class LiveClock(SimulatedClock):
    """None whose time stands still while work is done."""

    is_lockstep = False


@pytest.mark.parametrize(
    ("config", "full_speed", "kind", "durability"),
    [
        (ClockConfig(), False, ClockKind.SYSTEM, Durability.DISK),
        (ClockConfig(), True, ClockKind.SYSTEM, Durability.DISK),
        (ClockConfig(start=START), False, ClockKind.SYSTEM, Durability.DISK),
        (ClockConfig(start=START, speed=60.0), False, ClockKind.SCALED, Durability.DISK),
        (
            ClockConfig(start=START, speed=60.0, is_lockstep=True),
            False,
            ClockKind.SIMULATED,
            Durability.BUFFER,
        ),
        (ClockConfig(start=START), True, ClockKind.SIMULATED, Durability.BUFFER),
    ],
)
def test_the_disk_has_to_confirm_wherever_time_runs_by_itself(config, full_speed, kind, durability):
    driver = clocks.driving(config, full_speed=full_speed)(None)
    assert driver.kind is kind
    assert driver.durability is durability
    # A start trusts what is written of a run as far as this says.
    assert (durability is Durability.DISK) is (kind in IN_REAL_TIME)
    assert driver.tempo.is_passing is not driver.clock.is_lockstep


@pytest.mark.anyio
@pytest.mark.parametrize("clock", [LiveClock, SimulatedClock])
async def test_what_a_trader_entered_on_is_on_disk_unless_it_was_simulated(
    tmp_path, monkeypatch, clock
):
    stage = Stage(tmp_path)
    async with stage.engine(clock(environment.START)) as engine:
        before = engine.journal.safe.last[0]
        await engine.manager.catch_up()
        await stage.enter(engine, "ann")
        intents = [e.seq for e in engine.journal.read(types=["order_intended"])]
        assert intents
        assert intents[0] > before
        assert (engine.journal.safe.last[0] >= intents[0]) is (clock is LiveClock)
