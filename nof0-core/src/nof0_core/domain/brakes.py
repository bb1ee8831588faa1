"""What keeps a trader from taking new positions, whatever its model wants."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import attrs

from nof0_core.domain.mappings import read_only
from nof0_core.ids import Symbol


class Brake(StrEnum):
    """A reason to refuse entries that outlives the moment and a restart; closes always pass.

    `ENTRY_RATE`, `COOLDOWN` and `UNPRICED` are never tripped: they follow from what was traded and
    from what the market says.
    """

    HALT = "halt"
    PAUSED = "paused"
    DAILY_LOSS = "daily_loss"
    MAX_DRAWDOWN = "max_drawdown"
    SHARPE_PAUSE = "sharpe_pause"
    ENTRY_RATE = "entry_rate"
    COOLDOWN = "cooldown"
    UNPRICED = "unpriced"


@attrs.frozen(kw_only=True)
class ActiveBrake:
    """A brake that is on since `since` (UTC), until `until`, or until a person lifts it (None)."""

    brake: Brake
    since: datetime
    until: datetime | None
    message: str

    @property
    def end(self) -> str:
        """Say when it is over: `until 2025-07-24 00:00 UTC`, or what a person has to do."""
        if self.until is not None:
            return f"until {self.until:%Y-%m-%d %H:%M} UTC"
        if self.brake is Brake.UNPRICED:
            return "until the market has a price again"
        command = "nof0 resume" if self.brake is Brake.HALT else "nof0 traders resume"
        return f"until `{command}`"


@attrs.frozen(kw_only=True)
class BrakeState:
    """How near a trader is to its brakes, and which are on.

    `day_loss_pct` is the loss since 0:00 UTC and `drawdown_pct` the fall from the highest point
    since the trader began (or since its drawdown brake was lifted): percent of the worth at that
    point, open positions included, transfers left out, not below 0. `entries_today` counts the
    entries sent since 0:00 UTC except those the venue refused or that found no counterpart.
    `closed_at` says when a coin was last closed, as far back as the trader's cooldown looks.
    """

    active: tuple[ActiveBrake, ...] = ()
    day_loss_pct: Decimal = Decimal(0)
    drawdown_pct: Decimal = Decimal(0)
    entries_today: int = 0
    closed_at: Mapping[Symbol, datetime] = attrs.field(factory=dict, converter=read_only)

    def find(self, brake: Brake) -> ActiveBrake | None:
        """Return a brake if it is on."""
        for on in self.active:
            if on.brake is brake:
                return on
        return None
