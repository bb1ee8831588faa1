"""Whatever a plugin returns: what passes the border harms nobody behind it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal as D
from inspect import getclosurevars
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nof0_core.border import records, values
from nof0_core.border.records import (
    BOOK,
    FILL,
    FUNDING,
    INSTRUMENT,
    ORDER,
    OUTCOME,
    POSITION,
    QUOTE,
    REPORT,
    Record,
    mapping,
    rows,
)
from nof0_core.border.values import REMEMBERED, SHOWN, kept_name, moment, number, shown, text
from nof0_core.domain.account import AccountReport, VenueAccount
from nof0_core.domain.fill import Fill, FundingPayment
from nof0_core.domain.instrument import Instrument, MarginTier
from nof0_core.domain.order import OrderStatus, Side, Trigger, TriggerKind
from nof0_core.domain.order_book import BookLevel, OrderBook
from nof0_core.domain.outcome import OrderOutcome, VenueOrder
from nof0_core.domain.position import VenuePosition
from nof0_core.domain.snapshot import Quote
from nof0_core.redaction import ReadValues

NOW = datetime(2025, 7, 14, 12, tzinfo=UTC)
GOOD_FILL = Fill(
    trade_id="1", venue_order_id="7", client_id="0x" + "a" * 32, symbol="BTC", side=Side.BUY,
    price=D("100000.5"), size=D("0.00000001"), fee=D("-0.0123456789"), time=NOW,
)  # fmt: skip
GOOD_ORDER = VenueOrder(
    client_id=None, venue_order_id="7", symbol="BTC", side=Side.SELL, size=D(2), filled_size=D(1),
    limit_price=D("1E+2"), status=OrderStatus.PARTLY_FILLED, time=NOW,
    average_price=D(1) / D(3), trigger=Trigger(kind=TriggerKind.STOP, price=D(99)),
)  # fmt: skip
GOOD_POSITION = VenuePosition(
    symbol="BTC", quantity=D("-0.5"), entry_price=D(2) / D(3), leverage=5, margin_used=D(1),
    unrealized_pnl=D("-3.3"), liquidation_price=D(200_000),
)  # fmt: skip
GOOD_REPORT = AccountReport(
    time=NOW,
    account=VenueAccount(time=NOW, equity=D(-5), raw_usd=D(-9), margin_used=D(0), available=D(0)),
    positions=(GOOD_POSITION,),
    orders=(GOOD_ORDER,),
)
GOOD = [
    (QUOTE, Quote(symbol="BTC", time=NOW, mark=D(1), mid=D("1.1"), oracle=D("0.9"),
                  funding_rate=D("-0.0000125"), open_interest=D(0))),
    (FILL, GOOD_FILL),
    (FUNDING, FundingPayment(symbol="BTC", time=NOW, quantity=D(-3), rate=D("1E-9"), amount=D(0))),
    (OUTCOME, OrderOutcome(client_id="a", status=OrderStatus.FILLED, filled_size=D(1),
                           fills=(GOOD_FILL,))),
    (ORDER, GOOD_ORDER),
    (POSITION, GOOD_POSITION),
    (REPORT, GOOD_REPORT),
    (INSTRUMENT, Instrument(symbol="BTC", size_decimals=5, price_decimals=1, max_leverage=40,
                            tiers=(MarginTier(lower_bound=D(0), max_leverage=40),))),
    (BOOK, OrderBook(symbol="BTC", time=NOW, bids=(BookLevel(price=D(1), size=D(2)),), asks=())),
]  # fmt: skip


class Clever(D):
    """A number of a plugin's own class."""

    def __lt__(self, other):
        raise RuntimeError

    __le__ = __gt__ = __ge__ = __lt__


class Stubborn:
    def __eq__(self, other):
        raise RuntimeError

    __hash__ = None

    def __repr__(self):
        raise RuntimeError


class Nowhere(tzinfo):
    def utcoffset(self, _):
        raise RuntimeError


class Word(str):
    __slots__ = ()


class Later(datetime):
    """As libraries for tables make them, their missing value included."""


HOSTILE = [
    None, True, 1, 1.5, math.nan, math.inf, "1", "NaN", b"1", (), [], {}, {1}, object(), Stubborn(),
    Clever(1), D("NaN"), D("sNaN"), D("-Infinity"), D("1E+400"), D("0E+999999"), D("1E-400"),
    D("1" + "0" * 30), D("0." + "3" * 60), D(-1), D(0), Word("BTC"), "a\0b", "\ud800", "",
    "x" * 2_000_000, Later(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 1), date(2025, 1, 1),  # noqa: DTZ001
    datetime(2025, 1, 1, tzinfo=Nowhere()),
    datetime(2025, 1, 1, tzinfo=timezone(timedelta(hours=2))),
    datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), 10**5000, iter(()),
    (x for x in ()), Side.BUY, OrderStatus.UNKNOWN, TriggerKind, Side, lambda: None, ..., GOOD_FILL,
]  # fmt: skip


def built(value, **changes):
    """Make a record with fields that its own checks would not let pass."""
    other = object.__new__(type(value))
    for field in attrs.fields(type(value)):
        object.__setattr__(other, field.name, changes.get(field.name, getattr(value, field.name)))
    return other


def used(value):
    """Do with a record what is done behind the border: reckon, compare, sort, write."""
    for field in attrs.fields(type(value)):
        part = getattr(value, field.name)
        if attrs.has(type(part)):
            used(part)
        elif isinstance(part, tuple | list):
            for each in part:
                used(each)
            assert sorted(map(str, part)) is not None
        elif isinstance(part, D):
            assert part.is_finite()
            assert len(format(part, "f")) < 90
            assert D(10) ** 16 > abs(part) * 1 >= 0
            assert sorted([part, D(1)])
            assert json.dumps(str(part))
        elif isinstance(part, datetime):
            assert abs(part - NOW) < timedelta(days=100_000)
            assert part.timestamp() > 0
        elif isinstance(part, str):
            assert json.dumps(part, ensure_ascii=False).encode()
            assert "\0" not in part
        else:
            assert part is None or isinstance(part, bool) or 0 <= part <= 1000
    assert value == attrs.evolve(value)
    assert repr(value)


@pytest.mark.parametrize(("check", "value"), GOOD, ids=lambda v: type(v).__name__)
def test_good_records_pass(check, value):
    assert check(value) == ""
    used(value)


@pytest.mark.parametrize(("check", "value"), GOOD, ids=lambda v: type(v).__name__)
def test_no_hostile_value_passes_in_any_field(check, value):
    for field in attrs.fields(type(value)):
        for hostile in HOSTILE:
            changed = built(value, **{field.name: hostile})
            said = check(changed)
            if said:
                assert said.startswith(field.name) or "filled_size" in said, said
                assert len(said) < 2 * SHOWN + 100
            else:
                used(changed)


@pytest.mark.parametrize(("check", "value"), GOOD, ids=lambda v: type(v).__name__)
def test_nothing_but_the_record_itself_passes(check, value):
    for hostile in HOSTILE:
        if type(hostile) is not type(value):
            assert check(hostile).startswith("is ")


def test_a_record_of_a_subclass_is_refused():
    @attrs.frozen(kw_only=True)
    class Own(Fill):
        note: str = ""

    own = Own(**attrs.asdict(GOOD_FILL))
    assert FILL(own) == "is a Own, no Fill"


@settings(max_examples=300, deadline=None)
@given(st.decimals(allow_nan=True, allow_infinity=True) | st.floats() | st.text() | st.integers())
def test_prices_that_pass_fit_the_ledger(value):
    changed = built(GOOD_FILL, price=value, size=value)
    if not FILL(changed):
        assert value > 0
        assert value == value.quantize(D("1E-8"))
        used(changed)


def test_what_is_wrong_is_told_by_the_name_of_the_part():
    bad = built(GOOD_POSITION, quantity=D("NaN"))
    assert REPORT(built(GOOD_REPORT, positions=(GOOD_POSITION, bad))) == (
        "positions[1].quantity is NaN"
    )
    assert REPORT(built(GOOD_REPORT, account=None)) == "account is None, no VenueAccount"
    account = built(GOOD_REPORT.account, equity=1.5)
    assert REPORT(built(GOOD_REPORT, account=account)) == (
        "account.equity is 1.5 (float), not a Decimal"
    )
    trigger = built(GOOD_ORDER.trigger, price=D(-2))
    order = built(GOOD_ORDER, trigger=trigger)
    assert REPORT(built(GOOD_REPORT, orders=(order,))) == (
        "orders[0].trigger.price is -2, not above 0"
    )


def test_parts_that_contradict_each_other_are_refused():
    twice = built(GOOD_REPORT, positions=(GOOD_POSITION, GOOD_POSITION))
    assert REPORT(twice) == "positions are not unique: BTC comes twice"
    assert REPORT(built(GOOD_REPORT, orders=(GOOD_ORDER, GOOD_ORDER))) == ""
    other = built(GOOD_ORDER, size=D(9))
    twice = built(GOOD_REPORT, orders=(GOOD_ORDER, other))
    assert REPORT(twice) == "orders are not unique: 7 comes twice"
    assert "more than the size" in ORDER(built(GOOD_ORDER, filled_size=D(3)))
    assert "filled_size 0" in ORDER(built(GOOD_ORDER, filled_size=D(0)))


def test_rows_are_counted_before_they_are_read():
    assert rows(FILL, most=2)((GOOD_FILL,) * 3) == "has 3 rows, more than 2"
    assert rows(FILL)(iter(())) == "is a tuple_iterator, not a tuple or list"


def test_a_mapping_is_read_once_and_may_fail():
    class Broken(Mapping):
        def __getitem__(self, _):
            raise RuntimeError

        def __iter__(self):
            return iter("a")

        def __len__(self):
            return 1

    assert mapping({"a": 1}) == {"a": 1}
    assert mapping([1]) == "is a list, not a mapping"
    assert mapping({1: 1, 2: 2}, most=1) == "has 2 rows, more than 1"
    assert mapping(Broken()) == "is a Broken that cannot be read (RuntimeError)"


def test_every_field_of_a_record_has_a_check():
    with pytest.raises(TypeError, match=r"Fill: \['client_id'.* are not as declared"):
        Record(Fill, price=records.PRICE)


def test_zones_that_mean_utc_pass():
    for zone in (UTC, timezone(timedelta(0)), ZoneInfo("UTC")):
        assert moment(datetime(2025, 1, 1, tzinfo=zone)) == ""


def test_a_number_may_have_zeros_behind_its_last_decimal():
    assert number(decimals=2)(D("1.10000000000000000000")) == ""
    assert number(decimals=2)(D("0E-30")) == ""
    assert number(decimals=18)(D("123456789012345." + "1" * 18)) == ""
    assert number(decimals=2)(D("1.101")) == "is 1.101: more than 2 decimals"


def test_what_is_shown_of_a_value_is_short_and_never_a_foreign_text():
    assert shown(Stubborn()) == "a Stubborn"
    assert len(shown("x" * 10_000)) <= SHOWN + 3
    assert shown(10**5000) == "a int"
    assert text(most=5)("x" * 6) == "has 6 letters, more than 5"


def test_a_zone_that_is_utc_in_winter_only_is_refused():
    assert moment(datetime(2025, 1, 1, tzinfo=ZoneInfo("Europe/London"))) == "is not in UTC"


def test_an_object_of_an_enumerations_class_that_is_no_member_is_refused():
    assert "not a Side" in FILL(built(GOOD_FILL, side=str.__new__(Side, "up")))


def test_a_name_that_cannot_be_shown_or_has_a_secret_in_it_is_refused(monkeypatch):
    assert "cannot be shown" in FILL(built(GOOD_FILL, symbol="BTC\x1b[2J"))
    read = ReadValues()
    read.add_secrets(["0123456789abcdef", "short"])
    monkeypatch.setattr(values, "READ", read)
    said = FILL(built(GOOD_FILL, trade_id="x0123456789abcdefx"))
    assert "has a secret" in said
    assert "0123456789abcdef" not in said
    assert FILL(built(GOOD_FILL, trade_id="a short one")) == ""


def test_a_name_that_passed_is_refused_once_it_is_a_secret(monkeypatch):
    read = ReadValues()
    monkeypatch.setattr(values, "READ", read)
    assert FILL(built(GOOD_FILL, trade_id="0123456789abcdef")) == ""
    read.add_secrets(["0123456789abcdef"])
    assert "has a secret" in FILL(built(GOOD_FILL, trade_id="0123456789abcdef"))


@pytest.mark.parametrize("bad", ["1.00000000000", "1E-70", "-0E-70"])
def test_a_number_is_not_known_by_an_equal_one_that_passed(bad):
    whole = "0" if D(bad) == 0 else "1"
    check = number(least=0, decimals=10, figures=11)
    assert check(D(whole)) == ""
    assert check(D(bad)) == number(least=0, decimals=10, figures=11)(D(bad))


def test_good_names_are_remembered_within_bounds():
    check = kept_name(most=40)
    for value in range(3 * REMEMBERED):
        assert check(f"name {value}") == ""
    assert 0 < len(getclosurevars(check).nonlocals["good"]) <= REMEMBERED


def test_a_secret_that_would_be_cut_is_not_shown(monkeypatch):
    read = ReadValues()
    read.add_secrets(["0123456789abcdef"])
    monkeypatch.setattr(values, "READ", read)
    assert "01234" not in shown("x" * (SHOWN - 5) + "0123456789abcdef")
