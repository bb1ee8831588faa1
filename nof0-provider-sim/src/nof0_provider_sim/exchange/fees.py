"""What trading costs: fee tiers by volume, discounts, rebates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import attrs

from nof0_core.domain.instrument import Instrument
from nof0_core.money import BPS, EXACT, HUNDRED, ZERO, truncate_usd
from nof0_provider_sim.config import FeeTier, SimExchangeConfig
from nof0_provider_sim.exchange.parts import Part

_DAY_MS = 86_400_000
_WINDOW_DAYS = 14
_FIRST_DAY = date(1970, 1, 1)
_REFERRAL_UP_TO = Decimal(25_000_000)
"""Volume in USD up to which a referral discount is granted."""


def _tier(volume: int, taker: str, maker: str) -> FeeTier:
    return FeeTier(
        volume_usd=Decimal(volume), taker_fee_bps=Decimal(taker), maker_fee_bps=Decimal(maker)
    )


VENUE_TIERS: tuple[FeeTier, ...] = (
    _tier(0, "4.5", "1.5"),
    _tier(5_000_000, "4", "1.2"),
    _tier(25_000_000, "3.5", "0.8"),
    _tier(100_000_000, "3", "0.4"),
    _tier(500_000_000, "2.8", "0"),
    _tier(2_000_000_000, "2.6", "0"),
    _tier(7_000_000_000, "2.4", "0"),
)
"""Hyperliquid's perpetuals (documentation, "Fees")."""


def _date(day: int) -> str:
    return (_FIRST_DAY + timedelta(days=day)).isoformat()


def _day(text: str) -> int:
    return (date.fromisoformat(text) - _FIRST_DAY).days


class Turnover:
    """Volume traded in all and on the last UTC days that count, in USD.

    A fold of the fills: the same after a restart.
    """

    def __init__(self) -> None:
        self.total = ZERO
        self._days: dict[int, Decimal] = {}
        self._recent: tuple[int, Decimal] | None = None

    def add(self, at_ms: int, notional: Decimal) -> None:
        """Count an execution."""
        day = at_ms // _DAY_MS
        if self._recent is not None and day < self._recent[0]:
            self._recent = None
        if day not in self._days:
            self._days = {old: usd for old, usd in self._days.items() if old >= day - _WINDOW_DAYS}
        self._days[day] = self._days.get(day, ZERO) + notional
        self.total += notional

    def recent(self, at_ms: int) -> Decimal:
        """Return the volume of the 14 full days before the day of `at_ms`.

        Today does not count: the venue assesses volumes at the end of each day.
        """
        day = at_ms // _DAY_MS
        # Asked at every execution; it changes with the day, or with an execution before it.
        if self._recent is None or self._recent[0] != day:
            days = range(day - _WINDOW_DAYS, day)
            self._recent = day, sum((self._days.get(each, ZERO) for each in days), ZERO)
        return self._recent[1]

    def dump(self) -> dict[str, Any]:
        """Return it as JSON can hold it, days by their dates."""
        days = {_date(day): str(usd) for day, usd in self._days.items()}
        return {"total_usd": str(self.total), "usd_by_day": days}

    def restore(self, part: Part) -> None:
        """Become what `dump` returned.

        Raises:
            ValueError: it is not that.
        """
        self.total = part.amount("total_usd")
        days = part.part("usd_by_day")
        self._days = {_day(text): days.amount(text) for text in days}
        self._recent = None


@attrs.frozen(kw_only=True)
class Fees:
    """Rates by volume; a flat `taker_fee_bps` or `maker_fee_bps` takes the place of the tiers'.

    Discounts are percentages of a positive fee and are applied one after the other. A rebate (a
    negative fee) stays whole. With `follow_market` the fees the market states for a coin take the
    place of the first tier's, and volume lowers them in the same proportion.
    """

    tiers: Sequence[FeeTier] = VENUE_TIERS
    taker_fee_bps: Decimal | None = None
    maker_fee_bps: Decimal | None = None
    staking_discount_pct: Decimal = ZERO
    referral_discount_pct: Decimal = ZERO
    follow_market: bool = False

    def rate_bps(
        self,
        turnover: Turnover,
        at_ms: int,
        *,
        is_taker: bool,
        instrument: Instrument | None = None,
    ) -> Decimal:
        """Return the rate at a moment, in basis points of notional."""
        rate = self.taker_fee_bps if is_taker else self.maker_fee_bps
        if rate is None:
            volume = turnover.recent(at_ms)
            # The first tier begins at nothing; each later one above its volume.
            tier = next(
                t for t in reversed(self.tiers) if volume > t.volume_usd or not t.volume_usd
            )
            rate = _rate(tier, is_taker=is_taker)
            if self.follow_market and instrument is not None:
                rate = self._at_market(rate, instrument, is_taker=is_taker)
        if rate <= 0:
            return rate
        referral = self.referral_discount_pct if turnover.total < _REFERRAL_UP_TO else ZERO
        for discount in (self.staking_discount_pct, referral):
            if not discount:
                continue
            rate = EXACT.divide(rate * (HUNDRED - discount), HUNDRED)
        return rate

    def fee(
        self,
        price: Decimal,
        size: Decimal,
        turnover: Turnover,
        at_ms: int,
        *,
        is_taker: bool,
        instrument: Instrument | None = None,
    ) -> Decimal:
        """Return the fee in USD, cut to 6 decimals toward zero; negative for a rebate."""
        bps = self.rate_bps(turnover, at_ms, is_taker=is_taker, instrument=instrument)
        return truncate_usd(EXACT.divide(price * size * bps, BPS))

    def _at_market(self, rate: Decimal, instrument: Instrument, *, is_taker: bool) -> Decimal:
        told = instrument.taker_fee_bps if is_taker else instrument.maker_fee_bps
        first = _rate(self.tiers[0], is_taker=is_taker)
        if told is None or told == first:
            return rate
        # A rebate is not for volume, and where the first tier is free there is no proportion.
        return told if told <= 0 or first <= 0 else EXACT.divide(rate * told, first)


def _rate(tier: FeeTier, *, is_taker: bool) -> Decimal:
    return tier.taker_fee_bps if is_taker else tier.maker_fee_bps


def fees_of(config: SimExchangeConfig) -> Fees:
    """Return the fees a section asks for."""
    return Fees(
        tiers=config.fee_tiers or VENUE_TIERS,
        taker_fee_bps=config.taker_fee_bps,
        maker_fee_bps=config.maker_fee_bps,
        staking_discount_pct=config.staking_discount_pct,
        referral_discount_pct=config.referral_discount_pct,
        follow_market=not config.fee_tiers,
    )
