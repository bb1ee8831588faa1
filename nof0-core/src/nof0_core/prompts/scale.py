"""What the numbers of a series mean, and how many digits of them are worth reading."""

from __future__ import annotations

import functools
import re
from enum import Enum

from nof0_core.domain.candles import FloatArray


class Scale(Enum):
    """What an indicator is measured in; the value is the unit as prompts write it."""

    PRICE = "USD"
    DIFFERENCE = "USD, a difference of prices"
    PERCENT_INDEX = "index 0 to 100"
    SIGNED_INDEX = "index -100 to 100"
    VOLUME = "coins"
    OTHER = "no unit"


_WORDS = {
    Scale.PRICE: (
        "close open high low ema sma ma wma dema tema kama trima hma rma t3 zlema vwma mama fama "
        "bb bbands kc donchian accbands midpoint midprice sar sarext supertrend vwap avgprice "
        "medprice typprice wclprice linearreg tsf ht_trendline ha max min minmax"
    ),
    Scale.DIFFERENCE: "macd macdext macdfix atr trange mom stddev avgdev apo ao ac adr dpo qstick",
    Scale.PERCENT_INDEX: (
        "rsi stoch stochf stochrsi mfi adx adxr dx plus_di minus_di aroon ultosc imi vhf "
        "percentrank"
    ),
    Scale.SIGNED_INDEX: "cmo willr aroonosc smi tsi",
    Scale.VOLUME: "volume obv ad",
}
SMALL_VOLUMES = (1000, 100, 10, 1)
"""Below each of these a volume has one digit more after the point."""
_SCALES = {word: scale for scale, words in _WORDS.items() for word in words.split()}


@functools.lru_cache(maxsize=512)
def scale_of(name: str, function: str = "") -> Scale:
    """Return the scale of a result.

    By the TA-Lib function where it is known, else by the name: `ema20`, `macd_signal` and `rsi7`
    are read as EMA, MACD and RSI.
    """
    if function:
        return _SCALES.get(function.lower(), Scale.OTHER)
    stem = re.sub(r"\d+", "", name)
    while stem:
        if stem in _SCALES:
            return _SCALES[stem]
        stem = stem.rpartition("_")[0]
    return Scale.OTHER


def form_of(values: FloatArray, scale: Scale, price_decimals: int) -> str:
    """Return the `%` format of the values of a row.

    Args:
        values: shape (n,).
        scale: what they are.
        price_decimals: digits after the point of the coin's price.
    """
    if scale is not Scale.VOLUME:
        return _form(scale, price_decimals)
    # Infinity and NaN less themselves are NaN, which is not 0.
    largest = max([abs(v) for v in values.tolist() if v - v == 0], default=0.0)
    return volume_form(sum(largest < most for most in SMALL_VOLUMES))


def volume_form(digits: int) -> str:
    """Return the `%` format of volumes the largest of which is below so many `SMALL_VOLUMES`."""
    return f"%.{digits}f"


def number(form: str, value: float) -> str:
    """Write one value; `n/a` where there is none yet."""
    return form % value if value == value else "n/a"  # noqa: PLR0124 - NaN alone differs from itself


@functools.lru_cache(maxsize=256)
def _form(scale: Scale, price_decimals: int) -> str:
    if scale is Scale.OTHER:
        return "%.5g"
    if scale in {Scale.PERCENT_INDEX, Scale.SIGNED_INDEX}:
        return "%.1f"
    return f"%.{price_decimals + (scale is Scale.DIFFERENCE)}f"
