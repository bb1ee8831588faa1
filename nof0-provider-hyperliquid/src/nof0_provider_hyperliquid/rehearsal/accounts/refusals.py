"""The venue's refusals, word for word where they are known."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen


class MalformedError(Exception):
    """The body has not the shape of its action: HTTP 422."""


class RefusedError(Exception):
    """The request as a whole is refused; `args[0]` is the venue's text."""


@frozen
class Refusal:
    """Why one order is refused: the venue's text, and the status that remains of the order.

    `status` is None if the order is not even recorded.
    """

    text: str
    status: str | None


TICK = Refusal("Price must be divisible by tick size.", "tickRejected")
MINIMUM = Refusal("Order must have minimum value of $10.", "minTradeNtlRejected")
MARGIN = Refusal("Insufficient margin to place order.", "perpMarginRejected")
REDUCE_ONLY = Refusal("Reduce only order would increase position.", "reduceOnlyRejected")
NO_MATCH = Refusal(
    "Order could not immediately match against any resting orders.", "iocCancelRejected"
)
NO_LIQUIDITY = Refusal("No liquidity available for market order.", "marketOrderNoLiquidityRejected")
TPSL = Refusal("Invalid TP/SL price.", "badTriggerPxRejected")
TIER = Refusal(
    "Order would cause position to exceed margin tier limit at current leverage",
    "perpMaxPositionRejected",
)
BAND = Refusal(
    "Order price cannot be more than 80% away from the reference price", "oracleRejected"
)
OPEN_INTEREST = Refusal(
    "Order would increase open interest while open interest is capped",
    "positionIncreaseAtOpenInterestCapRejected",
)
MANY_ORDERS = Refusal("Too many open orders.", "tooManyOpenOrdersRejected")
INVALID_PRICE = Refusal("Order has invalid price.", None)
INVALID_SIZE = Refusal("Order has invalid size.", None)
ZERO_SIZE = Refusal("Order has zero size.", None)

NEVER_PLACED = "Order was never placed, already canceled, or filled."
CANNOT_MODIFY = "Cannot modify canceled or filled order"
NO_SIGNER = "Unable to recover signer."
BUILDER = "Builder fee has not been approved."
EXPIRED = "Action already expired"
UNIFIED = "Action disabled when unified account is active"
TOO_EARLY = "Scheduled cancel time too early, must be at least 5 seconds from now."
TOO_OFTEN = "Too many scheduled cancels triggered today."
LEVERAGE = "Invalid leverage value"
NO_CROSS = "Cross margin is not allowed for this asset."
SWITCH = "Cannot switch leverage type with open position."
CROSS_DECREASE = (
    "Cross position does not have sufficient margin available to decrease leverage. "
    "To decrease leverage, deposit more collateral."
)
ISOLATED_DECREASE = (
    "Isolated position does not have sufficient margin available to decrease leverage. "
    "To decrease leverage, add margin to the position."
)
MARGIN_ZERO = "Update to isolated margin cannot be zero."
MARGIN_EMPTY = "Cannot update margin for empty position."
MARGIN_CROSS = "Position does not use isolated margin."
MARGIN_INCREASE = "Account does not have sufficient margin available for increase."
MARGIN_REDUCTION = "Position does not have sufficient margin for reduction."
WITHDRAWAL = "Insufficient balance for withdrawal"
TRANSFER = "Insufficient balance for token transfer"
MANY_AGENTS = "Too many extra agents."
AGENT_TAKEN = "Extra agent already used."


def post_only(bid: Decimal | None, ask: Decimal | None) -> Refusal:
    """Return the refusal of a post-only order that would take."""
    return Refusal(
        f"Post only order would have immediately matched, bbo was {bid or 0:f}@{ask or 0:f}.",
        "badAloPxRejected",
    )


def unknown_wallet(address: str) -> str:
    """Return what a signer hears who is neither an account nor an agent of one."""
    return f"User or API Wallet {address} does not exist."


def no_deposit(address: str) -> str:
    """Return what an account hears that never had money."""
    return f"Must deposit before performing actions. User: {address}"


def no_vault(address: str) -> str:
    """Return what is said of a vault address that the signer may not act for."""
    return f"Vault not registered: {address}"


def duplicate_nonce(nonce: int) -> str:
    """Return what is said of a nonce that was used."""
    return f"Invalid nonce: duplicate nonce {nonce}"


def nonce_low(nonce: int, least: int) -> str:
    """Return what is said of a nonce below the least that may be used."""
    return f"Invalid nonce: nonce too low {nonce} < {least}"


def nonce_high(nonce: int, most: int) -> str:
    """Return what is said of a nonce too far in the future."""
    return f"Invalid nonce: nonce too high {nonce} > {most}"


def many_requests(used: int, cap: int, volume: Decimal) -> str:
    """Return what an address hears that has used up its requests."""
    return (
        f"Too many cumulative requests sent ({used} > {cap}) for cumulative volume traded "
        f"${volume:.2f}. Place taker orders to free up 1 request per USDC traded."
    )


def many_actions(cap: int) -> str:
    """Return what is said after a day's actions; the venue's own words are not known."""
    return f"Too many user actions today (limit {cap})."


def little_volume(traded: Decimal) -> str:
    """Return why a scheduled cancel is refused to an account that traded little."""
    return (
        "Cannot set scheduled cancel time until enough volume traded. "
        f"Required: $1000000. Traded: ${traded:.2f}."
    )
