"""What the domain types that plugins return must be like: one declared check for each.

Prices have at most 10 decimals and sizes 8, as the ledger reckons; averages, which nothing is
booked at, have as many as a venue likes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import attrs

from nof0_core.border.glance import Check, at_a_glance, told
from nof0_core.border.values import (
    ID_LETTERS,
    is_bool,
    kept_name,
    moment,
    number,
    optional,
    shown,
    text,
    whole,
    word,
)
from nof0_core.domain.account import AccountReport, VenueAccount
from nof0_core.domain.fill import Fill, FundingPayment
from nof0_core.domain.instrument import Instrument, MarginTier
from nof0_core.domain.order import OrderStatus, Side, Trigger, TriggerKind
from nof0_core.domain.order_book import BookLevel, OrderBook
from nof0_core.domain.outcome import OrderOutcome, VenueOrder
from nof0_core.domain.position import MarginMode, VenuePosition
from nof0_core.domain.snapshot import Quote

ROWS = 100_000
"""A call may return so many rows, …"""
HISTORY_ROWS = 1_000_000
"""… and one about fills or funding so many."""

PRICE = number(above=0, decimals=10)
AVERAGE = number(above=0, figures=80)
SIZE = number(least=0, decimals=8)
QUANTITY = number(decimals=8)
USD = number(decimals=18)
RATE = number(decimals=18, digits=2)
FEE = number(decimals=18, digits=4)
ID = kept_name(most=ID_LETTERS)
SYMBOL = kept_name(most=40)
REASON = text(most=10_000)
LEVERAGE = whole(least=1, most=1000)
STEPS = whole(least=0, most=18)


class Record:
    """The check of one class of records, field by field.

    `rule` is asked last: it says what is wrong with fields that do not belong together.
    """

    def __init__(
        self, kind: type[Any], rule: Callable[[Any], str] | None = None, /, **fields: Check
    ) -> None:
        """Declare the check of each field; one that is missing, or too much, is a mistake."""
        declared = {field.name for field in attrs.fields(kind)}
        if declared != fields.keys():
            message = f"{kind.__name__}: {sorted(declared ^ fields.keys())} are not as declared"
            raise TypeError(message)
        self._kind = kind
        self._rule = rule
        self._fields = tuple(fields.items())
        self._is_good = at_a_glance(fields)

    def __call__(self, value: object) -> str:
        """Say what is wrong with a value, by the name of the field; "" where nothing is."""
        if type(value) is not self._kind:
            return f"is {shown(value)}, no {self._kind.__name__}"
        if not self._is_good(value):
            return self.wrong(value)
        return "" if self._rule is None else self._rule(value)

    def wrong(self, value: object) -> str:
        """Look closely at a value of the class."""
        for name, check in self._fields:
            wrong = check(getattr(value, name, None))
            if wrong:
                return joined(name, wrong)
        return "" if self._rule is None else self._rule(value)


def joined(name: str, wrong: str) -> str:
    """Put the name of a field before what is wrong with it, or with a part of it."""
    if wrong.startswith(("is ", "has ", "are ")):
        return f"{name} {wrong}"
    return f"{name}{wrong}" if wrong.startswith("[") else f"{name}.{wrong}"


def parts(check: Check, *, most: int = ROWS) -> Check:
    """Make the check of a tuple, each part of which passes `check`: a list could change later."""
    each = rows(check, most=most)

    def check_tuple(value: object) -> str:
        return each(value) if type(value) is tuple else f"is {shown(value)}, not a tuple"

    words = "type({v}) is {tuple} and (not {v} or not {each}({v}))"
    return told(check_tuple, words, tuple=tuple, each=each)


def rows(check: Check, *, most: int = ROWS) -> Check:
    """Make the check of a tuple or list, each row of which passes `check`."""

    def check_all(value: object) -> str:
        wrong = count(value, most=most)
        if wrong:
            return wrong
        for number_, row in enumerate(value):  # type: ignore[arg-type,var-annotated]  # counted
            wrong = check(row)
            if wrong:
                return joined(f"[{number_}]", wrong)
        return ""

    return check_all


def count(value: object, *, most: int = ROWS) -> str:
    """Say what is wrong with a tuple or list apart from its rows; "" where nothing is."""
    if type(value) not in (tuple, list):
        return f"is {shown(value)}, not a tuple or list"
    size = len(value)  # type: ignore[arg-type]
    return f"has {size} rows, more than {most}" if size > most else ""


def _consistent(order: VenueOrder) -> str:
    # A size of 0 is all that is held.
    if order.size and order.filled_size > order.size:
        return f"filled_size is {order.filled_size}, more than the size {order.size}"
    return _told(order)


def _told(order: VenueOrder | OrderOutcome) -> str:
    has_traded = order.status in (OrderStatus.FILLED, OrderStatus.PARTLY_FILLED)
    if has_traded and not order.filled_size:
        return f"status is {order.status}, and filled_size 0"
    return ""


def _made_anew(value: Instrument | OrderBook) -> str:
    # What the constructor refuses may not come in past it.
    try:
        attrs.evolve(value)
    except ValueError as error:
        return f"is refused: {error}"
    return ""


def _unique(report: AccountReport) -> str:
    ids = [order.venue_order_id for order in report.orders]
    if len(set(ids)) < len(ids):
        # The same order listed twice does no harm.
        ids = [order.venue_order_id for order in dict.fromkeys(report.orders)]
    return _twice("positions", [p.symbol for p in report.positions]) or _twice("orders", ids)


def _twice(what: str, names: Collection[str]) -> str:
    if len(set(names)) == len(names):
        return ""
    seen: set[str] = set()
    name = next(n for n in names if n in seen or seen.add(n))  # type: ignore[func-returns-value]
    return f"{what} are not unique: {name} comes twice"


TRIGGER = Record(Trigger, kind=word(TriggerKind), price=PRICE, is_market=is_bool)
QUOTE = Record(
    Quote,
    symbol=SYMBOL,
    time=moment,
    mark=PRICE,
    mid=PRICE,
    oracle=PRICE,
    funding_rate=optional(RATE),
    open_interest=optional(number(least=0)),
    day_volume_usd=optional(number(least=0, digits=18)),
)
FILL = Record(
    Fill,
    trade_id=ID,
    venue_order_id=ID,
    client_id=optional(ID),
    symbol=SYMBOL,
    side=word(Side),
    price=PRICE,
    size=number(above=0, decimals=8),
    fee=USD,
    time=moment,
    is_taker=is_bool,
    is_liquidation=is_bool,
)
FUNDING = Record(
    FundingPayment, symbol=SYMBOL, time=moment, quantity=QUANTITY, rate=RATE, amount=USD
)
OUTCOME = Record(
    OrderOutcome,
    _told,
    client_id=ID,
    status=word(OrderStatus),
    venue_order_id=optional(ID),
    filled_size=SIZE,
    average_price=optional(AVERAGE),
    reason=REASON,
    fills=parts(FILL),
)
ORDER = Record(
    VenueOrder,
    _consistent,
    client_id=optional(ID),
    venue_order_id=ID,
    symbol=SYMBOL,
    side=word(Side),
    size=SIZE,
    filled_size=SIZE,
    limit_price=number(least=0, decimals=10),
    status=word(OrderStatus),
    time=moment,
    average_price=optional(AVERAGE),
    is_reduce_only=is_bool,
    trigger=optional(TRIGGER),
    reason=REASON,
)
POSITION = Record(
    VenuePosition,
    symbol=SYMBOL,
    quantity=QUANTITY,
    entry_price=AVERAGE,
    leverage=LEVERAGE,
    margin_used=number(),
    unrealized_pnl=number(),
    liquidation_price=optional(number()),
    margin_mode=word(MarginMode),
)
ACCOUNT = Record(
    VenueAccount,
    time=moment,
    equity=number(),
    raw_usd=number(),
    margin_used=number(),
    available=number(),
)
REPORT = Record(
    AccountReport,
    _unique,
    time=moment,
    account=ACCOUNT,
    positions=parts(POSITION),
    orders=parts(ORDER),
)
TIER = Record(
    MarginTier,
    lower_bound=number(least=0),
    max_leverage=LEVERAGE,
    maintenance_rate=optional(number(above=0, digits=1)),
)
INSTRUMENT = Record(
    Instrument,
    _made_anew,
    symbol=SYMBOL,
    size_decimals=whole(least=0, most=8),
    price_decimals=whole(least=0, most=10),
    price_figures=whole(least=1, most=18),
    max_leverage=LEVERAGE,
    min_notional=number(least=0),
    tiers=parts(TIER),
    taker_fee_bps=optional(FEE),
    maker_fee_bps=optional(FEE),
)
LEVEL = Record(BookLevel, price=PRICE, size=number(above=0))
BOOK = Record(
    OrderBook, _made_anew, symbol=SYMBOL, time=moment, bids=parts(LEVEL), asks=parts(LEVEL)
)


def mapping(value: object, *, most: int = ROWS) -> Mapping[object, object] | str:
    """Return what a plugin returned as a dict of its own, or what is wrong with it."""
    if isinstance(value, Mapping):
        try:
            size = len(value)
            return f"has {size} rows, more than {most}" if size > most else dict(value)
        except Exception as error:  # noqa: BLE001 - a class of the plugin's
            return f"is {shown(value)} that cannot be read ({type(error).__name__})"
    return f"is {shown(value)}, not a mapping"
