"""What a check of prices looks at."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Protocol

from nof0_core.domain.instrument import Instrument
from nof0_core.domain.limits import RiskLimits
from nof0_core.domain.snapshot import Quote


class Priced(Protocol):
    """An entry at a moment's prices: a `RiskContext` before it is approved, then the sending."""

    @property
    def time(self) -> datetime:
        """Engine time, UTC."""

    @property
    def limits(self) -> RiskLimits:
        """The trader's limits."""

    @property
    def quote(self) -> Quote | None:
        """The prices, None without any."""

    @property
    def instrument(self) -> Instrument | None:
        """The trading rules of the coin."""

    @property
    def size_usd(self) -> Decimal:
        """Notional in USD."""

    @property
    def stop_loss(self) -> Decimal | None:
        """The stop as the venue would get it."""

    @property
    def take_profit(self) -> Decimal | None:
        """The target as the venue would get it."""
