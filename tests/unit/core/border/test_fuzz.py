"""Whatever passes a check of the border, nothing behind it chokes on.

Records are made of good and hostile values alike. One that passes is compared, sorted, reckoned
with, written to a journal and read back, booked, reconciled: all the engine does with its kind.
`NOF0_FAULTS=all` makes many more of them.
"""

from __future__ import annotations

import enum
import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal as D
from decimal import localcontext
from functools import cache
from zoneinfo import ZoneInfo

import attrs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nof0_core.answers.parsing import Answer, redacted
from nof0_core.answers.sanitizing import clean, clean_call
from nof0_core.border import completions, records
from nof0_core.border.answers import sorted_out, without_secrets, wrong
from nof0_core.border.bars import checked_bars
from nof0_core.border.records import Record, mapping
from nof0_core.border.values import shown
from nof0_core.clock import SimulatedClock
from nof0_core.config.model import IndicatorConfig
from nof0_core.domain.account import AccountReport, AccountState, VenueAccount
from nof0_core.domain.candles import Candles
from nof0_core.domain.context import Performance
from nof0_core.domain.decision import Decision, Judgement, Signal
from nof0_core.domain.event import (
    AccountReported,
    CycleEnded,
    Filled,
    FundingSettled,
    OrderAnswered,
    Transferred,
)
from nof0_core.domain.fill import Fill, FundingPayment
from nof0_core.domain.growth import Growth
from nof0_core.domain.instrument import Instrument, MarginTier
from nof0_core.domain.margin import initial_margin
from nof0_core.domain.model import Completion, ModelCall, Usage, usage_of
from nof0_core.domain.order import OrderStatus, Side, Trigger, TriggerKind
from nof0_core.domain.order_book import BookLevel, OrderBook
from nof0_core.domain.outcome import OrderOutcome, VenueOrder
from nof0_core.domain.position import MarginMode, VenuePosition
from nof0_core.domain.snapshot import MarketSnapshot, Quote, Series
from nof0_core.domain.vocabulary import CallOutcome, CycleStatus, TransferReason
from nof0_core.errors import DataError, UnbookableError
from nof0_core.execution.reconciliation import Reconciliation
from nof0_core.execution.row_check import RowCheck
from nof0_core.ids import ENGINE, RESERVE, TraderId
from nof0_core.indicators.computed import Computed
from nof0_core.journal import Journal, codec
from nof0_core.ledger import share_funding
from nof0_core.market import record
from nof0_core.money import EXACT, HUNDRED, USD, ZERO, plain
from nof0_core.runtime.capital import _adopt
from nof0_core.state.durability import Durability
from nof0_core.state.engine_state import EngineState
from nof0_core.state.recorder import Recorder
from nof0_core.testing.environment import Lines

ALL = os.environ.get("NOF0_FAULTS") == "all"
fuzzed = settings(
    max_examples=2000 if ALL else 50,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
NOW = datetime(2025, 7, 14, 12, tzinfo=UTC)
ANN = TraderId("ann")


class TouchedError(BaseException):
    """A method of a foreign class was called."""


def _touched(*_, **__):
    raise TouchedError


def hostile_class(base, name):
    """Make a subclass each method of which tells that it was called."""
    methods = (
        *("eq", "ne", "lt", "le", "gt", "ge", "hash", "repr", "str", "bool", "len", "iter"),
        *("contains", "getitem", "int", "float", "index", "add", "radd", "sub", "rsub", "mul"),
        *("rmul", "mod", "rmod", "truediv", "neg", "pos", "abs", "round", "format"),
    )
    return type(base)(name, (base,), {f"__{m}__": _touched for m in methods})


OwnDecimal, OwnStr = hostile_class(D, "OwnDecimal"), hostile_class(str, "OwnStr")
OwnInt, OwnList = hostile_class(int, "OwnInt"), hostile_class(list, "OwnList")
OwnTuple, OwnFloat = hostile_class(tuple, "OwnTuple"), hostile_class(float, "OwnFloat")
OwnTime, Own = hostile_class(datetime, "OwnTime"), hostile_class(object, "Own")


class OwnZone(tzinfo):
    """A zone each method of which tells that it was called."""

    utcoffset = tzname = dst = _touched


class OwnSide(enum.StrEnum):
    """Words like those of `Side`, of another class."""

    BUY = "buy"


def nested():
    """Return a list that is its own element."""
    found = []
    found.append(found)
    return found


def unlisted(kind):
    """Return an object of an enumeration's class that is none of its members."""
    base = kind.__mro__[1]
    word = str.__new__(kind, "up") if issubclass(kind, str) else object.__new__(kind)
    assert base is not None
    return word


WHOLE = [0, 1, 2, 5, 18, 40, 1000, -1, -(10**6), 10**6, 10**12, 10**30, 10**5000, True, False]
NUMBERS = [
    *("0", "-0", "1", "-1", "0.5", "100000.5", "3E+2", "1E-8", "1E-10", "1E-18", "1E-19", "1E-60"),
    *("999999999999999", "-999999999999999", "999999999999999.9999999999", "1E+14", "1E+15"),
    *("999999999999999.99999999", "99.999999999999999999", "0E-30", "0E-60", "0E-400000", "0E+15"),
    *("0E+400000", "1E+400000", "1E-400000", "NaN", "sNaN", "-NaN", "Infinity", "-Infinity"),
    *("0." + "3" * n for n in (10, 17, 18, 30, 49, 50, 51, 60, 80)),
    *("1" * n for n in (15, 16, 49, 50, 51, 80)),
    *("1." + "0" * n for n in (8, 49, 50, 79)),
    *("1" * 15 + "." + "7" * n for n in (8, 10, 18, 35, 60)),
]
DECIMALS = [D(n) for n in NUMBERS]
TEXTS = [
    *("BTC", "ETH", "1", "a" * 32, "", " ", "\0", "a\0b", "\ud800", "x\udfff", "\x1b[2J"),
    "\u202e",
    *("a\nb", "é"),
    *("\U0001d54f" * 200, "x" * 40, "x" * 41, "x" * 201, "x" * 10_001, "x" * 1_100_000),
    *("NaN", "null", '"', "\\", "€" * 400_000),
]
ZONES = [
    *(UTC, timezone(timedelta(0)), timezone(timedelta(0), "here"), timezone(timedelta(hours=2))),
    *(timezone(timedelta(microseconds=1)), ZoneInfo("UTC"), ZoneInfo("Europe/London"), OwnZone()),
    *(ZoneInfo("America/New_York"), ZoneInfo("Africa/Casablanca"), None),
]
TIMES = [
    datetime(year, month, 15, 3, 4, 5, micro, tzinfo=zone, fold=fold)
    for year in (1, 1969, 1989, 1990, 2025, 2199, 2200, 9999)
    for month in (1, 7)
    for micro in (0, 999_999)
    for zone in ZONES
    for fold in (0, 1)
]
FOREIGN = [
    *(None, 1.5, float("nan"), float("inf"), -0.0, b"1", bytearray(b"1"), memoryview(b"1"), [], ()),
    *({}, {1}, object(), Own(), OwnDecimal(1), OwnStr("BTC"), OwnInt(1), OwnList(), OwnTuple()),
    *(OwnFloat(1), OwnTime(2025, 7, 1, tzinfo=UTC), OwnSide.BUY, Side, lambda: None, ..., 1j),
    *(nested(), (x for x in ()), iter([]), range(3), np.float64(1), np.int64(1), np.array([1.0])),
    *(unlisted(Side), unlisted(OrderStatus), unlisted(Signal), Exception("x"), type("K", (), {})),
]


def one_of(values):
    """Return a strategy of values that are not to be hashed or compared."""
    return st.integers(0, len(values) - 1).map(values.__getitem__)


ANYTHING = st.one_of(
    *(one_of(values) for values in (WHOLE, DECIMALS, TEXTS, TIMES, FOREIGN)),
    st.decimals(allow_nan=True), st.text(max_size=50), st.floats(), st.integers(), st.binary(),
)  # fmt: skip
LIKE = {
    D: one_of(DECIMALS) | st.decimals(allow_nan=True) | st.decimals(0, 10**6, places=8),
    str: one_of(TEXTS) | st.text(max_size=50),
    datetime: one_of(TIMES),
    int: one_of(WHOLE),
    float: st.floats() | st.sampled_from([0, 1, 50.5, 100, 100.0001]),
    bool: st.booleans(),
}

FILLED = Fill(
    trade_id="1", venue_order_id="7", client_id="0xa", symbol="BTC", side=Side.BUY,
    price=D("100000.5"), size=D(2), fee=D("0.01"), time=NOW,
)  # fmt: skip
TRIGGER = Trigger(kind=TriggerKind.STOP, price=D(99))
ORDER = VenueOrder(
    client_id="0xa", venue_order_id="7", symbol="BTC", side=Side.SELL, size=D(2), filled_size=D(1),
    limit_price=D(100), status=OrderStatus.PARTLY_FILLED, time=NOW, average_price=D(1) / D(3),
    trigger=TRIGGER, reason="so",
)  # fmt: skip
OUTCOME = OrderOutcome(
    client_id="0xa", status=OrderStatus.FILLED, venue_order_id="7", filled_size=D(1),
    average_price=D(3), reason="so", fills=(FILLED,),
)  # fmt: skip
POSITION = VenuePosition(
    symbol="BTC", quantity=D("-0.5"), entry_price=D(2) / D(3), leverage=5, margin_used=D(1),
    unrealized_pnl=D("-3.3"), liquidation_price=D(200_000), margin_mode=MarginMode.CROSS,
)  # fmt: skip
ACCOUNT = VenueAccount(time=NOW, equity=D(-5), raw_usd=D(9), margin_used=D(0), available=D(0))
REPORT = AccountReport(time=NOW, account=ACCOUNT, positions=(POSITION,), orders=(ORDER,))
TIER = MarginTier(lower_bound=D(0), max_leverage=40, maintenance_rate=D("0.01"))
QUOTE = Quote(
    symbol="BTC", time=NOW, mark=D(1), mid=D(1), oracle=D(1), funding_rate=D("0.0001"),
    open_interest=D(5), day_volume_usd=D(10) ** 16,
)  # fmt: skip
COIN = Instrument(
    symbol="BTC", size_decimals=5, price_decimals=1, max_leverage=40, tiers=(TIER,)
)  # fmt: skip
LEVEL = BookLevel(price=D(1), size=D(2))
BOOK = OrderBook(symbol="BTC", time=NOW, bids=(LEVEL,), asks=())
FUNDED = FundingPayment(symbol="BTC", time=NOW, quantity=D(-3), rate=D("1E-9"), amount=D(1))
DECISION = Decision(
    signal=Signal.BUY_TO_ENTER, symbol="BTC", leverage=3, position_size_usd=D(500),
    entry_price=D(1), stop_loss=D("0.9"), take_profit=D(2), risk_usd=D(5), confidence=80.5,
    invalidation_condition="x", reasoning="y",
)  # fmt: skip
USAGE = Usage(prompt_tokens=5, completion_tokens=1, cost_usd=D("0.01"))
COMPLETION = Completion(model="m", text="t", decisions=(DECISION,), usage=USAGE)
CALL = ModelCall(model="m", outcome=CallOutcome.ANSWERED, detail="x", usage=USAGE)
GOOD = {
    "TRIGGER": TRIGGER, "QUOTE": QUOTE, "FILL": FILLED, "FUNDING": FUNDED, "OUTCOME": OUTCOME,
    "ORDER": ORDER, "POSITION": POSITION, "ACCOUNT": ACCOUNT, "REPORT": REPORT, "TIER": TIER,
    "INSTRUMENT": COIN, "LEVEL": LEVEL, "BOOK": BOOK, "DECISION": DECISION, "USAGE": USAGE,
    "COMPLETION": COMPLETION, "CALL": CALL,
}  # fmt: skip
CHECKS = {
    name: check
    for module in (records, completions)
    for name, check in vars(module).items()
    if isinstance(check, Record)
}
PARTS = {type(value): name for name, value in GOOD.items()}


def built(value, changes):
    """Make a record with fields no constructor would take."""
    other = object.__new__(type(value))
    for field in attrs.fields(type(value)):
        object.__setattr__(other, field.name, changes.get(field.name, getattr(value, field.name)))
    return other


@cache
def like(kind):
    """Return a strategy of values like those of a type, good and bad ones."""
    if issubclass(kind, enum.Enum):
        return one_of([*kind, unlisted(kind)])
    return LIKE.get(kind, ANYTHING)


@st.composite
def records_of(draw, name):
    """Draw a record of which some fields are something else."""
    good = GOOD[name]
    names = [field.name for field in attrs.fields(type(good))]
    changes = {}
    for field in draw(st.lists(st.sampled_from(names), unique=True, max_size=4)):
        value = getattr(good, field)
        way = draw(st.integers(0, 9))
        if way == 0:
            changes[field] = draw(ANYTHING)
        elif isinstance(value, tuple):
            part = draw(records_of(PARTS[type(value[0])])) if value else draw(ANYTHING)
            changes[field] = draw(st.sampled_from([tuple, list]))([part] * draw(st.integers(0, 2)))
        elif type(value) in PARTS:
            changes[field] = draw(records_of(PARTS[type(value)]))
        else:
            changes[field] = draw(st.none() if way == 1 else like(type(value)))
    return built(good, changes)


def used(value):
    """Compare, sort, reckon with and show every value of a record."""
    if attrs.has(type(value)):
        assert value == attrs.evolve(value) or isinstance(value, Instrument)
        assert repr(value)
        for field in attrs.fields(type(value)):
            used(getattr(value, field.name))
    elif isinstance(value, tuple | list):
        assert sorted(map(repr, value)) is not None
        for each in value:
            used(each)
    elif isinstance(value, D):
        with localcontext(EXACT):
            assert sorted([value, D(1), D("-0.5")])
            assert abs(value * HUNDRED) <= D(10) ** 20
            assert value.quantize(USD) is not None
            assert value % D("1E-8") is not None
            assert len(plain(value)) < 100
    elif isinstance(value, datetime):
        later = value + timedelta(days=180)
        assert later - value.astimezone(UTC) == timedelta(days=180)
        assert sorted([value, NOW])
    elif isinstance(value, str):
        assert {value: sorted([value, "BTC"])}


def kept(body):
    """Write a body and read it back."""
    line = codec.Line(seq=1, time=NOW, stream="ann", type=body.type, data=body, prev="")
    assert codec.encode(line)


@pytest.fixture
def books(tmp_path):
    """A recorder with 10,000 USD of ann's on `paper`, made anew at each call."""
    number = iter(range(10**6))
    journals = []

    def make(*, is_funded=True):
        clock = SimulatedClock(NOW)
        journal = Journal.open(tmp_path / str(next(number)))
        journals.append(journal)
        recorder = Recorder(
            events=journal,
            durability=Durability.BUFFER,
            state=EngineState(),
            clock=clock,
            log=Lines(),
        )
        if is_funded:
            body = Transferred(
                venue_account="paper",
                amounts={ANN: D(10_000)},
                equities={ANN: D(0)},
                reason=TransferReason.INITIAL,
            )
            recorder.record(ANN, body)
        return recorder

    yield make
    for journal in journals:
        journal.close()


def picture(recorder):
    """Return what a refused row must leave as it is."""
    state = recorder.state
    totals = state.totals("paper")
    return (
        recorder.events.last_seq, totals.raw_usd, dict(totals.quantities),
        state.positions("paper"), state.last_fill_time("paper"),
        state.account("paper", ANN, {}, NOW, {}),
    )  # fmt: skip


def tried(recorder, stream, body):
    """Record a body, or see that a refusal has changed nothing."""
    before = picture(recorder)
    try:
        recorder.record(stream, body)
    except UnbookableError:
        assert picture(recorder) == before
    assert recorder.state.audit("paper") == ()


def test_each_record_of_the_border_is_tried():
    assert CHECKS.keys() == GOOD.keys()
    for name, check in CHECKS.items():
        assert check(GOOD[name]) == "", name


@pytest.mark.parametrize("name", GOOD)
def test_what_passes_can_be_used_and_what_does_not_is_told_in_a_line(name):
    @fuzzed
    @given(records_of(name))
    def try_it(value):
        said = CHECKS[name](value)
        assert type(said) is str
        assert len(said) < 1000
        # A glance passes nothing that a close look finds, and changes no word of it.
        assert said == CHECKS[name].wrong(value)
        if not said:
            used(value)

    try_it()


@fuzzed
@given(ANYTHING)
def test_no_check_touches_a_foreign_value(value):
    for check in CHECKS.values():
        assert check(value)
    assert len(shown(value)) < 300
    with suppress(TouchedError):
        mapping(value)


def test_fills_that_pass_are_booked_or_refused_without_a_trace(books):
    @fuzzed
    @given(st.lists(records_of("FILL"), min_size=1, max_size=4))
    def try_it(fills):
        recorder = books()
        rows = RowCheck(venue_account="paper", state=recorder.state, instruments={"BTC": COIN})
        assert not wrong("fills", fills)
        told = rows.new_fills(sorted_out("fills", fills))
        assert all(type(row.problem) is str for row in told.bad)
        for fill in sorted(told.good, key=lambda f: f.time):
            tried(recorder, ANN, Filled(trader=ANN, venue_account="paper", fill=fill))
        for fill in sorted_out("fills", fills).good:
            tried(recorder, ANN, Filled(trader=ANN, venue_account="paper", fill=fill))

    try_it()


def test_settlements_that_pass_are_booked_or_refused_without_a_trace(books):
    @fuzzed
    @given(st.lists(records_of("FUNDING"), min_size=1, max_size=3), records_of("QUOTE"))
    def try_it(payments, quote):
        recorder = books()
        recorder.record(ANN, Filled(trader=ANN, venue_account="paper", fill=FILLED))
        rows = RowCheck(venue_account="paper", state=recorder.state, instruments={"BTC": COIN})
        oracle = None if records.QUOTE(quote) else quote.oracle
        for payment in rows.new_funding(sorted_out("funding", payments)).good:
            quantities = recorder.state.quantities_at(
                "paper", payment.symbol, payment.time, payment.quantity
            )
            shares = share_funding(payment, quantities, oracle)
            body = FundingSettled(
                venue_account="paper", symbol=payment.symbol, time=payment.time, rate=payment.rate,
                amounts=shares,
            )  # fmt: skip
            tried(recorder, ENGINE, body)

    try_it()


def test_answers_to_orders_that_pass_can_be_kept(books):
    @fuzzed
    @given(records_of("OUTCOME"), records_of("ORDER"))
    def try_it(outcome, order):
        answers = []
        if not wrong("place", [outcome]):
            answers += without_secrets("place", [outcome], str)
        if not wrong("order", order):
            answers.append(without_secrets("order", order, str).outcome("0xa"))
        for answer in answers:
            assert isinstance(answer.fills, tuple)
            alone = attrs.evolve(answer, fills=())
            kept(OrderAnswered(trader=ANN, venue_account="paper", symbol="BTC", outcome=alone))

    try_it()


def test_reports_that_pass_can_be_compared_and_adopted(books):
    @fuzzed
    @given(records_of("REPORT"), records_of("QUOTE"))
    def try_it(report, quote):
        if wrong("report", report):
            return
        report = without_secrets("report", report, str)
        assert hash(report)
        kept(AccountReported(venue_account="paper", report=report))
        marks = {} if records.QUOTE(quote) else {quote.symbol: quote.mark}
        recorder = books()
        recorder.record(ANN, Filled(trader=ANN, venue_account="paper", fill=FILLED))
        both = Reconciliation(venue_account="paper", recorder=recorder)
        with localcontext(EXACT):
            both.conclude(both.differences(report, marks), report)
        empty = books(is_funded=False)
        _adopt("paper", report, empty)
        assert empty.state.audit("paper") == ()
        assert empty.state.account("paper", RESERVE, {}, NOW, {}).cash is not None

    try_it()


@fuzzed
@given(records_of("INSTRUMENT"), records_of("QUOTE"))
def test_coins_and_quotes_that_pass_can_be_reckoned_with(coin, quote):
    if not records.QUOTE(quote):
        snapshot = MarketSnapshot(symbol=quote.symbol, time=NOW, quote=quote, series={})
        again = record.restore(record.encode({quote.symbol: snapshot}))
        assert again[quote.symbol].quote == quote
    if records.INSTRUMENT(coin):
        return
    coin = attrs.evolve(coin)
    assert hash(coin)
    assert coin.maintenance_schedule
    mark = QUOTE.mark if records.QUOTE(quote) else quote.mark
    with localcontext(EXACT):
        for price in (mark, mark * D("1.05"), D("0.00001")):
            for way in ("up", "down", "nearest"):
                assert coin.round_price(price, way) >= 0
        size = coin.round_size(D(600) / mark)
        assert initial_margin(size * mark, coin.leverage_cap(size * mark), step=None) >= ZERO


@fuzzed
@given(records_of("COMPLETION"), st.lists(records_of("CALL"), max_size=2))
def test_answers_of_models_that_pass_can_be_kept(completion, calls):
    calls = tuple(clean_call(c, str) for c in completions.sorted_calls(calls)[0])
    said = clean(COMPLETION if completions.wrong_answer(completion) else completion, str)
    answer = redacted(Answer(elements=tuple(said.decisions or ())), str)
    nothing = dict.fromkeys(
        ("deposited", "cash", "equity", "realized_pnl", "unrealized_pnl", "fees", "funding"), ZERO
    )
    kept(
        CycleEnded(
            trader=ANN, cycle="c", number=1, scheduled=NOW, status=CycleStatus.OK,
            model=said.model, market="", performance=Performance(),
            account=AccountState(
                trader=ANN, time=NOW, margin_used=ZERO, growth=Growth(), **nothing
            ),
            answer=said.text, chain_of_thought=said.chain_of_thought,
            usage=usage_of(calls) + said.usage, calls=calls,
            judgements=tuple(
                Judgement(decision=one, is_approved=False) for one in answer.decisions
            ),
        )
    )  # fmt: skip


PRICES = st.sampled_from(
    [1.0, 2.0, 100.5, 1e-300, 5e-324, 1e300, 1.7e308, 0.0, -1.0, float("nan"), float("inf")]
)
WANTED = (
    IndicatorConfig(name="ema3", function="EMA", parameters={"timeperiod": 3}),
    IndicatorConfig(name="macd", function="MACD"),
    IndicatorConfig(name="rsi7", function="RSI", parameters={"timeperiod": 7}),
    IndicatorConfig(name="atr3", function="ATR", parameters={"timeperiod": 3}),
    IndicatorConfig(name="sma3", function="SMA", parameters={"timeperiod": 3}),
)
BARS = st.lists(st.tuples(st.integers(0, 3), PRICES, PRICES, PRICES, PRICES, PRICES), max_size=80)


@fuzzed
@given(BARS, st.sampled_from(["float64", "float32", "int64", "object", "list", "two"]))
def test_bars_that_pass_can_be_reckoned_with(bars, form):
    times = [60_000 * (at + min(step, 1) - 1) for at, (step, *_) in enumerate(bars, 1)]
    columns = [np.array([bar[at] for bar in bars], dtype=np.float64) for at in range(1, 6)]
    if form == "list":
        columns[0] = columns[0].tolist()
    elif form == "two":
        columns[0] = np.stack([columns[0]] * 2)
    else:
        with np.errstate(all="ignore"):
            columns[0] = columns[0].astype(form)
    candles = object.__new__(Candles)
    names = ("interval", "open_time", "open", "high", "low", "close", "volume")
    values = ("1m", np.array(times, dtype=np.int64), *columns)
    for name, value in zip(names, values, strict=True):
        object.__setattr__(candles, name, value)
    try:
        found = checked_bars("m", "BTC", "1m", candles)
    except DataError:
        return
    computed = Computed(found).of(WANTED)
    assert all(len(each) == len(found) for each in computed.values())
    assert not any(np.isinf(each).any() for each in computed.values())
    record.encode_series(Series(interval="1m", candles=found, indicators=computed))
