"""What a trade costs, and what is won or lost at an exit.

A round trip pays the taker fee on the notional of both executions (Hyperliquid fee schedule: a
share of price x size per fill) and loses the expected slippage at each:

    entry = mark x (1 + s x slip)        s = +1 long, -1 short
    out   = exit x (1 - s x slip)
    net   = s x (out - entry) - fee x (entry + out)          per coin

Reward/risk is `net` at the target over `-net` at the stop.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_UP, Decimal

from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.limits import RiskLimits
from nof0_core.money import BPS, USD, ZERO
from nof0_core.protocols.risk import RiskContext
from nof0_core.risk.priced import Priced

_RATIO = Decimal("0.0001")


def sign(decision: Decision) -> int:
    """Return +1 for an entry that gains when the price rises, -1 for the other."""
    return 1 if decision.signal is Signal.BUY_TO_ENTER else -1


def expected_slippage(limits: RiskLimits) -> Decimal:
    """Return the slippage to reckon with, as a fraction; never more than the cap allows."""
    return min(limits.slippage_bps, limits.expected_slippage_bps) / BPS


def entry_costs(limits: RiskLimits) -> Decimal:
    """Return fee and expected slippage of an entry, as a fraction of its notional."""
    return limits.taker_fee_bps / BPS + expected_slippage(limits)


def net_per_coin(direction: int, mark: Decimal, exit_price: Decimal, limits: RiskLimits) -> Decimal:
    """Return what entering at `mark` and leaving at `exit_price` brings, in USD per coin."""
    slip, fee = expected_slippage(limits), limits.taker_fee_bps / BPS
    entry = mark * (1 + direction * slip)
    out = exit_price * (1 - direction * slip)
    return direction * (out - entry) - fee * (entry + out)


def planned_exits(
    decision: Decision, context: RiskContext
) -> tuple[Decimal | None, Decimal | None]:
    """Return stop and target as the venue would get them, None where the trader has none."""
    limits, instrument = context.limits, context.instrument
    stop = decision.stop_loss if limits.stop_loss_enabled else None
    target = decision.take_profit if limits.take_profit_enabled else None
    if instrument is not None:
        stop = instrument.round_price(stop) if stop is not None else None
        target = instrument.round_price(target) if target is not None else None
    return stop, target


def reward_risk(direction: int, mark: Decimal, context: Priced) -> Decimal | None:
    """Return net gain at the target over net loss at the stop, cut to 4 decimals.

    Negative where even the target does not pay the costs; None where stop or target is missing.
    """
    if context.stop_loss is None or context.take_profit is None:
        return None
    loss = -net_per_coin(direction, mark, context.stop_loss, context.limits)
    gain = net_per_coin(direction, mark, context.take_profit, context.limits)
    return (gain / loss).quantize(_RATIO, ROUND_DOWN)


def risk_usd(
    direction: int, mark: Decimal, size_usd: Decimal, context: Priced, *, at_most: Decimal
) -> Decimal:
    """Return the loss at the stop in USD, rounded up to 6 decimals.

    Without a stop it is all that can be lost on the position: its notional, or `at_most`, what the
    account has, if that is less.
    """
    if context.stop_loss is None:
        return max(ZERO, min(size_usd, at_most))
    loss = -net_per_coin(direction, mark, context.stop_loss, context.limits) * size_usd / mark
    return loss.quantize(USD, ROUND_UP)
