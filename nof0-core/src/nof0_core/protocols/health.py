"""Saying how one is: the word HEALTH, which services of every family and companions may have."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol, cast

from nof0_core.domain.health import Health

HEALTH = "health"
"""The word, in the capabilities of any family."""


class ServiceCapability(StrEnum):
    """What model backends and companions can do beyond what they must.

    HEALTH: `health` (else it counts as well for as long as it is open).
    """

    HEALTH = "health"


class HasHealth(Protocol):
    """What a service has if, and only if, HEALTH is among its `capabilities`."""

    def health(self) -> tuple[Health, str]:
        """Say how the service is now, and why, in a sentence (empty where all is well).

        Asked about once a second, between two turns of the event loop: answer at once from what is
        known, ask nobody, change nothing. Of the sentence 200 letters are kept, without secrets.
        What cannot be used counts as degraded. Never stops trading: it is shown to people.
        """


def with_health(service: object) -> HasHealth | None:
    """Return a service that says how it is, None if it does not have the word."""
    said = getattr(service, "capabilities", ())
    has = isinstance(said, frozenset) and HEALTH in said
    return cast("HasHealth", service) if has else None
