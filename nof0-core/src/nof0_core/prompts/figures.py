"""Amounts and spans rounded for reading, and how long the text gets."""

from __future__ import annotations

import functools
import re
from datetime import timedelta
from decimal import Decimal

from nof0_core.domain.candles import from_ms

CENT = Decimal("0.01")
_PIECES = re.compile(r"([A-Za-z]+)|([0-9]+)|([ \t\r\n]+)|(.)", re.DOTALL)
LETTERS = 5
"""Letters of a word that make one token; common words take fewer tokens, rare ones more."""
DIGITS = 3
"""Digits of a number that make one token."""


def cents(amount: Decimal) -> Decimal:
    """Return an amount in USD, or a share in percent, with two decimals; never -0."""
    return amount.quantize(CENT) + 0


def minutes(span: timedelta) -> int:
    """Return the whole minutes in a span."""
    return int(span.total_seconds() // 60)


@functools.lru_cache(maxsize=64)
def minute(moment: int) -> str:
    """Write a moment (milliseconds UTC) in minutes; series of many coins end at the same one."""
    return f"{from_ms(moment):%Y-%m-%d %H:%M} UTC"


def short(number: float | None) -> float | int | None:
    """Return a whole number as one: 3 reads better than 3.0."""
    return int(number) if number is not None and number == int(number) else number


def estimate(text: str) -> int:
    """Return about how many tokens a text has.

    A word counts one token for each five letters begun, a number one for each three digits begun,
    any other character one by itself, blanks nothing. For prompts, which are mostly numbers, that
    is on the high side by up to a fifth; for prose in other scripts it is one per character.
    """
    tokens = 0
    for word, number, _, other in _PIECES.findall(text):
        if word:
            tokens += -(-len(word) // LETTERS)
        elif number:
            tokens += -(-len(number) // DIGITS)
        elif other:
            tokens += 1
    return tokens
