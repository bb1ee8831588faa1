"""Saying how one is: the words HEALTH and FIGURES.

Services of every family and companions may have them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol, cast

from nof0_core.domain.health import Health

HEALTH = "health"
FIGURES = "figures"
"""The words, in the capabilities of any family."""


class ServiceCapability(StrEnum):
    """What model backends and companions can do beyond what they must.

    HEALTH: `health` (else it counts as well for as long as it is open).
    FIGURES: `figures` (else nobody sees its numbers).
    """

    HEALTH = "health"
    FIGURES = "figures"


class HasHealth(Protocol):
    """What a service has if, and only if, HEALTH is among its `capabilities`."""

    def health(self) -> tuple[Health, str]:
        """Say how the service is now, and why, in a sentence (empty where all is well).

        Asked about once a second, between two turns of the event loop: answer at once from what is
        known, ask nobody, change nothing. Of the sentence 200 letters are kept, without secrets.
        What cannot be used counts as degraded. Never stops trading: it is shown to people.
        """


class HasFigures(Protocol):
    """What a service has if, and only if, FIGURES is among its `capabilities`."""

    def figures(self) -> Mapping[str, float]:
        """Tell numbers of this moment for people who watch, such as what is left of a limit.

        Names are words of at most 40 lower-case letters, digits and `_`, which begin with a letter
        and end with the unit where there is one (`weight_left`, `lag_seconds`); at most 30 numbers,
        all finite. Asked when `health` is, and bound by the same: answer at once from what is
        known. They are in `/api/status` and the metrics; nothing is decided on them.
        """


def with_health(service: object) -> HasHealth | None:
    """Return a service that says how it is, None if it does not have the word."""
    said = getattr(service, "capabilities", ())
    has = isinstance(said, frozenset) and HEALTH in said
    return cast("HasHealth", service) if has else None


def with_figures(service: object) -> HasFigures | None:
    """Return a service that tells numbers, None if it does not have the word."""
    said = getattr(service, "capabilities", ())
    has = isinstance(said, frozenset) and FIGURES in said
    return cast("HasFigures", service) if has else None
