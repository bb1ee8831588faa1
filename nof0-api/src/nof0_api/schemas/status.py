"""The rows of the status. Times are seconds since 1970 UTC."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class EngineStatus(Struct, kw_only=True):
    """What the engine says of itself, `since` in its time, `heartbeat` on the machine's clock.

    `not heard of` is read where it ought to run and has not said so for three exports. `reason` is
    empty where there is nothing to say, `speed` null where the clock has none. `notes` have to be
    known beside the results, such as answers that were given to other prompts.
    """

    state: Literal["running", "halted", "stopping", "ended", "failed", "not heard of"]
    reason: str
    since: float
    clock: Literal["system", "scaled", "simulated"]
    speed: float | None
    heartbeat: float
    notes: list[str]


class TraderStatus(Struct, kw_only=True):
    """What a trader does, why (empty for ok), and until when.

    `until` is null where nobody knows or a person decides. `cycles` are those in which its model
    was asked; `failed_by_reason` has all cycles that failed.
    """

    id: str
    name: str
    status: Literal["ok", "failing", "paused", "braked", "halted", "waiting"]
    reason: str
    until: float | None
    cycles: int
    usable_answers: int
    failed_by_reason: dict[str, int]


class ServiceHealth(Struct, kw_only=True):
    """What a service says of itself, with a sentence where all is not well."""

    state: Literal["ok", "degraded", "down"]
    sentence: str
    since: float


class Quarantine(Struct, kw_only=True):
    """A bad value of a section: of one coin, or (null) of all of it."""

    symbol: str | None
    verb: str
    problem: str
    since: float


class ServiceStatus(Struct, kw_only=True):
    """A section; `health` is null where it says nothing, `figures` are numbers it tells."""

    section: str
    family: str
    health: ServiceHealth | None
    figures: dict[str, float]
    quarantine: list[Quarantine]


class Alert(Struct, kw_only=True):
    """Something a person should look at; `seq` is its number in the journal."""

    seq: int
    time: float
    code: str
    message: str
    trader: str | None
    symbol: str | None
