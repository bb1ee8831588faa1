"""What goes wrong on purpose."""

from __future__ import annotations

from typing import Any

import attrs

from nof0_core.config.fields import opt

FAULTS = (
    "rate_limited",
    "bad_gateway",
    "timeout_after_execution",
    "duplicate",
    "dropped_stream",
    "stale_mark",
    "reject_stops",
)
"""Keys of `faults`, in the order in which a call meets them."""


@attrs.frozen(kw_only=True)
class ScriptedFault:
    """One fault at one occasion."""

    fault: str = opt(one_of=FAULTS, help="what goes wrong")
    nth: int = opt(ge=1, help="at which of its occasions, counted from 1 since the start")


def _probability(help_: str) -> Any:
    return opt(default=0.0, ge=0, le=1, help=help_)


@attrs.frozen(kw_only=True)
class FaultRules:
    """What goes wrong on purpose: probability at each occasion, or exact occasions."""

    rate_limited: float = _probability("of a call to be refused (429); nothing happens")
    bad_gateway: float = _probability("of a call to be lost on its way (502)")
    timeout_after_execution: float = _probability(
        "of orders or cancels to be carried out unanswered"
    )
    duplicate: float = _probability("of orders to arrive twice, answered as a used nonce")
    dropped_stream: float = _probability("of a statement to lack what is new")
    stale_mark: float = _probability("of a coin's mark to stand still for five minutes")
    reject_stops: float = _probability("of a stop to be refused")
    script: tuple[ScriptedFault, ...] = opt(default=(), help="faults at exact occasions")

    @property
    def has_chance(self) -> bool:
        """Return whether any fault is drawn for."""
        return any(getattr(self, name) for name in FAULTS)
