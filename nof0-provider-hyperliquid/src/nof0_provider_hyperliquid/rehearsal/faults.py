"""What goes wrong at the venue, and when."""

from __future__ import annotations

import random
from enum import StrEnum

from attrs import define, field

ALL = "*"


class Harm(StrEnum):
    """What happens to a request, or to a message of the websocket.

    Requests: `*_BEFORE` is never carried out, `*_AFTER` is carried out and its answer lost.
    DELAYED is carried out later, with its answer lost. Messages: MISSED never comes, REPEATED comes
    twice, and UNREADABLE comes cut off.
    """

    RATE_LIMITED = "rate_limited"
    BAD_GATEWAY_BEFORE = "bad_gateway_before"
    BAD_GATEWAY_AFTER = "bad_gateway_after"
    LOST_BEFORE = "lost_before"
    LOST_AFTER = "lost_after"
    SILENT_BEFORE = "silent_before"
    SILENT_AFTER = "silent_after"
    DELAYED = "delayed"
    TRUNCATED = "truncated"
    SLOW = "slow"
    NOT_JSON = "not_json"
    UNKNOWN_KEYS = "unknown_keys"
    NULLS = "nulls"
    MISSED = "missed"
    REPEATED = "repeated"
    UNREADABLE = "unreadable"


MESSAGES = frozenset({Harm.MISSED, Harm.REPEATED, Harm.UNREADABLE})
"""Of messages; all others are of requests."""


@define(kw_only=True, eq=False)
class Fault:
    """One kind of harm.

    Attributes:
        harm: what happens.
        on: types of requests, actions or subscriptions that it happens to; `*` is all.
        chance: how likely it happens to one of them.
        left: how often it still happens; None: no end.
        since_ms: from when on, venue time.
        until_ms: until when; None: no end.
        delay_ms: of DELAYED, how much later.
    """

    harm: Harm
    on: frozenset[str] = frozenset({ALL})
    chance: float = 1.0
    left: int | None = None
    since_ms: int = 0
    until_ms: int | None = None
    delay_ms: int = 2_000


@define
class Faults:
    """The faults of a venue; by chance, but the same for the same seed and requests."""

    seed: int = 0
    planned: list[Fault] = field(factory=list)
    happened: list[tuple[int, Harm, str]] = field(factory=list)
    """(venue time in ms, harm, type) of all that happened."""
    _rng: random.Random = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._rng = random.Random(f"{self.seed} faults")

    def add(
        self,
        harm: Harm,
        *on: str,
        chance: float = 1.0,
        times: int | None = None,
        since_ms: int = 0,
        until_ms: int | None = None,
        delay_ms: int = 2_000,
    ) -> Fault:
        """Plan a fault (see `Fault`; `times`: how often) and return it."""
        fault = Fault(
            harm=harm,
            on=frozenset(on or (ALL,)),
            chance=chance,
            left=times,
            since_ms=since_ms,
            until_ms=until_ms,
            delay_ms=delay_ms,
        )
        self.planned.append(fault)
        return fault

    def clear(self) -> None:
        """Let nothing go wrong from now on."""
        self.planned.clear()

    def strike(self, kind: str, now_ms: int, *, is_message: bool = False) -> Fault | None:
        """Return what happens to a request or message of a type now; the first that fits."""
        for fault in self.planned:
            if (fault.harm in MESSAGES) is not is_message or not fault.on & {kind, ALL}:
                continue
            is_over = fault.until_ms is not None and now_ms >= fault.until_ms
            if now_ms < fault.since_ms or is_over or fault.left == 0:
                continue
            if self._rng.random() >= fault.chance:
                continue
            if fault.left is not None:
                fault.left -= 1
            self.happened.append((now_ms, fault.harm, kind))
            return fault
        return None
