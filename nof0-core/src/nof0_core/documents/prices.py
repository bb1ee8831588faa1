"""`crypto-prices.json`: the newest price of every coin."""

from __future__ import annotations

from nof0_core.documents.wire import Json, number
from nof0_core.domain.candles import to_ms
from nof0_core.domain.view import View


def prices(view: View) -> Json:
    """Write mid prices by symbol, in USD, with the venue's time of each in milliseconds."""
    return {
        symbol: {"symbol": symbol, "price": number(quote.mid), "timestamp": to_ms(quote.time)}
        for symbol, quote in view.quotes.items()
    }
