"""When what was asked of an engine takes effect."""

from __future__ import annotations

from pathlib import Path

from nof0_core.project import running_engine


def when(state_dir: Path) -> str:
    """Say when a running engine, or the next one, takes note of a request."""
    process = running_engine(state_dir)
    if process is None:
        return "no engine is running: it takes effect at the next start"
    return f"the engine (process {process}) takes note at its next look at the exchange account"
