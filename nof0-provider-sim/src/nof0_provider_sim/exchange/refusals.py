"""Why the venue refuses orders, in its own words (Hyperliquid documentation, "Error responses")."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order import OrderRequest, Side, TriggerKind

TICK = "Price must be divisible by tick size."
MINIMUM = "Order must have minimum value of $10."
MARGIN = "Insufficient margin to place order."
REDUCE_ONLY = "Reduce only order would increase position."
POST_ONLY = "Post only order would have immediately matched, bbo was {bid}@{ask}."
NO_MATCH = "Order could not immediately match against any resting orders."
TRIGGER_PRICE = "Invalid TP/SL price."
NO_LIQUIDITY = "No liquidity available for market order."
TIER = "Order would cause position to exceed margin tier limit at current leverage"
FAR_PRICE = "Order price cannot be more than 80% away from the reference price"
FAR_FROM_ORACLE = "Order price too far from oracle"
BAD_PRICE = "Order has invalid price."
BAD_SIZE = "Order has invalid size."
ZERO_SIZE = "Order has zero size."
NEVER_PLACED = "Order was never placed, already canceled, or filled."
LEVERAGE = "Invalid leverage value"
SWITCH_MODE = "Cannot switch leverage type with open position."
LOWER_ISOLATED = (
    "Isolated position does not have sufficient margin available to decrease leverage. "
    "To decrease leverage, add margin to the position."
)
LOWER_LEVERAGE = (
    "Cross position does not have sufficient margin available to decrease leverage. "
    "To decrease leverage, deposit more collateral."
)

# Reasons with which the venue itself ends an order.
SIBLING_FILLED = "siblingFilledCanceled"
NOT_REDUCING = "reduceOnlyCanceled"
MARGIN_GONE = "marginCanceled"
LIQUIDATED = "liquidatedCanceled"
SELF_TRADE = "selfTradeCanceled"

# Not the venue's: limits of the paper exchange.
UNKNOWN_ASSET = "Unknown asset: {symbol}"
TRIGGER_OPENS = "Trigger orders must be reduce only on the paper exchange."

_FARTHEST = Decimal("0.8")
_MAGNITUDE = 15
"""Powers of ten beyond which neither way a price or size is looked at."""


def refusal(
    order: OrderRequest,
    instrument: Instrument,
    *,
    mark: Decimal,
    oracle: Decimal,
    oracle_band: Decimal,
    position: Decimal,
) -> str | None:
    """Return why an order is refused before its margin is looked at; None if it is not.

    Checks run in the order the venue is believed to run them; it does not publish one. What cannot
    be sent through the engine's protocol (malformed requests, signatures, nonces, request budgets)
    has no refusal here.

    Args:
        order: what is asked for.
        instrument: the rules of its coin.
        mark: price on arrival, USD.
        oracle: oracle price on arrival, USD.
        oracle_band: how far from the oracle a price may be, as a fraction of it.
        position: signed size that a reduce-only order of its trader may shrink.
    """
    prices = [order.limit_price]
    if order.trigger is not None:
        prices.append(order.trigger.price)
    return (
        _bad_size(order, instrument)
        or _bad_price(prices, instrument)
        or _far_price(prices, mark, oracle, oracle_band)
        or _too_small(order, instrument, mark)
        or _not_reducing(order, position)
        or _bad_trigger(order, mark)
    )


def fires_below(side: Side, kind: TriggerKind) -> bool:
    """Return whether a trigger fires when the mark falls to it (else: when it rises to it)."""
    return (side is Side.SELL) == (kind is TriggerKind.STOP)


def _is_sane(number: Decimal) -> bool:
    """Return whether exact arithmetic can hold what comes of a number."""
    return number.is_finite() and abs(number.adjusted()) <= _MAGNITUDE


def _bad_size(order: OrderRequest, instrument: Instrument) -> str | None:
    if not _is_sane(order.size) or order.size < 0:
        return BAD_SIZE
    if not order.size:
        # Reduce-only, it means the whole position.
        return None if order.is_reduce_only else ZERO_SIZE
    return None if instrument.is_valid_size(order.size) else BAD_SIZE


def _bad_price(prices: Sequence[Decimal], instrument: Instrument) -> str | None:
    for price in prices:
        if not _is_sane(price) or price <= 0:
            return BAD_PRICE
    return None if all(map(instrument.is_valid_price, prices)) else TICK


def _far_price(
    prices: Sequence[Decimal], mark: Decimal, oracle: Decimal, oracle_band: Decimal
) -> str | None:
    low, high = min(prices), max(prices)
    if high - mark > _FARTHEST * mark or mark - low > _FARTHEST * mark:
        return FAR_PRICE
    if high - oracle > oracle_band * oracle or oracle - low > oracle_band * oracle:
        return FAR_FROM_ORACLE
    return None


def _too_small(order: OrderRequest, instrument: Instrument, mark: Decimal) -> str | None:
    if order.is_reduce_only or order.size * mark >= instrument.min_notional:
        return None
    return MINIMUM.replace("10", f"{instrument.min_notional.normalize():f}")


def _not_reducing(order: OrderRequest, position: Decimal) -> str | None:
    if not order.is_reduce_only or position * order.side.sign < 0:
        return None
    return REDUCE_ONLY


def _bad_trigger(order: OrderRequest, mark: Decimal) -> str | None:
    if order.trigger is None:
        return None
    if not order.is_reduce_only:
        return TRIGGER_OPENS
    trigger = order.trigger.price
    # A limit on the near side of the trigger could never be met at once when it fires; one that may
    # rest can wait for it.
    if order.trigger.is_market and (order.limit_price - trigger) * order.side.sign < 0:
        return TRIGGER_PRICE
    below = fires_below(order.side, order.trigger.kind)
    already_there = mark <= trigger if below else mark >= trigger
    return TRIGGER_PRICE if already_there else None
