"""`manager_state.json`: what is allocated to whom, for people and scripts to read.

The journal is what the engine itself goes on from. The file adds one thing to it: number and hash
of the newest record, so that a journal whose end was cut off is noticed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import msgspec

from nof0_core.domain.view import View
from nof0_core.files import begun, read_bytes
from nof0_core.money import exactly
from nof0_core.state.recorder import Recorder

SCHEMA = 1


class StateFile:
    """Writes the state file, always whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @exactly
    def write(self, view: View, recorder: Recorder) -> None:
        """Replace the file with the present state."""
        total = sum(t.account.equity for t in view.traders)
        state = {
            "schema": SCHEMA,
            "time": view.time,
            "journal": {"last_seq": recorder.journal.last[0], "hash": recorder.journal.last[1]},
            "traders": {
                t.trader: {
                    "venue_account": t.venue_account,
                    "status": str(t.status),
                    "started_at": t.started_at,
                    "initial_capital": t.initial_capital,
                    "deposited": t.account.deposited,
                    "equity": t.account.equity,
                    "share_pct": round(100 * t.account.equity / total, 6) if total else 0,
                    "cycles": t.performance.cycles,
                    "next_cycle": t.next_cycle,
                    "brakes": [attrs.asdict(on) for on in t.brakes],
                    "positions": {h.symbol: h.quantity for h in t.account.holdings},
                }
                for t in view.traders
            },
            "rebalances": [
                {"time": time, "strategy": r.strategy, "before": r.before, "after": r.after}
                for time, r in recorder.state.rebalances
            ],
        }
        data = msgspec.json.format(_ENCODER.encode(state), indent=2)
        temporary = self._path.with_suffix(".tmp")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with begun(temporary) as file:
            file.write(data + b"\n")
        temporary.replace(self._path)

    def anchor(self) -> tuple[int, str] | None:
        """Return number and hash of the newest journal record when the file was written."""
        try:
            state: dict[str, Any] = msgspec.json.decode(read_bytes(self._path))
            return int(state["journal"]["last_seq"]), str(state["journal"]["hash"])
        except (OSError, ValueError, KeyError, TypeError):
            return None


_ENCODER = msgspec.json.Encoder(decimal_format="string")
