"""Leverage and margin mode of a coin."""

from __future__ import annotations

from nof0_core.domain.position import MarginMode
from nof0_core.errors import DataError, RejectedError
from nof0_core.ids import Symbol
from nof0_provider_hyperliquid.orders.action_client import ActionClient
from nof0_provider_hyperliquid.orders.assets import Assets
from nof0_provider_hyperliquid.orders.lanes import Lane


async def set_leverage(
    client: ActionClient, assets: Assets, symbol: Symbol, leverage: int, mode: MarginMode
) -> None:
    """Set leverage and margin mode of a coin; doing it twice does no harm.

    Raises:
        RejectedError: there is no such coin, or the venue does not allow it.
        TransientError: nothing was done.
        OutcomeUnknownError: it may be set or not.
    """
    try:
        await assets.refresh()
        asset = await assets.asset(symbol)
    except DataError as error:
        raise RejectedError(str(error)) from error
    most = asset.instrument.max_leverage
    if not 1 <= leverage <= most:
        message = f"{symbol} may be traded with a leverage of 1 to {most}, not {leverage}"
        raise RejectedError(message)
    action = {
        "type": "updateLeverage",
        "asset": assets.number(asset),
        "isCross": mode is MarginMode.CROSS,
        "leverage": int(leverage),  # 5.0 has another hash than 5
    }
    await client.act(action, Lane.ENTRIES, expires=client.lease_ends)
