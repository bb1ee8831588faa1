"""Coin and currency of a market's name: whose price it is, and in what money."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

DOLLARS = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USDE", "USDP", "DAI", "USD")
"""Currencies that count as dollars."""
_FIAT = ("EUR", "GBP", "JPY", "TRY", "KRW", "BRL", "AUD", "CAD", "CHF")
_COIN_MONEY = ("BTC", "XBT", "ETH", "BNB")
_MONEY = (*DOLLARS, *_FIAT, *_COIN_MONEY)
_OTHER_NAMES = {"XBT": "BTC", "XDG": "DOGE", "XXBT": "BTC", "XETH": "ETH", "XXDG": "DOGE"}
"""Kraken's names."""
_KNOWN = frozenset(
    {
        "BTC",
        "XBT",
        "ETH",
        "SOL",
        "BNB",
        "DOGE",
        "XDG",
        "XRP",
        "ADA",
        "AVAX",
        "DOT",
        "LINK",
        "LTC",
        "BCH",
        "TRX",
        "TON",
        "SHIB",
        "PEPE",
        "NEAR",
        "APT",
        "ARB",
        "AR",
        "OP",
        "SUI",
        "SEI",
        "INJ",
        "ATOM",
        "FIL",
        "ICP",
        "ETC",
        "XLM",
        "XMR",
        "UNI",
        "AAVE",
        "MKR",
        "CRV",
        "LDO",
        "HYPE",
        "TIA",
        "WIF",
        "BONK",
        "JUP",
        "ENA",
        "ONDO",
        "FET",
        "RENDER",
        "TAO",
        "ALGO",
        "HBAR",
        "VET",
        "GRT",
        "SAND",
        "MANA",
        "AXS",
        "GALA",
        "DYDX",
        "GMX",
        "STX",
        "RUNE",
        "KAS",
        "ZEC",
        "DASH",
        "EOS",
        "XTZ",
    }
)
_END_LIKE_MONEY = frozenset(
    {
        "WBTC",
        "CBBTC",
        "LBTC",
        "TBTC",
        "WETH",
        "STETH",
        "WSTETH",
        "CBETH",
        "WEETH",
        "RETH",
        "EZETH",
        "BETH",
        "SUSD",
        "LUSD",
        "PYUSD",
    }
)
"""Coins whose names end like a pair's."""
_PLACES = frozenset(
    {
        "hl",
        "hyperliquid",
        "binance",
        "binanceus",
        "bybit",
        "okx",
        "okex",
        "coinbase",
        "kraken",
        "bitstamp",
        "bitfinex",
        "gemini",
        "bitget",
        "kucoin",
        "gate",
        "gateio",
        "deribit",
        "dydx",
        "mexc",
        "huobi",
        "htx",
        "cdd",
        "venue",
        "exchange",
        "data",
        "candles",
        "klines",
        "ohlcv",
        "perp",
        "futures",
        "spot",
        "recorded",
        "my",
        "test",
        "a",
        "b",
    }
)
"""Words before a coin that are surely no coin."""


@attrs.frozen
class Pair:
    """A coin and the currency its price is in: `USD` where nothing else is said.

    `is_inverse` tells that profit is paid in the coin, so that volume is counted in contracts.
    """

    coin: str
    money: str = "USD"
    is_inverse: bool = False

    @property
    def is_in_dollars(self) -> bool:
        """Tell whether the price is in dollars, or in what is worth one."""
        return self.money in DOLLARS


def pair_of(words: Sequence[str], wanted: frozenset[str] = frozenset()) -> Pair | str:
    """Return the pair that the words of a name tell, or in one sentence why they do not.

    Args:
        words: the parts of a name, at least one: `hl btc`, `btc usdt`, `BTCUSDT`.
        wanted: coins in lower case that are taken as they are spelled.
    """
    last = words[-1]
    before = words[-2] if len(words) > 1 else ""
    # A name of three: coin, money and what profit is paid in (BTC_USDT_USDT).
    if len(words) > 2 and {words[-1].upper(), before.upper()} <= set(DOLLARS):
        last, before = before, words[-3]
    if before and last.upper() in DOLLARS and last.lower() not in wanted:
        return _paired(before, last)
    if before and last.upper() in (*_FIAT, *_COIN_MONEY) and before.lower() not in _PLACES:
        if before.upper() in _KNOWN or last.upper() in _FIAT:
            return _paired(before, last)
        return f"{before}_{last} may be {last.upper()}, or {before.upper()} in {last.upper()}"
    if last.lower() in wanted:
        return Pair(last)
    return _glued(last)


def pair_in_cell(cell: str) -> Pair | str:
    """Return the pair a cell or key of a file names, as `pair_of`."""
    text = cell.strip().replace("/", "-").replace(":", "-").replace("_", "-")
    words = [each for each in text.split("-") if each and each.upper() not in ("PERP", "SWAP")]
    return pair_of(words) if words else "the market's name is empty"


def _paired(coin: str, money: str) -> Pair:
    # XXBTZUSD is Kraken's long form.
    return Pair(
        _OTHER_NAMES.get(coin.upper(), coin), _OTHER_NAMES.get(money.upper(), money.upper())
    )


def _glued(name: str) -> Pair | str:
    upper = name.upper()
    if upper in _MONEY or upper in _KNOWN or upper in _END_LIKE_MONEY:
        return _paired(name, "USD")
    readings = [
        (name[: -len(money)], money)
        for money in _MONEY
        if upper.endswith(money) and len(name) > len(money)
    ]
    known = [each for each in readings if each[0].upper() in (_KNOWN | set(_OTHER_NAMES))]
    readings = known or [each for each in readings if each[1] not in _FIAT]
    if len(readings) > 1:
        ways = " or ".join(f"{coin.upper()} in {money}" for coin, money in readings)
        return f"{name} may be {ways}"
    if not readings:
        return _paired(name, "USD")
    coin, money = readings[0]
    if not known and money in _COIN_MONEY:
        return f"{name} may be a coin, or {coin.upper()} in {money}"
    return _paired(coin.removesuffix("Z") if coin.upper() in ("XXBTZ", "XETHZ") else coin, money)
