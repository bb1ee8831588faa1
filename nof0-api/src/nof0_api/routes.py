"""The routes to data: what each loads, how long it may be kept, what its numbers mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from nof0_api.answer_cache import Query, Route
from nof0_api.excerpts import decided, spanning
from nof0_core.project import TtlConfig
from nof0_core.sources import Document, Row

MOST_ROWS = 10_000
"""Largest number of rows that can be asked for."""
_TRADES = 100
_POSITIONS = 1000


def spread(points: int, rows: Iterable[Row]) -> list[Row]:
    """Thin rows out to about `points` hours, evenly spaced; the newest row of each model stays."""
    rows = list(rows)
    if not rows:
        return []
    markers = [row.marker for row in rows]
    step = -(-(max(markers) - min(markers) + 1) // points)
    newest = {row.model: row for row in rows}
    return [row for row in rows if row.marker % step == 0 or newest[row.model] is row]


def first(number: int, rows: Iterable[Row]) -> list[Row]:
    """Take the first `number` rows."""
    return [row for row, _ in zip(rows, range(number), strict=False)]


def first_of_each(number: int, rows: Iterable[Row]) -> list[Row]:
    """Take the first `number` rows of every model, in the order they come."""
    seen: Counter[str] = Counter()
    taken: list[Row] = []
    for row in rows:
        seen[row.model] += 1
        if seen[row.model] <= number:
            taken.append(row)
    return taken


def _hours(question: Query, document: Document) -> list[Row]:
    rows = document.rows(question.number or 0)
    return list(rows) if question.points is None else spread(question.points, rows)


def _top(question: Query, document: Document) -> list[Row]:
    return first(question.number or _POSITIONS, document.rows())


def _newest_trades(question: Query, document: Document) -> list[Row]:
    return first_of_each(question.number or _TRADES, document.rows())


def _newest_talks(question: Query, document: Document) -> list[Row]:
    if question.excerpt is not None:
        return decided(question.excerpt, document.rows())
    return first_of_each(question.number or MOST_ROWS, document.rows())


def _coin(question: Query, document: Document) -> list[Row]:
    coin = question.symbol
    rows = [row for row in document.rows() if not coin or row.symbol == coin]
    return rows if question.excerpt is None else spanning(question.excerpt, rows)


def _short(ttl: TtlConfig) -> int:
    return int(ttl.short.total_seconds())


def _medium(ttl: TtlConfig) -> int:
    return int(ttl.medium.total_seconds())


def _long(ttl: TtlConfig) -> int:
    return int(ttl.long.total_seconds())


ACCOUNT_TOTALS = Route(
    name="account-totals", load=lambda s, _: s.account_totals(), ttl=_short, choose=_hours
)
ANALYTICS = Route(name="analytics", load=lambda s, _: s.analytics(), ttl=_long)
MODEL_ANALYTICS = Route(
    name="analytics/{model_id}", load=lambda s, model: s.model_analytics(model), ttl=_long
)
CRYPTO_PRICES = Route(name="crypto-prices", load=lambda s, _: s.crypto_prices(), ttl=_short)
LEADERBOARD = Route(
    name="leaderboard", load=lambda s, _: s.leaderboard(), ttl=_long, has_time=False
)
SINCE_INCEPTION = Route(
    name="since-inception-values", load=lambda s, _: s.since_inception_values(), ttl=_long
)
TRADES = Route(
    name="trades",
    load=lambda s, _: s.trades(),
    ttl=_medium,
    choose=_newest_trades,
    is_whole=False,
)
POSITIONS = Route(
    name="positions",
    load=lambda s, _: s.positions(),
    ttl=_short,
    choose=_top,
    is_whole=False,
)
CONVERSATIONS = Route(
    name="conversations", load=lambda s, _: s.conversations(), ttl=_medium, choose=_newest_talks
)
CANDLES = Route(name="candles", load=lambda s, _: s.candles(), ttl=_short, choose=_coin)
STATUS = Route(name="status", load=lambda s, _: s.status(), ttl=lambda _: 0)

FIXED = (
    ACCOUNT_TOTALS,
    ANALYTICS,
    CRYPTO_PRICES,
    LEADERBOARD,
    SINCE_INCEPTION,
    TRADES,
    POSITIONS,
    CONVERSATIONS,
    CANDLES,
    STATUS,
)
"""The routes whose path has no variable part."""
