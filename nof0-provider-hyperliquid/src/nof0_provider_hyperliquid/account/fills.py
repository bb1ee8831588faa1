"""Executions and funding settlements as the venue lists them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

from nof0_core.domain.candles import from_ms
from nof0_core.domain.fill import Fill, FundingPayment
from nof0_core.ids import Symbol
from nof0_core.money import ZERO, exactly
from nof0_provider_hyperliquid.account.coins import DexCoins
from nof0_provider_hyperliquid.account.orders import read_oid, read_side
from nof0_provider_hyperliquid.wire.cloid import client_id_of
from nof0_provider_hyperliquid.wire.reading import (
    bad,
    milliseconds,
    number,
    price,
    record,
    shown,
)

DOLLARS = frozenset({"USDC", "USDH", "USDE", "USDT0"})
"""Tokens that dexes settle in; a fee in one is one in USD."""
_FORCED = ("Liquidated", "Auto-Deleveraging")
"""How `dir` begins where the venue acted on its own; all other words of it are no news."""


@attrs.frozen(kw_only=True)
class ListedFill:
    """A fill, with the position before it, which tells whether any is missing in between.

    `foreign_fee` is a token that the fee was paid in and that is no dollar: it is not in `fill`.
    """

    fill: Fill
    before: Decimal | None
    foreign_fee: str = ""


def time_of(row: object, where: str) -> int:
    """Return the time of a row of a history, in ms.

    Raises:
        DataError: it has none.
    """
    return milliseconds(record(row, where).get("time"), f"{where}: time")


def fill_key(row: object) -> tuple[object, ...]:
    """Return what tells a fill from others: time, coin, tid; tid alone is a hash of 50 bits.

    The order tells two sides of one trade apart, the position before it what old answers have no
    tid for.
    """
    told = record(row, "fill")
    keys = ("time", "coin", "tid", "oid") if "tid" in told else ("time", "coin", "oid", "hash")
    extra = () if "tid" in told else (told.get("startPosition"), told.get("sz"))
    return (*(told.get(key) for key in keys), *extra)


def funding_key(row: object) -> tuple[object, ...]:
    """Return what tells a settlement from others: time, coin, transaction."""
    told = record(row, "funding")
    return told.get("time"), record(told.get("delta"), "funding: delta").get("coin"), told["hash"]


@exactly
def read_fill(row: object, coins: DexCoins, user: str) -> ListedFill | None:
    """Return a fill, None for one of spot, an outcome market or another dex.

    Raises:
        DataError: it cannot be read.
    """
    told = record(row, "fill")
    coin, oid = told.get("coin"), read_oid(told.get("oid"), "fill: oid")
    if not isinstance(coin, str):
        bad(f"fill of order {oid}: coin", f"is {shown(coin)}, not a name")
    symbol = coins.symbol(coin)
    if symbol is None:
        return None
    where, time = f"fill of order {oid}", time_of(row, "fill")
    fee, token = number(told.get("fee"), f"{where}: fee"), told.get("feeToken", "USDC")
    before = told.get("startPosition")
    foreign = "" if token in DOLLARS or not fee else str(token)
    trade = told.get("tid", f"{told.get('hash')}-{before}-{told.get('sz')}")
    fill = Fill(
        trade_id=f"{time}-{oid}-{trade}",
        venue_order_id=oid,
        client_id=client_id_of(told.get("cloid"), f"{where}: cloid"),
        symbol=symbol,
        side=read_side(told.get("side"), f"{where}: side"),
        price=price(told.get("px"), f"{where}: px"),
        size=price(told.get("sz"), f"{where}: sz"),
        fee=ZERO if foreign else fee,
        time=from_ms(time),
        is_taker=told.get("crossed") is not False,
        is_liquidation=_is_forced(told, user),
    )
    listed = None if before is None else number(before, f"{where}: startPosition")
    return ListedFill(fill=fill, before=listed, foreign_fee=foreign)


@exactly
def read_funding(row: object, coins: DexCoins) -> FundingPayment | None:
    """Return a settlement, None for one of another dex.

    Raises:
        DataError: it cannot be read.
    """
    delta = record(record(row, "funding").get("delta"), "funding: delta")
    coin = delta.get("coin")
    if not isinstance(coin, str):
        bad("funding: coin", f"is {shown(coin)}, not a name")
    symbol, where = coins.symbol(coin), f"funding of {coin}"
    if symbol is None:
        return None
    return FundingPayment(
        symbol=Symbol(symbol),
        time=from_ms(time_of(row, where)),
        quantity=number(delta.get("szi"), f"{where}: szi"),
        rate=number(delta.get("fundingRate"), f"{where}: fundingRate"),
        amount=number(delta.get("usdc"), f"{where}: usdc"),
    )


def _is_forced(told: Mapping[str, object], user: str) -> bool:
    """Tell whether the venue forced it on this user; who took the other side was not forced."""
    liquidation = told.get("liquidation")
    if isinstance(liquidation, dict):
        return str(liquidation.get("liquidatedUser", user)).lower() == user.lower()
    return str(told.get("dir", "")).startswith(_FORCED)
