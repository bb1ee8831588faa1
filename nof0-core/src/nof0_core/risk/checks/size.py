"""How large may it be?"""

from __future__ import annotations

from decimal import Decimal

from nof0_core.domain.decision import ALLOW, Decision, Verdict
from nof0_core.money import BPS, ZERO
from nof0_core.protocols.risk import RiskContext
from nof0_core.risk.priced import Priced
from nof0_core.risk.verdicts import shrink, usd, veto


class PositionSize:
    """No position is worth more than `max_position_size_usd` when it is opened."""

    type = "position_size"

    def check(self, decision: Decision, context: RiskContext) -> Verdict:
        """Shrink an entry to the cap."""
        most = context.limits.max_position_size_usd
        if most is None or not decision.signal.is_entry or context.size_usd <= most:
            return ALLOW
        return shrink(
            self.type,
            "size_capped",
            f"{usd(context.size_usd)} wanted, at most {usd(most)} allowed",
            size_usd=most,
            wanted=context.size_usd,
        )


class ValueBand:
    """Notional stays between two multiples of the trader's equity, in the whole lots ordered.

    Too large is shrunk to the upper bound. Too small is vetoed: what other checks and the lots left
    over is then not worth its fees.
    """

    type = "value_band"

    def check(self, decision: Decision, context: RiskContext) -> Verdict:
        """Shrink or veto an entry outside the band."""
        limits, equity = context.limits, context.context.account.equity
        low, high = limits.min_position_equity_multiple, limits.max_position_equity_multiple
        if not decision.signal.is_entry:
            return ALLOW
        most = context.size_usd if high is None else min(context.size_usd, high * equity)
        if low is not None:
            size, left = _in_lots(context, most)
            if left < low * equity:
                what = f"{usd(left)} is"
                if most >= low * equity:
                    what = f"{size} {decision.symbol} in whole lots are {usd(left)},"
                return veto(
                    self.type,
                    "below_value_band",
                    f"{what} less than {low} x equity ({usd(low * equity)})",
                    size_usd=left,
                    minimum=low * equity,
                )
        if high is not None and most < context.size_usd:
            return shrink(
                self.type,
                "above_value_band",
                f"{usd(context.size_usd)} is more than {high} x equity ({usd(high * equity)})",
                size_usd=most,
                wanted=context.size_usd,
            )
        return ALLOW


def _in_lots(context: Priced, size_usd: Decimal) -> tuple[Decimal, Decimal]:
    """Return what is left of a notional in whole lots, in coins and in USD."""
    quote, instrument = context.quote, context.instrument
    if quote is None or instrument is None:  # market_data has vetoed this before
        return ZERO, ZERO
    size = instrument.round_size(size_usd / quote.mark)
    return size, size * quote.mark


class MinimumOrder:
    """What is left must be whole lots worth the venue's smallest order.

    The venue judges an order by its limit price, so a sale is reckoned at the worst price the
    slippage cap allows.
    """

    type = "minimum_order"

    def check(self, decision: Decision, context: Priced) -> Verdict:
        """Veto an entry the venue would refuse for being too small."""
        quote, instrument = context.quote, context.instrument
        if not decision.signal.is_entry or quote is None or instrument is None:
            return ALLOW
        size, notional = _in_lots(context, context.size_usd)
        worth = notional * (1 - context.limits.slippage_bps / BPS)
        if size > 0 and worth >= instrument.min_notional:
            return ALLOW
        return veto(
            self.type,
            "below_min_notional",
            f"{usd(context.size_usd)} is {size} {decision.symbol} in whole lots, "
            f"the venue takes no order below {usd(instrument.min_notional)}",
            size_usd=context.size_usd,
            minimum=instrument.min_notional,
            lot=Decimal(instrument.lot),
        )
