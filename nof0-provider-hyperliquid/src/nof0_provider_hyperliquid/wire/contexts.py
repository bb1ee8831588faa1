"""Contexts of a dex: the prices of all its perpetuals in one answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import attrs

from nof0_core.domain.snapshot import Quote
from nof0_core.errors import DataError
from nof0_core.ids import Symbol
from nof0_provider_hyperliquid.wire.meta import Universe, read_universe
from nof0_provider_hyperliquid.wire.reading import (
    bad,
    number,
    number_or_none,
    price,
    record,
    rows,
)


@attrs.frozen(kw_only=True)
class Context:
    """What the venue says of one perpetual now; it does not say of when."""

    mark: Decimal
    mid: Decimal
    oracle: Decimal
    funding_rate: Decimal | None
    open_interest: Decimal | None
    day_volume_usd: Decimal | None

    def quote(self, symbol: Symbol, time: datetime) -> Quote:
        """Return it as the quote of `time`."""
        return Quote(
            symbol=symbol,
            time=time,
            mark=self.mark,
            mid=self.mid,
            oracle=self.oracle,
            funding_rate=self.funding_rate,
            open_interest=self.open_interest,
            day_volume_usd=self.day_volume_usd,
        )


@attrs.frozen(kw_only=True)
class Contexts:
    """The universe of a dex with the context of each perpetual; `faults` has those without."""

    universe: Universe
    of: Mapping[Symbol, Context]
    faults: Mapping[Symbol, str]


def read_contexts(answer: object, dex: str) -> Contexts:
    """Return an answer to `metaAndAssetCtxs`.

    Raises:
        DataError: it is no pair of a universe and as many contexts.
    """
    pair = rows(answer, "metaAndAssetCtxs")
    if len(pair) != 2:
        bad("metaAndAssetCtxs", f"has {len(pair)} parts, not a universe and its contexts")
    universe = read_universe(pair[0], dex)
    contexts = rows(pair[1], "metaAndAssetCtxs[1]")
    if len(contexts) != universe.size:
        bad("metaAndAssetCtxs", f"{universe.size} perpetuals and {len(contexts)} contexts")
    found: dict[Symbol, Context] = {}
    faults: dict[Symbol, str] = {}
    for symbol, asset in universe.assets.items():
        try:
            found[symbol] = read_context(contexts[asset.index])
        except DataError as error:
            faults[symbol] = str(error)
    return Contexts(universe=universe, of=found, faults=faults)


def read_context(value: object) -> Context:
    """Return one context.

    A perpetual whose book is empty has no mid price; then it is that of the prices at which the
    venue's impact notional would trade, or the mark.

    Raises:
        DataError: a price is missing, or a value is no number.
    """
    context = record(value, "context")
    mark = price(context.get("markPx"), "markPx")
    return Context(
        mark=mark,
        mid=_mid(context, mark),
        oracle=price(context.get("oraclePx"), "oraclePx"),
        funding_rate=number_or_none(context.get("funding"), "funding"),
        open_interest=_amount(context, "openInterest"),
        day_volume_usd=_amount(context, "dayNtlVlm"),
    )


def _mid(context: Mapping[str, object], mark: Decimal) -> Decimal:
    if context.get("midPx") is not None:
        return price(context["midPx"], "midPx")
    impact = context.get("impactPxs")
    if isinstance(impact, list) and len(impact) == 2 and None not in impact:
        bid, ask = (price(each, "impactPxs") for each in impact)
        return (bid + ask) / 2
    return mark


def _amount(context: Mapping[str, object], key: str) -> Decimal | None:
    if context.get(key) is None:
        return None
    found = number(context[key], key)
    if found < 0:
        bad(key, f"is {found}, which is below 0")
    return found
