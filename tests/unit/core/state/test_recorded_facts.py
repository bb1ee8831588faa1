"""What the journal has already of configuration, instruments and accounts outlives a dump."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.domain.account import AccountReport, VenueAccount
from nof0_core.domain.event import AccountReported, Alerted, ConfigLoaded, Event, InstrumentsListed
from nof0_core.domain.instrument import Instrument, MarginTier
from nof0_core.domain.order import OrderStatus, Side, Trigger, TriggerKind
from nof0_core.domain.outcome import VenueOrder
from nof0_core.domain.position import MarginMode, VenuePosition
from nof0_core.ids import ENGINE
from nof0_core.state.dispatch import Dispatch
from nof0_core.state.recorded_facts import RecordedFacts

START = datetime(2025, 7, 23, tzinfo=UTC)
NAMES = st.sampled_from(["a", "b", "ü"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
AMOUNTS = st.decimals(-(10**9), 10**9, places=8)
TIMES = st.datetimes(timezones=st.just(UTC))
INSTRUMENTS = st.builds(
    Instrument,
    symbol=NAMES,
    size_decimals=st.integers(0, 8),
    price_decimals=st.integers(0, 8),
    max_leverage=st.just(50),
    min_notional=AMOUNTS,
    tiers=st.sampled_from([(), (MarginTier(lower_bound=D(0), max_leverage=50),)]),
)
POSITIONS = st.builds(
    VenuePosition,
    symbol=NAMES, quantity=AMOUNTS, entry_price=AMOUNTS, leverage=st.integers(1, 50),
    margin_used=AMOUNTS, unrealized_pnl=AMOUNTS, liquidation_price=st.none() | AMOUNTS,
    margin_mode=st.sampled_from(MarginMode),
)  # fmt: skip
ORDERS = st.builds(
    VenueOrder,
    client_id=st.none() | TEXTS, venue_order_id=TEXTS, symbol=NAMES, side=st.sampled_from(Side),
    size=AMOUNTS, filled_size=AMOUNTS, limit_price=AMOUNTS, status=st.sampled_from(OrderStatus),
    time=TIMES,
    trigger=st.none() | st.builds(Trigger, kind=st.sampled_from(TriggerKind), price=AMOUNTS),
)  # fmt: skip
REPORTS = st.builds(
    AccountReport,
    time=TIMES,
    account=st.builds(
        VenueAccount,
        time=TIMES, equity=AMOUNTS, raw_usd=AMOUNTS, margin_used=AMOUNTS, available=AMOUNTS,
    ),
    positions=st.lists(POSITIONS, max_size=2).map(tuple),
    orders=st.lists(ORDERS, max_size=2).map(tuple),
)  # fmt: skip
BODIES = st.one_of(
    st.builds(ConfigLoaded, digest=TEXTS, config=st.just({"Seed": 1}), templates=st.just(())),
    st.builds(
        InstrumentsListed,
        section=NAMES,
        instruments=st.dictionaries(NAMES, INSTRUMENTS, max_size=2),
    ),
    st.builds(AccountReported, venue_account=NAMES, report=REPORTS),
    st.just(Alerted(code="other", message="of another kind")),
)


def told(facts, bodies):
    for number, body in enumerate(bodies, 1):
        time = START + timedelta(minutes=number)
        Dispatch([facts]).prepare(Event(seq=number, time=time, stream=ENGINE, body=body))()
    return facts


def known(facts):
    return (
        facts.config_digest,
        {name: facts.instruments(name) for name in ("a", "b", "ü")},
        {name: facts.account(name) for name in ("a", "b", "ü")},
    )


@given(st.lists(BODIES, max_size=6), st.lists(BODIES, max_size=2))
def test_a_dump_that_is_loaded_knows_the_same_and_goes_on_the_same(before, after):
    one, other = told(RecordedFacts(), before), RecordedFacts()
    other.load(one.dump())
    assert known(other) == known(one)
    assert other.dump() == one.dump()
    assert known(told(other, after)) == known(told(one, after))


@given(st.lists(BODIES, min_size=1, max_size=6))
def test_the_newest_counts(bodies):
    facts = told(RecordedFacts(), bodies)
    digests = [body.digest for body in bodies if isinstance(body, ConfigLoaded)]
    assert facts.config_digest == (digests[-1] if digests else "")
    for place, body in enumerate(bodies, 1):
        if isinstance(body, AccountReported):
            last = facts.account(body.venue_account)
            assert last.time >= START + timedelta(minutes=place)
    for body in bodies:
        if isinstance(body, InstrumentsListed):
            assert all(hash(i) for i in facts.instruments(body.section).values())


def test_preparing_changes_nothing_yet():
    facts = RecordedFacts()
    body = ConfigLoaded(digest="d", config={}, templates=())
    change = Dispatch([facts]).prepare(Event(seq=1, time=START, stream=ENGINE, body=body))
    assert facts.config_digest == ""
    change()
    assert facts.config_digest == "d"


@pytest.mark.parametrize("data", [b"", b"{", b"{}", b'{"config_digest":1}', b"\xff"])
def test_what_is_no_dump_is_refused_and_changes_nothing(data):
    facts = RecordedFacts()
    facts.config_digest = "d"
    with pytest.raises(ValueError, match="no dump"):
        facts.load(data)
    assert facts.config_digest == "d"
