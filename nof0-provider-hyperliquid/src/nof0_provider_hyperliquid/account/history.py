"""Fills and funding of one account, complete or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby

from nof0_core.clock import Clock
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
from nof0_provider_hyperliquid.account.paging import Ask, Pager
from nof0_provider_hyperliquid.account.statement import FillStatement
from nof0_provider_hyperliquid.transport.client import InfoClient
from nof0_provider_hyperliquid.transport.windows import Priority

REACH = 10_000
"""So many fills, the newest, can be had at all."""

SETTLED_FRESH = timedelta(seconds=30)
"""For so long an answer about settlements serves whoever does not read further back."""

Alert = Callable[[str, str], object]


class AccountHistory:
    """Reads what was executed and settled on one dex.

    What it keeps only saves questions: what was told is told again, so nothing is lost by it.
    """

    def __init__(
        self, client: InfoClient, *, user: str, coins: DexCoins, clock: Clock, alert: Alert
    ) -> None:
        self._client = client
        self._user = user
        self._coins = coins
        self._alert = alert
        self._gaps: frozenset[str] = frozenset()
        self._asked_since: datetime | None = None
        self._clock = clock
        self._paid: tuple[datetime, datetime, Sequence[FundingPayment]] | None = None
        self._statement = FillStatement(ask=self._fill_pages, pager=self._fill_pager, clock=clock)
        self._funding = Pager(
            "funding",
            ask=lambda start, end: self._page("userFunding", start, end),
            time_of=lambda row: time_of(row, "funding"),
            key_of=funding_key,
        )

    async def fills(self, since: datetime) -> Sequence[Fill]:
        """Return all fills from `since` on, oldest first; those of a moment in their order."""
        is_further_back = self._asked_since is not None and since < self._asked_since
        found = await self._statement.since(max(0, to_ms(since)), anew=is_further_back)
        if not is_further_back and in_order(self._listed(found))[1]:
            found = await self._statement.since(max(0, to_ms(since)), anew=True)
        self._asked_since = since
        if len(found) >= REACH:
            self._alert(
                "history_cut",
                f"the venue shows the newest {REACH:,} fills only, and there were as many since"
                f" {since:%Y-%m-%d %H:%M}: older ones cannot be booked any more",
            )
        listed = self._listed(found)
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
        """Return all settlements from `since` on, oldest first.

        They come by the hour, and are listed late: an answer of the same hour serves for a while.
        """
        now = self._clock.now()
        if self._paid is not None:
            asked, from_then_on, told = self._paid
            is_fresh = timedelta(0) <= now - asked < SETTLED_FRESH and asked.hour == now.hour
            if is_fresh and since >= from_then_on:
                return [paid for paid in told if paid.time >= since]
        found = await self._funding.since(max(0, to_ms(since)))
        listed = [paid for row in found if (paid := read_funding(row, self._coins))]
        self._paid = (now, since, listed)
        return listed

    async def executed(
        self, venue_order_id: str, since: datetime, size: Decimal
    ) -> tuple[Decimal, Decimal]:
        """Return what an order has executed since it was placed, in coins, and what for, in USD.

        Nobody is asked where its whole `size` is known to be executed.
        """
        found = self._of_order(self._statement.known(), venue_order_id)
        if found[0] >= size > ZERO:
            return found
        # It must be told while other reads wait for the network's budget.
        rows = await self._statement.since(max(0, to_ms(since)), Priority.NEWS)
        return self._of_order(rows, venue_order_id)

    def _of_order(self, rows: Sequence[object], venue_order_id: str) -> tuple[Decimal, Decimal]:
        fills = [each.fill for each in self._listed(rows)]
        return _sums([fill for fill in fills if fill.venue_order_id == venue_order_id])

    def _listed(self, rows: Sequence[object]) -> list[ListedFill]:
        return [fill for row in rows if (fill := read_fill(row, self._coins, self._user))]

    def _fill_pages(self, priority: Priority | None) -> Ask:
        return lambda start, end: self._page("userFillsByTime", start, end, priority)

    def _fill_pager(self, priority: Priority | None) -> Pager:
        request = {"type": "userFills", "user": self._user}
        return Pager(
            "fills",
            ask=self._fill_pages(priority),
            time_of=lambda row: time_of(row, "fill"),
            key_of=fill_key,
            newest=lambda: self._client.info(request, priority=priority),
        )

    async def _page(
        self, kind: str, start: int, end: int | None, priority: Priority | None = None
    ) -> object:
        request: dict[str, object] = {"type": kind, "user": self._user, "startTime": start}
        if end is not None:
            request["endTime"] = end
        return await self._client.info(request, priority=priority)


@exactly
def in_order(listed: Sequence[ListedFill]) -> tuple[list[Fill], frozenset[str]]:
    """Put fills of one millisecond into the order they happened in, and find what is missing.

    Each row has the position before it. What a coin held after all fills of a moment is what its
    next moment begins with, or fills lie between them that were not told. (Two sides of a trade of
    an account with itself show the same position, so single rows need not follow one another.)

    Args:
        listed: oldest first.

    Returns:
        The fills, and a sentence for each gap.
    """
    held: dict[Symbol, Decimal] = {}
    ordered: list[Fill] = []
    gaps: set[str] = set()
    for _, group in groupby(listed, key=lambda each: each.fill.time):
        left = list(group)
        for symbol in {each.fill.symbol for each in left}:
            gap = _gap(symbol, held.get(symbol), [e for e in left if e.fill.symbol == symbol])
            if gap:
                gaps.add(gap)
                del held[symbol]
        while left:
            following = next((each for each in left if _continues(each, held)), left[0])
            left.remove(following)
            fill = following.fill
            before = held.get(fill.symbol, following.before)
            if before is not None:
                held[fill.symbol] = before + fill.quantity
            ordered.append(fill)
    return ordered, frozenset(gaps)


def _gap(symbol: Symbol, held: Decimal | None, moment: Sequence[ListedFill]) -> str:
    """Say that no fill of a coin in a moment begins with what it held before, "" if one does."""
    told = [each.before for each in moment if each.before is not None]
    if held is None or not told or held in told:
        return ""
    first = moment[0].fill
    return (
        f"a fill of {symbol} is missing before that of {first.time:%Y-%m-%d %H:%M:%S} UTC (trade"
        f" {first.trade_id}): the venue has {told[0]} there, its earlier fills come to {held}"
    )


def _continues(each: ListedFill, held: Mapping[Symbol, Decimal]) -> bool:
    known = held.get(each.fill.symbol)
    return each.before is None or known is None or known == each.before


@exactly
def _sums(fills: Sequence[Fill]) -> tuple[Decimal, Decimal]:
    return (
        sum((fill.size for fill in fills), ZERO),
        sum((fill.size * fill.price for fill in fills), ZERO),
    )
