"""Settings of who decides in a rehearsal; light to import."""

from __future__ import annotations

import attrs

from nof0_core.config.fields import opt

REHEARSAL = "rehearse"
"""The command that must have been passed before real money is traded."""


@attrs.frozen(kw_only=True)
class RehearsalModelConfig:
    """Schema of a backend section with `type: rehearsal`."""

    traders: tuple[str, ...] = opt(
        default=(), help="in whose order traders begin long, short, long, …; others begin long"
    )
    hold: int = opt(default=3, ge=1, help="decisions after which a position is closed")
