"""Positions and margin on one dex, as `clearinghouseState` answers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

from nof0_core.domain.position import MarginMode, VenuePosition
from nof0_core.money import ZERO, exactly
from nof0_provider_hyperliquid.account.coins import DexCoins
from nof0_provider_hyperliquid.wire.reading import (
    bad,
    milliseconds,
    number,
    number_or_none,
    record,
    rows,
    shown,
    whole,
)

_MOST_LEVERAGE = 1000


@attrs.frozen(kw_only=True)
class DexState:
    """What one dex says of an account, in USD; `time_ms` is that of the state it was read from.

    `value`, `raw_usd` and `used` are of all positions, `cross_value`, `cross_used` and
    `maintenance` of those that share margin; `isolated` is the margin of the others. `signed_value`
    is the sum of quantity x mark of `positions`.
    """

    time_ms: int
    value: Decimal
    raw_usd: Decimal
    used: Decimal
    cross_value: Decimal
    cross_used: Decimal
    maintenance: Decimal
    isolated: Decimal
    signed_value: Decimal
    positions: tuple[VenuePosition, ...]

    @property
    def quantities(self) -> tuple[tuple[str, Decimal], ...]:
        """Return what is held, coin by coin."""
        return tuple((each.symbol, each.quantity) for each in self.positions)


@exactly
def read_dex_state(answer: object, coins: DexCoins) -> DexState:
    """Return the state of a dex.

    Raises:
        DataError: it has another form, or a coin is there twice.
    """
    where = "clearinghouseState"
    whole_state = record(answer, where)
    summary = record(whole_state.get("marginSummary"), f"{where}.marginSummary")
    cross = record(whole_state.get("crossMarginSummary"), f"{where}.crossMarginSummary")
    positions: dict[str, VenuePosition] = {}
    signed = isolated = ZERO
    for entry in rows(whole_state.get("assetPositions"), f"{where}.assetPositions"):
        told = record(record(entry, where).get("position"), f"{where}: position")
        position, value = _position(told, coins)
        if position is None:
            continue
        if position.symbol in positions:
            bad(where, f"has two positions of {position.symbol}")
        positions[position.symbol] = position
        signed += value
        if position.margin_mode is MarginMode.ISOLATED:
            isolated += position.margin_used
    return DexState(
        time_ms=milliseconds(whole_state.get("time"), f"{where}.time"),
        value=_usd(summary, "accountValue"),
        raw_usd=_usd(summary, "totalRawUsd"),
        used=_usd(summary, "totalMarginUsed"),
        cross_value=_usd(cross, "accountValue"),
        cross_used=_usd(cross, "totalMarginUsed"),
        maintenance=number(
            whole_state.get("crossMaintenanceMarginUsed", "0"), f"{where}: maintenance"
        ),
        isolated=isolated,
        signed_value=signed,
        positions=tuple(positions.values()),
    )


def _usd(summary: Mapping[str, object], key: str) -> Decimal:
    return number(summary.get(key), f"clearinghouseState: {key}")


def _position(told: Mapping[str, object], coins: DexCoins) -> tuple[VenuePosition | None, Decimal]:
    """Return a position, None for a coin of elsewhere or a size of 0, and its signed value."""
    coin = told.get("coin")
    if not isinstance(coin, str):
        bad("clearinghouseState: coin", f"is {shown(coin)}, not a name")
    where = f"position of {coin}"
    symbol, quantity = coins.symbol(coin), number(told.get("szi"), f"{where}: szi")
    if symbol is None or not quantity:
        return None, ZERO
    value = number(told.get("positionValue"), f"{where}: positionValue")
    leverage = record(told.get("leverage"), f"{where}: leverage")
    kind = leverage.get("type")
    if kind not in {"cross", "isolated"}:
        bad(f"{where}: leverage", f"is of the type {shown(kind)}, neither cross nor isolated")
    position = VenuePosition(
        symbol=symbol,
        quantity=quantity,
        entry_price=number(told.get("entryPx"), f"{where}: entryPx"),
        leverage=whole(leverage.get("value"), f"{where}: leverage", least=1, most=_MOST_LEVERAGE),
        margin_used=number(told.get("marginUsed"), f"{where}: marginUsed"),
        unrealized_pnl=number(told.get("unrealizedPnl"), f"{where}: unrealizedPnl"),
        liquidation_price=number_or_none(told.get("liquidationPx"), f"{where}: liquidationPx"),
        margin_mode=MarginMode.CROSS if kind == "cross" else MarginMode.ISOLATED,
    )
    return position, abs(value) if quantity > ZERO else -abs(value)
