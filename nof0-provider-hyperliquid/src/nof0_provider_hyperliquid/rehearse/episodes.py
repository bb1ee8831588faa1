"""What became of each position of a rehearsal, as the venue saw it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

import attrs

from nof0_core.money import ZERO
from nof0_provider_hyperliquid.rehearsal.accounts.account import Account
from nof0_provider_hyperliquid.rehearsal.coverage import Coverage, Uncovered
from nof0_provider_hyperliquid.rehearse.opposed import bare, uncovered

BY_STOP, BY_TARGET, BY_ENGINE, BY_HAND = "its stop", "its target", "the engine", "hand"


@attrs.define(kw_only=True)
class Episode:
    """One position from its first fill to its last; times are the venue's milliseconds.

    `size` is the largest it had, signed (negative: short). `ended_by` is empty while it is open;
    `bare_ms` is the longest stretch without a stop. `opposed_ms` is the longest in which that was
    so because traders held opposite sides of the coin.
    """

    user: str
    coin: str
    opened_ms: int
    size: Decimal
    entry: Decimal
    ended_ms: int | None = None
    exit: Decimal | None = None
    ended_by: str = ""
    pnl: Decimal = ZERO
    bare_ms: int = 0
    opposed_ms: int = 0


def episodes(accounts: Sequence[Account], coverage: Coverage, now_ms: int) -> list[Episode]:
    """Return all positions there were, in the order in which they were opened."""
    found = [each for account in accounts for each in _of(account)]
    alone, all_ = bare(accounts, coverage, now_ms), [*uncovered(accounts, coverage, now_ms)]
    for each in found:
        each.bare_ms = _longest(each, alone, now_ms)
        # What is shorter without opposite sides was so because of them.
        each.opposed_ms = whole if (whole := _longest(each, all_, now_ms)) > each.bare_ms else 0
    return sorted(found, key=lambda each: (each.opened_ms, each.coin))


def _of(account: Account) -> Iterator[Episode]:
    open_: dict[str, Episode] = {}
    for fill in account.fills:
        coin, price, time = fill["coin"], Decimal(fill["px"]), int(fill["time"])
        before = Decimal(fill["startPosition"])
        signed = Decimal(fill["sz"]) * (1 if fill["side"] == "B" else -1)
        after = before + signed
        episode = open_.get(coin)
        if episode is not None:
            episode.pnl += Decimal(fill["closedPnl"]) - Decimal(fill["fee"])
            if abs(after) > abs(episode.size) and after * episode.size > 0:
                episode.size = after
            if after * before <= 0:
                episode.ended_ms, episode.exit = time, price
                episode.ended_by = _who(account, int(fill["oid"]))
                yield open_.pop(coin)
        if after and coin not in open_:
            open_[coin] = Episode(
                user=account.address, coin=coin, opened_ms=time, size=after, entry=price
            )
            if before == ZERO:
                open_[coin].pnl = -Decimal(fill["fee"])
    yield from open_.values()


def _who(account: Account, oid: int) -> str:
    order = account.orders.get(oid)
    if order is None or order.cloid is None:
        return BY_HAND
    if order.has_fired:
        return BY_TARGET if order.kind.startswith("Take Profit") else BY_STOP
    return BY_ENGINE


def _longest(episode: Episode, spans: Iterable[Uncovered], now_ms: int) -> int:
    end_ms = now_ms if episode.ended_ms is None else episode.ended_ms
    overlaps = (
        min(each.until_ms, end_ms) - max(each.since_ms, episode.opened_ms)
        for each in spans
        if (each.user, each.coin) == (episode.user, episode.coin)
    )
    return max([0, *overlaps])
