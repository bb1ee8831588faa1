"""Whose trade it is that no order of ours caused on the shared account. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, localcontext

import attrs

from nof0_core.domain.fill import Fill
from nof0_core.ids import UNASSIGNED, TraderId
from nof0_core.money import EXACT, ZERO, floor_to, truncate_usd


def share_liquidation(
    fill: Fill, quantities: Mapping[TraderId, Decimal], lot: Decimal
) -> dict[TraderId, Fill]:
    """Divide a liquidation fill of the net position among those who hold the side it closed.

    A sale closes longs, a purchase shorts. Each holder loses coins in proportion to its size, in
    whole steps of the finest size involved and never more than it has; steps that proportion
    leaves over go to the largest remainders first. What nobody holds goes to the unassigned
    account. The fee follows the coins, cut to 6 decimals; the last one bears the rest of it.

    Args:
        fill: what the venue did.
        quantities: signed, in coins, before it, by trader, in whole lots like the fill's.
        lot: smallest step of a size, in coins.

    Returns:
        A part of the fill for each trader concerned, in the order of `quantities`. Sizes and fees
        add up to those of the fill exactly.
    """
    with localcontext(EXACT):
        held = {t: abs(size) for t, size in quantities.items() if size * fill.side.sign < 0}
        return _divided(fill, _proportional(min(fill.size, sum(held.values(), ZERO)), held, lot))


def share_manual(
    fill: Fill, quantities: Mapping[TraderId, Decimal], lot: Decimal
) -> dict[TraderId, Fill]:
    """Divide a trade somebody made by hand: first what the unassigned account holds is reduced.

    What is left and reduces what traders hold is theirs in proportion, as in a liquidation; the
    rest is a position of the unassigned account. Arguments and result as in `share_liquidation`.
    """
    with localcontext(EXACT):
        held = {t: abs(size) for t, size in quantities.items() if size * fill.side.sign < 0}
        own = min(fill.size, held.pop(UNASSIGNED, ZERO))
        left = fill.size - own
        coins = _proportional(min(left, sum(held.values(), ZERO)), held, lot)
        return _divided(fill, coins)


def _divided(fill: Fill, coins: dict[TraderId, Decimal]) -> dict[TraderId, Fill]:
    """Cut a fill into parts of so many coins; what is left over is the unassigned account's."""
    nobodys = fill.size - sum(coins.values(), ZERO)
    if nobodys:
        coins[UNASSIGNED] = coins.get(UNASSIGNED, ZERO) + nobodys
    parts: dict[TraderId, Fill] = {}
    fee = fill.fee
    for number, (trader, size) in enumerate(coins.items(), 1):
        part = fee if number == len(coins) else truncate_usd(fill.fee * size / fill.size)
        fee -= part
        parts[trader] = attrs.evolve(fill, size=size, fee=part)
    return parts


def _proportional(
    amount: Decimal, held: Mapping[TraderId, Decimal], lot: Decimal
) -> dict[TraderId, Decimal]:
    """Divide coins in proportion to what is held, in whole lots; nobody gets a part of nothing."""
    total = sum(held.values(), ZERO)
    if not total:
        return {}
    exact = {trader: amount * size / total for trader, size in held.items()}
    coins = {trader: floor_to(size, lot) for trader, size in exact.items()}
    over = amount - sum(coins.values(), ZERO)
    # Sorting is stable: equal remainders go by the order of `held`.
    for trader in sorted(held, key=lambda t: coins[t] - exact[t]):
        if over <= 0:
            break
        coins[trader] += lot
        over -= lot
    return {trader: size for trader, size in coins.items() if size}
