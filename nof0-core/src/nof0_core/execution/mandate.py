"""Whether this process may act on a venue account now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs


def _nothing() -> str:
    return ""


def _no_end() -> datetime | None:
    return None


@attrs.frozen(kw_only=True)
class Mandate:
    """Asked right before something leaves.

    `entries` says why no entry may leave, `orders` why nothing may that changes something at the
    venue, each "" for nothing. `until` is the time (UTC) after which a venue must not carry out
    what leaves now, None where there is no such time.
    """

    entries: Callable[[], str] = _nothing
    orders: Callable[[], str] = _nothing
    until: Callable[[], datetime | None] = _no_end


UNBOUNDED = Mandate()
"""Of a process that nobody can take the account from."""
