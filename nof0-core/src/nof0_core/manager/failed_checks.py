"""Risk checks that could not judge."""

from __future__ import annotations

from collections.abc import Sequence

from nof0_core.domain.decision import CHECK_FAILED, Judgement
from nof0_core.ids import TraderId
from nof0_core.state.recorder import Recorder


class FailedChecks:
    """Tells a person about each check that failed on a trader's decisions, once in a run.

    The decision was refused already; without a word to somebody it would be so for ever.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._told: set[tuple[TraderId, str]] = set()

    def note(self, trader: TraderId, judgements: Sequence[Judgement]) -> None:
        """Look through the judgements of one answer."""
        for judgement in judgements:
            for verdict in judgement.verdicts:
                if verdict.code != CHECK_FAILED or (trader, verdict.check) in self._told:
                    continue
                self._told.add((trader, verdict.check))
                self._recorder.alert(
                    CHECK_FAILED,
                    f'{trader}: the risk check "{verdict.check}" lets nothing through: '
                    f"{verdict.message}",
                    trader=trader,
                    symbol=judgement.decision.symbol,
                )
