"""How ids that a venue gave are written: as integers, which the contract of the API wants."""

from __future__ import annotations

import hashlib

from nof0_core.documents.wire import Json

NO_ID = -1
"""Stands for an order that does not exist at the venue."""
_EXACT = 2**53
"""Below it every reader of JSON reads an integer to the last digit."""


def venue_id(key: str, value: str | None) -> Json:
    """Write an id under `key`, and as text under `<key>_ref` where the integer does not show it.

    Digits below 2^53 stand as they are. Any other id is the first 52 bits of its SHA-256: the same
    for the same id, also in another run.
    """
    if value is None:
        return {key: NO_ID}
    if value.isascii() and value.isdecimal() and len(value) <= 16:
        number = int(value)
        if number < _EXACT and str(number) == value:
            return {key: number}
    digest = hashlib.sha256(value.encode()).digest()
    return {key: int.from_bytes(digest[:7]) >> 4, f"{key}_ref": value}
