"""Fills and funding of one account, complete or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from nof0_core.domain.candles import to_ms
from nof0_core.domain.fill import Fill, FundingPayment
from nof0_core.ids import Symbol
from nof0_core.money import ZERO, exactly
from nof0_provider_hyperliquid.account.coins import DexCoins
from nof0_provider_hyperliquid.account.fills import (
    ListedFill,
    fill_key,
    funding_key,
    read_fill,
    read_funding,
    time_of,
)
from nof0_provider_hyperliquid.account.paging import Pager
from nof0_provider_hyperliquid.transport.client import InfoClient

REACH = 10_000
"""So many fills, the newest, can be had at all."""

Alert = Callable[[str, str], object]


class AccountHistory:
    """Reads what was executed and settled on one dex; keeps nothing, so nothing is lost by it."""

    def __init__(self, client: InfoClient, *, user: str, coins: DexCoins, alert: Alert) -> None:
        self._client = client
        self._user = user
        self._coins = coins
        self._alert = alert
        self._gaps: frozenset[str] = frozenset()
        self._fills = Pager(
            "fills",
            ask=lambda start, end: self._page("userFillsByTime", start, end),
            time_of=lambda row: time_of(row, "fill"),
            key_of=fill_key,
            newest=lambda: client.info({"type": "userFills", "user": user}),
        )
        self._funding = Pager(
            "funding",
            ask=lambda start, end: self._page("userFunding", start, end),
            time_of=lambda row: time_of(row, "funding"),
            key_of=funding_key,
        )

    async def fills(self, since: datetime) -> Sequence[Fill]:
        """Return all fills from `since` on, oldest first; those of a moment in their order."""
        found = await self._fills.since(max(0, to_ms(since)))
        if len(found) >= REACH:
            self._alert(
                "history_cut",
                f"the venue shows the newest {REACH:,} fills only, and there were as many since"
                f" {since:%Y-%m-%d %H:%M}: older ones cannot be booked any more",
            )
        listed = [fill for row in found if (fill := read_fill(row, self._coins, self._user))]
        for each in listed:
            if each.foreign_fee:
                self._alert(
                    "foreign_fee",
                    f"the fee of trade {each.fill.trade_id} of {each.fill.symbol} was paid in"
                    f" {each.foreign_fee}; it is not booked",
                )
        ordered, gaps = in_order(listed)
        # An entry may be listed late: a gap counts once it is there at two looks.
        for gap in sorted(gaps & self._gaps):
            self._alert("history_gap", gap)
        self._gaps = gaps
        return ordered

    async def funding(self, since: datetime) -> Sequence[FundingPayment]:
        """Return all settlements from `since` on, oldest first."""
        found = await self._funding.since(max(0, to_ms(since)))
        return [paid for row in found if (paid := read_funding(row, self._coins))]

    async def executed(self, venue_order_id: str, since: datetime) -> tuple[Decimal, Decimal]:
        """Return the size an order has executed since then, in coins, and what for, in USD."""
        found = await self._fills.since(max(0, to_ms(since)))
        fills = [each.fill for row in found if (each := read_fill(row, self._coins, self._user))]
        return _sums([fill for fill in fills if fill.venue_order_id == venue_order_id])

    async def _page(self, kind: str, start: int, end: int | None) -> object:
        request: dict[str, object] = {"type": kind, "user": self._user, "startTime": start}
        if end is not None:
            request["endTime"] = end
        return await self._client.info(request)


@exactly
def in_order(listed: Sequence[ListedFill]) -> tuple[list[Fill], frozenset[str]]:
    """Put fills of one millisecond into the order they happened in, and find what is missing.

    Each row has the position before it: that of the next one of the coin is this position with its
    own size, or a fill lies between them that was not told.

    Args:
        listed: oldest first.

    Returns:
        The fills, and a sentence for each gap.
    """
    held: dict[Symbol, Decimal] = {}
    ordered, gaps = [], set()
    for _, group in groupby(listed, key=lambda each: each.fill.time):
        left = list(group)
        while left:
            following = next((each for each in left if _continues(each, held)), left[0])
            left.remove(following)
            fill = following.fill
            if following.before is not None:
                if not _continues(following, held):
                    gaps.add(
                        f"a fill of {fill.symbol} is missing before that of"
                        f" {fill.time:%Y-%m-%d %H:%M:%S} UTC (trade {fill.trade_id}): the venue"
                        f" has {following.before} there, its earlier fills {held[fill.symbol]}"
                    )
                held[fill.symbol] = following.before + fill.quantity
            ordered.append(fill)
    return ordered, frozenset(gaps)


def _continues(each: ListedFill, held: Mapping[Symbol, Decimal]) -> bool:
    known = held.get(each.fill.symbol)
    return each.before is None or known is None or known == each.before


@exactly
def _sums(fills: Sequence[Fill]) -> tuple[Decimal, Decimal]:
    return (
        sum((fill.size for fill in fills), ZERO),
        sum((fill.size * fill.price for fill in fills), ZERO),
    )
