"""The word for what a trader does, and why: one rule for files, API and terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import attrs

from nof0_core.domain.brakes import ActiveBrake, Brake
from nof0_core.domain.view import TraderView

_NO_ROOM = "the disk is full: no entries until there is room"


class StatusWord(StrEnum):
    """What a trader does; the first that fits, in this order.

    PAUSED: it decides nothing, because a person wants that. FAILING: its cycles keep failing, or
    what it needs does not open. WAITING: what it needs is not open yet. HALTED: all entries are
    stopped. BRAKED: a limit, or a full disk, keeps it from opening positions.
    """

    PAUSED = "paused"
    FAILING = "failing"
    WAITING = "waiting"
    HALTED = "halted"
    BRAKED = "braked"
    OK = "ok"


@attrs.frozen
class TraderStatus:
    """A word, why it is so ("" for ok), and until when; None: nobody knows, or a person decides."""

    word: StatusWord
    reason: str = ""
    until: datetime | None = None


def status_of(trader: TraderView) -> TraderStatus:
    """Return how a trader is."""
    paused = _on(trader, Brake.PAUSED)
    if paused or trader.status == "paused":
        return _braked(StatusWord.PAUSED, paused)
    if trader.status == "failing":
        why = f"waits for {trader.waits_for}" if trader.waits_for else trader.trouble
        return TraderStatus(StatusWord.FAILING, why, trader.pause_until)
    if trader.waits_for:
        return TraderStatus(StatusWord.WAITING, f"waits for {trader.waits_for}")
    halted = _on(trader, Brake.HALT)
    if halted:
        return _braked(StatusWord.HALTED, halted)
    # A coin that rests keeps the trader from nothing else.
    limits = [on for on in trader.brakes if on.brake is not Brake.COOLDOWN]
    if limits:
        return _braked(StatusWord.BRAKED, limits)
    if trader.status == "disk_full":
        return TraderStatus(StatusWord.BRAKED, _NO_ROOM)
    return TraderStatus(StatusWord.OK)


def _on(trader: TraderView, brake: Brake) -> list[ActiveBrake]:
    return [on for on in trader.brakes if on.brake is brake]


def _braked(word: StatusWord, brakes: Sequence[ActiveBrake]) -> TraderStatus:
    """Say all brakes; it is over when the last of them is."""
    ends = [on.until for on in brakes]
    known = [end for end in ends if end is not None]
    until = max(known, default=None) if len(known) == len(ends) else None
    return TraderStatus(word, "; ".join(f"{on.message}, {on.end}" for on in brakes), until)
