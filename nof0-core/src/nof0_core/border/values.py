"""What single values of a plugin must be like.

A check looks at a value and says what is wrong with it, as the end of a sentence; "" where nothing
is. No method of the value's own class is called before its class is known to be the declared one:
a subclass may do anything.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import (
    Clamped,
    Context,
    Decimal,
    InvalidOperation,
    Overflow,
    Rounded,
    Subnormal,
    Underflow,
)
from enum import Enum
from zoneinfo import ZoneInfo

from nof0_core.border.glance import Check, glance, told
from nof0_core.money import EXACT
from nof0_core.redaction import READ

SHOWN = 200
"""So many letters of a bad value are told."""
SEARCHED = 20_000
"""So many are searched for secrets before that: one that was cut would not be known any more."""
ID_LETTERS = 200
TEXT_BYTES = 1_000_000
"""A longer text is refused, not cut."""
DIGITS = 15
"""Numbers of money, prices and sizes are below 10 to this power."""
FIGURES = 50
"""A number has no more significant figures, …"""
FINEST = 60
"""… and no more decimals."""
REMEMBERED = 2_000
"""So many good names of one kind are known again: an order is listed at every look."""
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)

_PLAIN_NUMBERS = Context(
    prec=FIGURES,
    Emin=FIGURES - FINEST,
    Emax=DIGITS,
    traps=[Clamped, InvalidOperation, Overflow, Rounded, Subnormal, Underflow],
)
"""Refuses numbers of more figures or decimals than usual, whatever else they are."""
_PLAIN = (str, int, float, bool, Decimal, type(None), datetime)
_NO_OFFSET = timedelta(0)


def shown(value: object) -> str:
    """Write a value for a person, in at most 200 letters; of a foreign class its name only.

    Secrets the process has read are not in it.
    """
    kind = type(value)
    if kind not in _PLAIN:
        return f"a {READ.out_of_sentence(kind.__name__[:SEARCHED])}"[:SHOWN]
    if kind is str:
        text = READ.out_of_sentence(value[:SEARCHED])  # type: ignore[index]
        is_whole = len(text) <= SHOWN and len(value) <= SEARCHED  # type: ignore[arg-type]
        return repr(text) if is_whole else f"{text[:SHOWN]!r}…"
    try:
        text = str(value) if kind is Decimal else repr(value)
    except ValueError:
        # An int of more digits than Python writes, a tzinfo that raises.
        return f"a {kind.__name__}"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def number(
    *,
    above: int | None = None,
    least: int | None = None,
    decimals: int | None = None,
    digits: int = DIGITS,
    figures: int = FIGURES,
) -> Check:
    """Make the check of a finite `Decimal` below 10^`digits`, whatever its sign.

    Args:
        above: it must be greater.
        least: it must not be smaller.
        decimals: it may have no more, zeros apart; None: as many as a quotient has.
        digits: the power of ten below which it stays.
        figures: it has no more, significant ones or decimals.
    """
    check = _Number(above=above, least=least, decimals=decimals, digits=digits, figures=figures)
    words, names = check.at_a_glance()
    return told(check, words, **names)


class _Number:
    """See `number`."""

    def __init__(
        self,
        *,
        above: int | None,
        least: int | None,
        decimals: int | None,
        digits: int,
        figures: int,
    ) -> None:
        self._above, self._least, self._decimals = above, least, decimals
        self._digits, self._figures = digits, figures
        self._grid = None if decimals is None else Decimal((0, (1,), -decimals))
        self._limit = Decimal((0, (1,), digits))
        self._under = self._limit.copy_negate() if above is None else Decimal(above)
        self._low = self._under if least is None else Decimal(least)

    def at_a_glance(self) -> tuple[str, dict[str, object]]:
        """Return the test of `_is_plain` in words, with what it needs; see `told`."""
        words = "type({v}) is {Decimal} and {under} < {v} < {limit}"
        if self._low != self._under:
            words += " and {v} >= {low}"
        if self._grid is not None:
            words += " and not {remainder}({v}, {grid})"
        words += " and {plus}({v}) is not None and {v}.adjusted() <= {digits}"
        names: dict[str, object] = {"Decimal": Decimal, "under": self._under, "limit": self._limit}
        names |= {"low": self._low, "remainder": EXACT.remainder, "grid": self._grid}
        return words, names | {"plus": _PLAIN_NUMBERS.plus, "digits": self._digits}

    def __call__(self, value: object) -> str:
        if type(value) is not Decimal:
            return f"is {shown(value)} ({type(value).__name__}), not a Decimal"
        if not value.is_finite():
            return f"is {value}"
        return "" if self._is_plain(value) else self.wrong(value)

    def _is_plain(self, value: Decimal) -> bool:
        """See quickly that nothing is wrong, as with nearly all numbers."""
        if not (self._under < value < self._limit and value >= self._low):
            return False
        try:
            _PLAIN_NUMBERS.plus(value)
        except ArithmeticError:
            return False
        # The exponent of a nought is looked at, too.
        is_on_grid = self._grid is None or not EXACT.remainder(value, self._grid)
        return is_on_grid and value.adjusted() <= self._digits

    def wrong(self, value: Decimal) -> str:
        """Say what is wrong with a finite number, "" if nothing is."""
        _, written, exponent = value.as_tuple()
        assert type(exponent) is int  # noqa: S101 - it is finite
        if exponent < -max(self._figures, FINEST) or len(written) > self._figures:
            return f"is {shown(value)}: more digits than anybody reckons with"
        if exponent > self._digits or (value and value.adjusted() >= self._digits):
            return f"is {shown(value)}: not below 1e{self._digits}"
        if self._grid is not None and value != value.quantize(self._grid, context=EXACT):
            return f"is {shown(value)}: more than {self._decimals} decimals"
        if self._above is not None and value <= self._above:
            return f"is {shown(value)}, not above {self._above}"
        if self._least is not None and value < self._least:
            return f"is {shown(value)}, below {self._least}"
        return ""


def whole(*, least: int, most: int) -> Check:
    """Make the check of an `int` in a range; a `bool` is none."""

    def check(value: object) -> str:
        if type(value) is not int:
            return f"is {shown(value)} ({type(value).__name__}), not an int"
        return "" if least <= value <= most else f"is {shown(value)}, not in {least}…{most}"

    words = "type({v}) is {int} and {least} <= {v} <= {most}"
    return told(check, words, int=int, least=least, most=most)


def text(*, most: int = TEXT_BYTES, least: int = 0) -> Check:
    """Make the check of a `str` that any file and database can hold, of so many letters."""

    def check(value: object) -> str:
        if type(value) is not str:
            return f"is {shown(value)} ({type(value).__name__}), not a str"
        if len(value) < least:
            return "is empty"
        if len(value) > most:
            return f"has {len(value)} letters, more than {most}"
        if "\0" in value:
            return f"has a zero byte: {shown(value)}"
        if value.isascii():
            return ""
        try:
            size = len(value.encode())
        except UnicodeEncodeError:
            return "is no text: it has half of a surrogate pair"
        return "" if size <= most or most < TEXT_BYTES else f"has {size} bytes, more than {most}"

    if least:
        return check
    # Reasons are, nearly always.
    return told(check, 'type({v}) is {str} and {v} == "" or not {check}({v})', str=str, check=check)


def kept_name(*, most: int) -> Check:
    """Make the check of a printable text that is kept as it is; a secret in it is refused.

    Nothing can be put in the place of the secret: two names could become one.
    """
    wording = text(least=1, most=most)
    good: set[str] = set()
    asked, known = READ, 0

    def check(value: object) -> str:
        nonlocal asked, known
        if asked is not READ or known != READ.secrets_read:
            # What was no secret may be one now.
            good.clear()
            asked, known = READ, READ.secrets_read
        if type(value) is str and value in good:
            return ""
        wrong = _wrong(value)
        if not wrong:
            if len(good) >= REMEMBERED:
                good.clear()
            good.add(str(value))
        return wrong

    def _wrong(value: object) -> str:
        wrong = wording(value)
        if wrong or type(value) is not str:
            return wrong
        if not value.isprintable():
            return f"is {shown(value)}: it has letters that cannot be shown"
        if not READ.is_in(value):
            return ""
        return f"is {shown(value)}: it has a secret of the configuration in it"

    return check


def word(kind: type[Enum]) -> Check:
    """Make the check of a member of an enumeration; an object of its class alone is none."""
    members = frozenset(map(id, kind))

    def check(value: object) -> str:
        return "" if id(value) in members else f"is {shown(value)}, not a {kind.__name__}"

    return told(check, "{id}({v}) in {members}", id=id, members=members)


def is_bool(value: object) -> str:
    """Check a truth value."""
    return "" if type(value) is bool else f"is {shown(value)} ({type(value).__name__}), not a bool"


told(is_bool, "type({v}) is {bool}", bool=bool)


def moment(value: object) -> str:
    """Check a time: a `datetime` in UTC between 1990 and 2200."""
    if type(value) is not datetime:
        return f"is {shown(value)} ({type(value).__name__}), not a datetime"
    zone = value.tzinfo
    if zone is None:
        return f"is {value.isoformat()}: it has no time zone"
    if zone is UTC and EARLIEST.year <= value.year < LATEST.year:
        return ""
    # Another class of zone could raise, now or later; one with seasons is UTC in some only.
    if type(zone) not in (timezone, ZoneInfo) or zone.utcoffset(None) != _NO_OFFSET:
        return "is not in UTC"
    return "" if EARLIEST <= value < LATEST else f"is {value.isoformat()}: not in 1990…2199"


told(
    moment,
    "type({v}) is {datetime} and {v}.tzinfo is {UTC} and {first} <= {v}.year < {last}",
    datetime=datetime,
    UTC=UTC,
    first=EARLIEST.year,
    last=LATEST.year,
)


def optional(check: Check) -> Check:
    """Make the check of something that may be None."""
    seen = glance(check)
    return told(
        lambda value: "" if value is None else check(value),
        f"{{v}} is None or ({seen.test})",
        **seen.names,
    )
