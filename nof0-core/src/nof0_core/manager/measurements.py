"""What a run measures of itself, for exporters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Protocol

from nof0_core.border.quarantine import Quarantine
from nof0_core.calls import BOUNDS, CallsUnderWay, Timing
from nof0_core.domain.measured import CallTimes, DutyTrouble, StageTimes, Trouble
from nof0_core.manager.schedule import Rank


class Timed(Protocol):
    """Whoever asks a provider."""

    @property
    def timings(self) -> Mapping[str, Timing]:
        """Return how long calls took, by verb."""


class DutyTroubles:
    """Counts what goes wrong with duties; those of the schedule are there from the start."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, Trouble]] = Counter()
        for rank in Rank:
            for trouble in Trouble:
                self._counts[rank.word, trouble] = 0

    def count(self, duty: str, trouble: Trouble) -> None:
        """Count one more."""
        self._counts[duty, trouble] += 1

    def all(self) -> tuple[DutyTrouble, ...]:
        """Return all that was counted, by duty and trouble."""
        return tuple(
            DutyTrouble(duty=duty, trouble=trouble, count=count)
            for (duty, trouble), count in sorted(self._counts.items())
        )


class Measurements:
    """The calls of all sections, what of them is in quarantine, and what goes wrong with duties.

    `stages` is what of decision cycles is under way, by stage.
    """

    def __init__(
        self,
        *,
        markets: Mapping[str, Timed],
        exchanges: Mapping[str, Timed],
        quarantine: Quarantine,
    ) -> None:
        self.quarantine = quarantine
        self._families = {"exchange": exchanges, "market": markets}
        self.duties = DutyTroubles()
        self.stages = CallsUnderWay("cycles")

    def stage_times(self) -> tuple[StageTimes, ...]:
        """Return how long the stages of decision cycles took."""
        return tuple(
            StageTimes(
                stage=stage,
                bounds=BOUNDS,
                counts=tuple(timing.counts),
                seconds=timing.seconds,
                failed=timing.failed,
            )
            for stage, timing in sorted(self.stages.timings.items())
        )

    def calls(self) -> tuple[CallTimes, ...]:
        """Return the calls that have ended, by family, section and verb."""
        return tuple(
            CallTimes(
                family=family,
                section=section,
                verb=verb,
                bounds=BOUNDS,
                counts=tuple(timing.counts),
                seconds=timing.seconds,
                late=timing.late,
                failed=timing.failed,
            )
            for family, owners in self._families.items()
            for section, owner in sorted(owners.items())
            for verb, timing in sorted(owner.timings.items())
        )
