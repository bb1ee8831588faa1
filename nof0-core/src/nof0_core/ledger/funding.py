"""Sharing a funding settlement of the exchange account among those who held the coin."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal, localcontext

from nof0_core.domain.fill import FundingPayment
from nof0_core.ids import RESERVE, TraderId
from nof0_core.money import EXACT, USD, ZERO

NETTED = 1000
"""From how many times the net size on the venue's amount, cut to 6 decimals, is too coarse."""


def share_funding(
    payment: FundingPayment, quantities: Mapping[TraderId, Decimal], oracle: Decimal | None
) -> dict[TraderId, Decimal]:
    """Divide a payment by signed size, so that longs and shorts also pay each other.

    Each gets its size x the amount per coin, cut to 6 decimals toward zero. Per coin is paid
    -`oracle` x rate, the venue's own formula (Hyperliquid documentation, "Funding"), where that is
    what the venue paid, or where netting left (nearly) nothing to pay for: so a share does not
    depend on what the others held. Else it is `payment.amount` / `payment.quantity`. Without an
    oracle and without a net size nobody pays.

    Args:
        payment: what the exchange account paid or got.
        quantities: signed, in coins, at the settlement, by trader.
        oracle: the oracle price at the settlement, USD per coin, if known.

    Returns:
        USD by trader (negative: paid), in the order of `quantities`, then for the reserve what
        cutting left over, unless that is 0. The sum is exactly `payment.amount`.
    """
    with localcontext(EXACT):
        per_coin = _per_coin(payment, quantities, oracle)
        amounts = {
            trader: (quantity * per_coin).quantize(USD, ROUND_DOWN)
            for trader, quantity in quantities.items()
        }
        rest = payment.amount - sum(amounts.values(), ZERO)
        if rest:
            amounts[RESERVE] = amounts.get(RESERVE, ZERO) + rest
        return amounts


def _per_coin(
    payment: FundingPayment, quantities: Mapping[TraderId, Decimal], oracle: Decimal | None
) -> Decimal:
    if oracle is not None:
        formula = -oracle * payment.rate
        gross = sum((abs(quantity) for quantity in quantities.values()), ZERO)
        is_netted = gross > NETTED * abs(payment.quantity)
        if is_netted or abs(payment.quantity * formula - payment.amount) <= USD:
            return formula
    return payment.amount / payment.quantity if payment.quantity else ZERO
