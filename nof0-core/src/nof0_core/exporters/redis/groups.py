"""The keys of a picture: their names, what they hold, and which are written in one step."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import attrs

from nof0_core.documents.positions import position
from nof0_core.documents.wire import encode
from nof0_core.domain.snapshot import Quote
from nof0_core.domain.view import TraderView, View
from nof0_core.exporters.redis.remembered import Remembered
from nof0_core.money import plain

if TYPE_CHECKING:
    from nof0_core.storage.key_values import Group


@attrs.frozen(kw_only=True)
class Lives:
    """How long keys live, by how fast they change."""

    short: timedelta
    medium: timedelta
    long: timedelta

    def at_least(self, every: timedelta) -> Lives:
        """Return times after which at least two exports have failed to come, and a second."""
        least = max(3 * every, timedelta(seconds=1))
        return Lives(
            short=max(self.short, least),
            medium=max(self.medium, least),
            long=max(self.long, least),
        )


def groups_of(view: View, known: Remembered, prefix: str, lives: Lives) -> Iterator[Group]:
    """Give the keys of a picture, those of one trader or one venue account together."""
    from nof0_core.storage.key_values import Group

    for trader in view.traders:
        yield Group(lives.medium, _trader(trader, prefix))
    in_use = {trader.venue_account for trader in view.traders}
    for section, account in known.accounts.items():
        if section not in in_use:
            continue  # an earlier run had it
        place = f"{prefix}exchange:{section}"
        told = {name: text.encode() for name, text in account.items()}
        held = encode(known.positions[section])
        yield Group(lives.medium, {f"{place}:account": told, f"{place}:positions": held})
    marks = {str(symbol): plain(one.mark).encode() for symbol, one in view.quotes.items()}
    snapshots = {
        f"{prefix}market:snapshot:{symbol}": _snapshot(one, known)
        for symbol, one in view.quotes.items()
    }
    yield Group(lives.short, {f"{prefix}market:prices": marks, **snapshots})
    assets = [row for rows in known.assets.values() for row in rows]
    yield Group(lives.long, {f"{prefix}market:assets": encode(assets)})


def _trader(trader: TraderView, prefix: str) -> dict[str, bytes | dict[str, bytes]]:
    account, place = trader.account, f"{prefix}trader:{trader.trader}"
    return {
        f"{place}:equity": plain(account.equity).encode(),
        f"{place}:margin_used": plain(account.margin_used).encode(),
        f"{place}:positions": {one.symbol: encode(position(one)) for one in account.holdings},
    }


def _snapshot(quote: Quote, known: Remembered) -> dict[str, bytes]:
    amounts = {
        "mark": quote.mark,
        "mid": quote.mid,
        "oracle": quote.oracle,
        "funding": quote.funding_rate,
        "open_interest": quote.open_interest,
        "volume_24h": quote.day_volume_usd,
    }
    return {
        **{name: plain(value).encode() for name, value in amounts.items() if value is not None},
        "time": quote.time.isoformat().encode(),
        "indicators": encode(known.indicators.get(quote.symbol, {})),
    }
