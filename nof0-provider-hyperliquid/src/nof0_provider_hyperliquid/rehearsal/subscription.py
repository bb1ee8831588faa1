"""What a client of the websocket has asked to be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

OF_USERS = frozenset(
    {
        "orderUpdates",
        "userEvents",
        "userFills",
        "userFundings",
        "userNonFundingLedgerUpdates",
        "activeAssetData",
        "clearinghouseState",
        "openOrders",
        "webData3",
        "notification",
    }
)
OF_MARKET = frozenset({"allMids", "l2Book", "bbo", "trades", "candle", "activeAssetCtx"})
REFUSED = frozenset({"webData2"})
"""Was offered once."""


@frozen
class Subscription:
    """One subscription; empty where a part does not belong to its type."""

    type: str
    coin: str = ""
    interval: str = ""
    user: str = ""
    dex: str = ""

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Subscription:
        """Read what was sent.

        Raises:
            ValueError: the venue would not understand it.
        """
        kind = str(said.get("type"))
        needs_coin = kind in OF_MARKET - {"allMids"} or kind == "activeAssetData"
        is_whole = (
            (kind in OF_USERS or kind in OF_MARKET)
            and (not needs_coin or isinstance(said.get("coin"), str))
            and (kind != "candle" or isinstance(said.get("interval"), str))
            and (kind not in OF_USERS or isinstance(said.get("user"), str))
        )
        if not is_whole:
            message = f"Invalid subscription {dict(said)}"
            raise ValueError(message)
        return cls(
            type=kind,
            coin=str(said.get("coin", "")) if needs_coin else "",
            interval=str(said.get("interval", "")) if kind == "candle" else "",
            user=str(said.get("user", "")).lower() if kind in OF_USERS else "",
            dex=str(said.get("dex") or ""),
        )
