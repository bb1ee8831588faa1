"""Which process it was: a name for each start, drawn by chance."""

from __future__ import annotations

import secrets


def new_instance() -> str:
    """Return 16 hex digits that no other process has; the only thing here that is random."""
    return secrets.token_hex(8)
