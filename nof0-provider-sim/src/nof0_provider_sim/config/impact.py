"""How far orders move the price, where no order book tells."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

from nof0_core.config.fields import opt
from nof0_core.domain.limits import MAJORS


@attrs.frozen(kw_only=True)
class ImpactRules:
    """How far taker orders move the price: k x sqrt(order / 1 % of a bar's volume), in bps."""

    major_bps: Decimal = opt(
        default=Decimal(5), unit="bps", ge=0, le=1000, help="k of major coins; 0: no impact"
    )
    other_bps: Decimal = opt(
        default=Decimal(8), unit="bps", ge=0, le=1000, help="k of all other coins; 0: no impact"
    )
    major_coins: tuple[str, ...] = opt(default=MAJORS, help="coins with k of major_bps; []: none")
    coins: Mapping[str, Decimal] = opt(factory=dict, help="k of single coins, in bps")

    def __attrs_post_init__(self) -> None:
        """Refuse negative numbers, and a coin named twice."""
        for name in self.major_coins:
            if self.major_coins.count(name) > 1:
                message = f"major_coins: {name} is named twice"
                raise ValueError(message)
        refuse_negative("coins", self.coins)


def refuse_negative(key: str, values: Mapping[str, Decimal]) -> None:
    """Refuse a mapping from coins to numbers with a negative one in it.

    Raises:
        ValueError: naming key and coin.
    """
    for name, value in values.items():
        if not value >= 0:
            message = f"{key}.{name}: must be >= 0, got {value}"
            raise ValueError(message)
