"""Folders of runs as `nof0 backtest` leaves them, for tests of the list of runs."""

from __future__ import annotations

import json
import os


def keep_run(place, path, *, at=500, returns=None, report=None, ended=""):
    """Put a run with a report and a page below a data directory; return its folder.

    `returns` are those of its traders, by id; `report` is written instead of what follows from
    them, `at` is when, in seconds since 1970.
    """
    folder = place / path
    folder.mkdir(parents=True, exist_ok=True)
    told = {
        "window": {"from": "2025-07-23T00:00:00+00:00", "to": "2025-07-24T00:00:00+00:00"},
        "is_complete": not ended,
        "ended": ended,
        "traders": [
            {"id": name, "name": name.title(), "return_pct": value}
            for name, value in (returns or {}).items()
        ],
        "digests": {"data": "d", "configuration": "c"},
    }
    file = folder / ("partial.json" if ended else "report.json")
    file.write_text(json.dumps(told if report is None else report))
    os.utime(file, (at, at))
    (folder / "report.html").write_text(f"<!doctype html><title>{at}</title><p>a page")
    return folder
