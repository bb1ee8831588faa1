"""`status.json`: how the engine, its traders and its services are, and the newest alerts."""

from __future__ import annotations

from datetime import datetime

from nof0_core.documents.status_log import StatusLog
from nof0_core.documents.trader_status import status_of
from nof0_core.documents.wire import Json, seconds
from nof0_core.domain.engine_status import EngineState, EngineStatus
from nof0_core.domain.view import TraderView, View

NOT_HEARD_OF = "not heard of"
"""What is read where an engine ought to run and has not said so for too long."""
ENDED = frozenset(str(state) for state in EngineState if state.is_over)
"""The states after which nothing more is said."""


def engine_row(engine: EngineStatus) -> Json:
    """Write what an engine says of itself; times in seconds, `heartbeat` on the real clock."""
    return {
        "state": str(engine.state),
        "reason": engine.reason,
        "since": seconds(engine.since),
        "clock": engine.clock,
        "speed": engine.speed,
        "heartbeat": seconds(engine.heartbeat),
        "notes": list(engine.notes),
    }


def trader_row(trader: TraderView, log: StatusLog) -> Json:
    """Write how a trader is; `until` in seconds, null where nobody knows or a person decides.

    `cycles` are those in which its model was asked, as on the leaderboard; `failed_by_reason` has
    all cycles that failed, also those in which nobody was asked.
    """
    status = status_of(trader)
    return {
        "id": trader.trader,
        "name": trader.name,
        "status": str(status.word),
        "reason": status.reason,
        "until": _seconds_or_null(status.until),
        "cycles": trader.answers.asked,
        "usable_answers": trader.answers.usable,
        "failed_by_reason": log.failed(trader.trader),
    }


def service_rows(view: View) -> list[Json]:
    """Write all sections: what each says of its health, its numbers, and what is in quarantine.

    `health` is null where a section says nothing, `figures` is empty where it tells no numbers.
    """
    rows: dict[tuple[str, str], Json] = {}

    def row(section: str, family: str) -> Json:
        blank: Json = {"section": section, "family": family, "health": None, "figures": {}}
        return rows.setdefault((section, family), blank | {"quarantine": []})

    for one in view.services:
        said = row(one.section, one.family)
        said["health"] = {
            "state": str(one.health),
            "sentence": one.sentence,
            "since": seconds(one.since),
        }
        said["figures"] = dict(one.figures)
    for entry in view.quarantine:
        row(entry.section, entry.family)["quarantine"].append(
            {
                "symbol": entry.symbol,
                "verb": entry.verb,
                "problem": entry.problem,
                "since": seconds(entry.since),
            }
        )
    return list(rows.values())


def _seconds_or_null(moment: datetime | None) -> float | None:
    return None if moment is None else seconds(moment)
