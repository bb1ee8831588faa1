"""What was approved, judged once more on the prices it leaves at.

A model takes its time, and the gate judged its answer on the prices the model was shown. Right
before an order leaves, the rules that live on prices and time are asked again.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import attrs

from nof0_core.domain.decision import ALLOW, Verdict
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.limits import RiskLimits
from nof0_core.domain.margin import initial_margin
from nof0_core.domain.snapshot import Quote
from nof0_core.money import HUNDRED, exactly
from nof0_core.risk.approval import ApprovedDecision, _issue, require_approval
from nof0_core.risk.checks.exits import Exits, RewardRisk
from nof0_core.risk.checks.market import PriceBand, unusable, wrong_age
from nof0_core.risk.checks.size import MinimumOrder
from nof0_core.risk.costs import entry_costs, net_per_coin, reward_risk, risk_usd, sign
from nof0_core.risk.verdicts import usd

_CHECKS = (Exits(), PriceBand(), RewardRisk(), MinimumOrder())


@attrs.frozen(kw_only=True)
class _Sending:
    """An approved decision at the prices it would leave at."""

    time: datetime
    limits: RiskLimits
    quote: Quote
    instrument: Instrument
    size_usd: Decimal
    stop_loss: Decimal | None
    take_profit: Decimal | None


@exactly
def rejudged(
    approved: ApprovedDecision,
    *,
    quote: Quote | None,
    instrument: Instrument,
    limits: RiskLimits,
    now: datetime,
    free_margin: Decimal | None,
) -> ApprovedDecision | str:
    """Return the decision as it stands on the prices of sending, or why it must not leave.

    Prices of sending, and those the decision was made on, must be at most `max_data_age` from `now`
    in engine time; this holds for closes too. An entry must also pass the gate's rules on exits,
    price band, reward/risk and smallest order at the new mark; its target must pay the costs, the
    mark must not have left the band around the one it was judged on, and margin with the costs of
    entering must fit. Never larger than approved: `size_usd` is whole lots at the new mark, which
    becomes its `reference_price`.

    Args:
        approved: what the gate let through.
        quote: the coin's prices of now.
        instrument: its trading rules.
        limits: the trader's.
        now: engine time, UTC.
        free_margin: USD nothing else needs; None where it is judged elsewhere.

    Raises:
        TypeError: `approved` was not made by the gate.
    """
    require_approval(approved)
    try:
        return _rejudged(approved, quote, instrument, limits, now, free_margin)
    except Exception as error:  # noqa: BLE001 - what cannot be judged does not leave
        return f"it cannot be judged at these prices: {type(error).__name__}: {error}"


def _rejudged(
    approved: ApprovedDecision,
    quote: Quote | None,
    instrument: Instrument,
    limits: RiskLimits,
    now: datetime,
    free_margin: Decimal | None,
) -> ApprovedDecision | str:
    decision = approved.decision
    if quote is None or quote.symbol != decision.symbol:
        return f"no price for {decision.symbol}"
    sending = _Sending(
        time=now,
        limits=limits,
        quote=quote,
        instrument=instrument,
        size_usd=approved.size_usd,
        stop_loss=approved.stop_loss,
        take_profit=approved.take_profit,
    )
    for verdict in (unusable(decision, sending), _late(approved, now, limits)):
        if verdict is not ALLOW:
            return verdict.message
    if not decision.signal.is_entry:
        return approved
    said = _moved(approved, quote, limits) or _unpaid(approved, quote, limits)
    if said:
        return said
    for check in _CHECKS:
        verdict = check.check(decision, sending)
        if verdict is not ALLOW:
            return verdict.message
    size = instrument.round_size(approved.size_usd / quote.mark) * quote.mark
    short = _margin_missing(size, approved.leverage, limits, free_margin)
    return short or _restated(approved, sending, size)


def _late(approved: ApprovedDecision, now: datetime, limits: RiskLimits) -> Verdict:
    """Veto a decision whose own prices are too old by now."""
    words = "the answer came too late: the prices it was made on"
    return wrong_age(words, now - approved.decided_on, limits.max_data_age)


def _moved(approved: ApprovedDecision, quote: Quote, limits: RiskLimits) -> str:
    judged_on = approved.reference_price
    moved = abs(quote.mark - judged_on) / judged_on * HUNDRED
    if moved <= limits.price_band_pct:
        return ""
    return f"mark moved {moved:.2f} % since the decision, at most {limits.price_band_pct} % allowed"


def _unpaid(approved: ApprovedDecision, quote: Quote, limits: RiskLimits) -> str:
    """Say so where the target is on its side of the mark but does not pay the costs."""
    target, direction = approved.take_profit, sign(approved.decision)
    if target is None or direction * (target - quote.mark) <= 0:
        return ""  # exits will speak of it
    if net_per_coin(direction, quote.mark, target, limits) > 0:
        return ""
    return f"the target {target} does not pay the costs from the mark {quote.mark}"


def _margin_missing(
    size_usd: Decimal, leverage: int, limits: RiskLimits, free: Decimal | None
) -> str:
    needed = initial_margin(size_usd, leverage, step=None) + size_usd * entry_costs(limits)
    if free is None or (free.is_finite() and needed <= free):
        return ""
    return f"{usd(needed)} of margin and costs needed, {usd(free)} free"


def _restated(approved: ApprovedDecision, sending: _Sending, size_usd: Decimal) -> ApprovedDecision:
    mark, direction = sending.quote.mark, sign(approved.decision)
    values = {f.name: getattr(approved, f.name) for f in attrs.fields(ApprovedDecision) if f.init}
    # Without a stop, what was put at risk says what the account had.
    risked = risk_usd(direction, mark, size_usd, sending, at_most=approved.risk_usd)
    return _issue(
        values
        | {
            "size_usd": size_usd,
            "reference_price": mark,
            "risk_usd": risked,
            "reward_risk": reward_risk(direction, mark, sending),
        }
    )
