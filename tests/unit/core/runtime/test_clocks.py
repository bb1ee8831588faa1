"""What depends on the clock of a run is decided once, when it begins."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from nof0_core.config.model import ClockConfig
from nof0_core.domain.vocabulary import ClockKind
from nof0_core.runtime import clocks
from nof0_core.state.durability import Durability

START = datetime(2025, 7, 23, tzinfo=UTC)


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
    clock = clocks.choose(config, full_speed=full_speed, resume_at=None)
    assert clocks.kind(clock) is kind
    assert clocks.durability(clock) is durability
    assert (durability is Durability.BUFFER) is clock.is_lockstep
