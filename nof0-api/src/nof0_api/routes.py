"""The nine routes: what each loads, how long it may be kept, what its number means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from nof0_api.desk import Route
from nof0_api.source import Row
from nof0_core.config.model import TtlConfig

MOST_ROWS = 10_000
"""Largest number of rows that can be asked for."""


def since(number: int, rows: Iterable[Row]) -> list[Row]:
    """Take the rows whose hourly marker is `number` or more."""
    return [row for row in rows if row.marker >= number]


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


def _short(ttl: TtlConfig) -> int:
    return int(ttl.short.total_seconds())


def _medium(ttl: TtlConfig) -> int:
    return int(ttl.medium.total_seconds())


def _long(ttl: TtlConfig) -> int:
    return int(ttl.long.total_seconds())


ACCOUNT_TOTALS = Route(
    name="account-totals", load=lambda s, _: s.account_totals(), ttl=_short, choose=since
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
    choose=first_of_each,
    default=100,
)
POSITIONS = Route(
    name="positions",
    load=lambda s, _: s.positions(),
    ttl=_short,
    choose=first,
    default=1000,
)
CONVERSATIONS = Route(
    name="conversations", load=lambda s, _: s.conversations(), ttl=_medium, choose=first_of_each
)

FIXED = (
    ACCOUNT_TOTALS,
    ANALYTICS,
    CRYPTO_PRICES,
    LEADERBOARD,
    SINCE_INCEPTION,
    TRADES,
    POSITIONS,
    CONVERSATIONS,
)
"""The routes whose path has no variable part."""
