"""Is there a market to trade on, and does the model see the same one?"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from nof0_core.domain.decision import ALLOW, Decision, Verdict
from nof0_core.money import HUNDRED
from nof0_core.risk.priced import Priced
from nof0_core.risk.verdicts import usd, veto


class MarketData:
    """An entry needs an instrument, a positive mark and prices no older than `max_data_age`.

    Prices as far ahead of the clock are refused too: whatever is wrong with the time of one of
    them, its age is not known.
    """

    type = "market_data"

    def check(self, decision: Decision, context: Priced) -> Verdict:
        """Veto an entry on missing or old prices, or on prices of the future."""
        if not decision.signal.is_entry:
            return ALLOW
        if context.instrument is None:
            return veto(self.type, "unknown_instrument", f"no trading rules for {decision.symbol}")
        return unusable(decision, context)


class PriceBand:
    """The `entry_price` a model names must be near the mark, or it looked at something else."""

    type = "price_band"

    def check(self, decision: Decision, context: Priced) -> Verdict:
        """Veto an entry whose price is further than `price_band_pct` from the mark."""
        price, quote = decision.entry_price, context.quote
        if not decision.signal.is_entry or price is None or quote is None:
            return ALLOW
        away = abs(price - quote.mark) / quote.mark * HUNDRED
        if away <= context.limits.price_band_pct:
            return ALLOW
        return veto(
            self.type,
            "price_out_of_band",
            f"entry price {price} is {away:.2f} % from the mark {quote.mark}, "
            f"at most {context.limits.price_band_pct} % allowed",
            entry_price=price,
            mark=quote.mark,
        )


class Liquidity:
    """Day volume and open interest must reach `liquidity_threshold_usd`.

    Each figure the venue tells must reach it; with a threshold set and neither figure told, an
    entry is refused.
    """

    type = "liquidity"

    def check(self, decision: Decision, context: Priced) -> Verdict:
        """Veto an entry on a market that is too thin."""
        least, quote = context.limits.liquidity_threshold_usd, context.quote
        if least is None or quote is None or not decision.signal.is_entry:
            return ALLOW
        volume, interest = quote.day_volume_usd, quote.open_interest
        notional = interest * quote.mark if interest is not None else None
        if volume is None and notional is None:
            return veto(
                self.type,
                "liquidity_unknown",
                "the market tells neither day volume nor open interest",
                threshold_usd=least,
            )
        for word, amount in (("day volume", volume), ("open interest", notional)):
            if amount is not None and amount < least:
                return veto(
                    self.type,
                    "liquidity_below_minimum",
                    f"{word} is {usd(amount)}, at least {usd(least)} needed",
                    amount_usd=amount,
                    threshold_usd=least,
                )
        return ALLOW


def unusable(decision: Decision, context: Priced) -> Verdict:
    """Veto missing, impossible or old prices, and prices of the future."""
    quote = context.quote
    if quote is None or not quote.mark.is_finite() or quote.mark <= 0:
        return veto(MarketData.type, "no_market_data", f"no price for {decision.symbol}")
    return wrong_age("prices", context.time - quote.time, context.limits.max_data_age)


def wrong_age(prices: str, age: timedelta, limit: timedelta) -> Verdict:
    """Veto `prices`, the words for them, that are older than the limit or as far ahead."""
    if age > limit:
        code, message = "stale_data", f"{prices} are {age} old, at most {limit} allowed"
    elif -age > limit:
        code, message = (
            "future_data",
            f"{prices} are {-age} ahead of the clock, at most {limit} allowed",
        )
    else:
        return ALLOW
    return veto(MarketData.type, code, message, age_s=Decimal(str(age.total_seconds())))
