"""Dividing a whole by weights, within bounds and without a remainder."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal, localcontext

from nof0_core.ids import TraderId
from nof0_core.money import EXACT, HUNDRED, ZERO
from nof0_core.protocols import AllocationRequest

SHARE_STEP = Decimal("1E-6")
"""Shares are multiples of a millionth of a percent: a cent of a million dollars."""


def handed_out(request: AllocationRequest) -> Decimal:
    """Return what traders get in all, in percent: the sum configured, at most what is available."""
    with localcontext(EXACT):
        return min(sum(request.configured.values(), ZERO), request.available_pct)


def bounded_shares(
    weights: Mapping[TraderId, Decimal], whole: Decimal, *, floor_pct: Decimal, cap_pct: Decimal
) -> dict[TraderId, Decimal]:
    """Divide `whole` in proportion to weights, nobody below the floor or above the cap.

    Whoever a bound holds back (or up) leaves (or takes) the difference to (or from) all others in
    proportion: the shares are min(cap, max(floor, scale x weight)) with the one scale that makes
    them sum to `whole`. A larger weight never gets a smaller share. Bounds that contradict each
    other give way: a floor that cannot be given to all, or a cap that would leave something over,
    becomes the equal share.

    Args:
        weights: all above 0.
        whole: what to divide, not below 0, a multiple of `SHARE_STEP` or finer.
        floor_pct: smallest share, in percent of `whole`.
        cap_pct: largest share, in percent of `whole`.

    Returns:
        Shares in the order of `weights`, in the unit of `whole`, cut to `SHARE_STEP` with the
        remainder at the largest weight that has room. They sum to `whole` exactly.
    """
    if not weights:
        return {}
    with localcontext(EXACT):
        equal = whole / len(weights)
        floor = min(floor_pct * whole / HUNDRED, equal)
        cap = max(cap_pct * whole / HUNDRED, equal)
        scale = _scale(list(weights.values()), whole, floor, cap)
        raw = {trader: min(cap, max(floor, scale * weight)) for trader, weight in weights.items()}
        shares = {trader: value.quantize(SHARE_STEP, ROUND_DOWN) for trader, value in raw.items()}
        rest = whole - sum(shares.values(), ZERO)
        # A stable sort: equals keep the order of the configuration.
        largest_first = sorted(weights, key=lambda trader: -weights[trader])
        for trader in largest_first:
            room = min(rest, (cap - shares[trader]).quantize(SHARE_STEP, ROUND_DOWN))
            if room > 0:
                shares[trader] += room
                rest -= room
        shares[largest_first[0]] += rest
        return shares


def _scale(weights: list[Decimal], whole: Decimal, floor: Decimal, cap: Decimal) -> Decimal:
    """Find the factor at which bounded shares sum to `whole`.

    The sum grows piecewise linearly with the factor, with a bend where a share leaves its floor or
    reaches its cap. The bends are walked in order until the sum suffices.
    """
    below = ZERO
    for bend in sorted({bound / weight for weight in weights for bound in (floor, cap)}):
        if sum((min(cap, max(floor, bend * w)) for w in weights), ZERO) >= whole:
            free = [w for w in weights if floor / w <= below and cap / w >= bend]
            if not free:
                return bend
            held_up = sum((floor for w in weights if floor / w > below), ZERO)
            held_back = sum((cap for w in weights if cap / w < bend), ZERO)
            return (whole - held_up - held_back) / sum(free, ZERO)
        below = bend
    return below
