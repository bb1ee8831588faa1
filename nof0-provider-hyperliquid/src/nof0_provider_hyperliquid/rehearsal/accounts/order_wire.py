"""Orders as they are sent."""

from __future__ import annotations

from decimal import Decimal

from nof0_provider_hyperliquid.rehearsal.accounts.amounts import Json, amount
from nof0_provider_hyperliquid.rehearsal.accounts.envelope import flag_of, hexadecimal, integer_of
from nof0_provider_hyperliquid.rehearsal.accounts.order import OrderRequest, Tif, Tpsl, Trigger
from nof0_provider_hyperliquid.rehearsal.accounts.refusals import MalformedError

CLOID_LENGTH = 34
SENT = {Tif.GTC, Tif.IOC, Tif.ALO, Tif.FRONTEND_MARKET}


def order_request(wire: object) -> OrderRequest:
    """Read one order of an action.

    Raises:
        MalformedError: if a key is missing or has the wrong type.
    """
    if not isinstance(wire, dict):
        raise MalformedError
    tif, trigger = _kind(wire.get("t"))
    return OrderRequest(
        asset=integer_of(wire, "a"),
        is_buy=flag_of(wire, "b"),
        limit=decimal_of(wire, "p"),
        size=decimal_of(wire, "s"),
        is_reduce_only=flag_of(wire, "r"),
        tif=tif,
        trigger=trigger,
        cloid=None if wire.get("c") is None else cloid(wire["c"]),
    )


def cloid(value: object) -> str:
    """Read a client's order id, in lower case.

    Raises:
        MalformedError: if it is not 128 bits in hexadecimal digits.
    """
    return hexadecimal(value, CLOID_LENGTH)


def decimal_of(holder: Json, key: str) -> Decimal:
    """Return a decimal of an object.

    Raises:
        MalformedError: if there is none.
    """
    try:
        return amount(holder.get(key))
    except ValueError:
        raise MalformedError from None


def _kind(kind: object) -> tuple[Tif | None, Trigger | None]:
    if not isinstance(kind, dict) or len(kind) != 1:
        raise MalformedError
    name, details = next(iter(kind.items()))
    if not isinstance(details, dict):
        raise MalformedError
    try:
        if name == "limit":
            tif = Tif(str(details.get("tif")))
            if tif in SENT:
                return tif, None
        if name == "trigger":
            return None, Trigger(
                price=decimal_of(details, "triggerPx"),
                is_market=flag_of(details, "isMarket"),
                tpsl=Tpsl(str(details.get("tpsl"))),
            )
    except ValueError:
        raise MalformedError from None
    raise MalformedError
