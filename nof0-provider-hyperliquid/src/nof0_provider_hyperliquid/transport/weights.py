"""What requests weigh (Hyperliquid, "Rate limits and user limits")."""

from __future__ import annotations

from collections.abc import Mapping

LIGHT = frozenset(
    {
        "l2Book",
        "allMids",
        "clearinghouseState",
        "orderStatus",
        "spotClearinghouseState",
        "exchangeStatus",
    }
)
_PER_20_ROWS = frozenset(
    {
        "recentTrades",
        "historicalOrders",
        "userFills",
        "userFillsByTime",
        "fundingHistory",
        "userFunding",
        "userNonFundingLedgerUpdates",
        "userTwapSliceFills",
        "userTwapSliceFillsByTime",
        "delegatorHistory",
        "delegatorRewards",
    }
)
_PER_60_ROWS = frozenset({"candleSnapshot"})
_HEAVY: Mapping[str, int] = {"userRole": 60}
_USUAL = 20


def info_weight(kind: str, rows: int = 0) -> int:
    """Return the weight of an info request that is answered with `rows` rows."""
    if kind in LIGHT:
        return 2
    weight = _HEAVY.get(kind, _USUAL)
    if kind in _PER_20_ROWS:
        weight += rows // 20
    elif kind in _PER_60_ROWS:
        weight += rows // 60
    return weight


def exchange_weight(batch: int) -> int:
    """Return the weight of an exchange request with `batch` actions."""
    return 1 + batch // 40
