"""`manager_state.json`: what is allocated to whom, for people and scripts to read.

The journal is what the engine itself goes on from. The file adds one thing to it: number and hash
of the newest records that were safe on disk, of each stream, so that an end that was cut off is
noticed. Records that only the operating system had are not counted: a power failure may take them.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import attrs
import msgspec

from nof0_core.domain.view import View
from nof0_core.files import begun, read_bytes
from nof0_core.ids import TraderId
from nof0_core.journal import Anchor, StreamAnchor
from nof0_core.money import exactly
from nof0_core.state.engine_state import EngineState

SCHEMA = 1


class StateFile:
    """Writes the state file, always whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @exactly
    def write(self, view: View, state: EngineState, safe: Anchor) -> None:
        """Replace the file with the present state; `safe` is what of the journal is on disk."""
        total = sum(t.account.equity for t in view.traders)
        content = {
            "schema": SCHEMA,
            "time": view.time,
            "journal": _plain(safe),
            "traders": {
                t.trader: {
                    "venue_account": t.venue_account,
                    "status": str(t.status),
                    "started_at": t.started_at,
                    "initial_capital": t.initial_capital,
                    "deposited": t.account.deposited,
                    "equity": t.account.equity,
                    "return_pct": round(t.account.return_pct, 6),
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
                for time, r in state.rebalances
            ],
        }
        data = msgspec.json.format(_ENCODER.encode(content), indent=2)
        temporary = self._path.with_suffix(".tmp")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with begun(temporary) as file:
            file.write(data + b"\n")
        temporary.replace(self._path)

    def anchor(self) -> Anchor | None:
        """Return what of the journal was safe on disk when the file was written, if it says so."""
        try:
            noted: dict[str, Any] = msgspec.json.decode(read_bytes(self._path))["journal"]
            return Anchor(
                last=(int(noted["last_seq"]), str(noted["hash"])),
                streams={
                    TraderId(stream): StreamAnchor(
                        seq=int(end["last_seq"]),
                        hash=str(end["hash"]),
                        day=date.fromisoformat(end["day"]),
                    )
                    for stream, end in noted.get("streams", {}).items()
                },
                source=self._path.name,
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None


def _plain(safe: Anchor) -> dict[str, Any]:
    return {
        "last_seq": safe.last[0],
        "hash": safe.last[1],
        "streams": {
            stream: {"last_seq": end.seq, "hash": end.hash, "day": end.day}
            for stream, end in safe.streams.items()
        },
    }


_ENCODER = msgspec.json.Encoder(decimal_format="string")
