"""What trading costs at a volume."""

from __future__ import annotations

from decimal import Decimal

import attrs

from nof0_core.config.fields import opt


@attrs.frozen(kw_only=True)
class FeeTier:
    """Fees of an account that traded more than `volume_usd` in the last 14 days."""

    volume_usd: Decimal = opt(unit="USD", ge=0, help="volume above which the tier applies")
    taker_fee_bps: Decimal = opt(unit="bps", ge=0, le=1000, help="fee of orders that fill at once")
    maker_fee_bps: Decimal = opt(
        unit="bps", ge=-100, le=1000, help="fee of resting orders; negative: a rebate"
    )
