"""Reading one price out of a recorded market."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from nof0_core.ids import Symbol


class _Quote(msgspec.Struct):
    mark: Decimal


class _Entry(msgspec.Struct):
    quote: _Quote


def has_price(snapshots: Any, symbol: Symbol) -> bool:
    """Tell whether the body of a `MarketSeen` has an entry for a symbol, without decoding it."""
    if isinstance(snapshots, bytes | msgspec.Raw):
        return b'"%b":{"time":' % symbol.encode() in bytes(snapshots)
    return symbol in snapshots


def seen_price(snapshots: Any, symbol: Symbol) -> Decimal | None:
    """Return the mark of a symbol in the body of a `MarketSeen`, None if it was not looked at.

    Args:
        snapshots: JSON as bytes or `msgspec.Raw`, or what a JSON decoder made of it. Bars are
            skipped over, not decoded.
        symbol: the coin.

    Raises:
        msgspec.MsgspecError: for anything that is not a record of a market.
    """
    if isinstance(snapshots, bytes | msgspec.Raw):
        entries = msgspec.json.decode(snapshots, type=dict[str, _Entry])
    else:
        entries = msgspec.convert(snapshots, dict[str, _Entry])
    entry = entries.get(symbol)
    return entry.quote.mark if entry else None
