"""What cannot be applied never enters the journal."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs
import pytest

from nof0_core.clock import SimulatedClock
from nof0_core.domain.brakes import Brake
from nof0_core.domain.event import (
    Alerted,
    BrakeTripped,
    Filled,
    FundingSettled,
    OrderAnswered,
    Transferred,
)
from nof0_core.domain.fill import Fill
from nof0_core.domain.order import OrderStatus, Side
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.domain.vocabulary import TransferReason
from nof0_core.errors import UnbookableError
from nof0_core.ids import ENGINE
from nof0_core.journal import Journal, verify
from nof0_core.state.durability import Durability
from nof0_core.state.engine_state import EngineState
from nof0_core.state.recorder import Recorder
from nof0_core.testing.environment import Lines

D = Decimal
START = datetime(2025, 7, 23, tzinfo=UTC)
FILL = Fill(
    trade_id="1",
    venue_order_id="2",
    client_id=None,
    symbol="BTC",
    side=Side.BUY,
    price=D(100_000),
    size=D("0.1"),
    fee=D("1.5"),
    time=START,
)


def filled(**changes):
    fill = attrs.evolve(FILL, **changes)
    return Filled(trader="ann", venue_account="paper", fill=fill)


def transferred(amount, trader="ann", venue_account="paper"):
    return Transferred(
        venue_account=venue_account,
        amounts={trader: amount},
        equities={trader: D(0)},
        reason=TransferReason.INITIAL,
    )


def funding(amount, **changes):
    terms = {"venue_account": "paper", "symbol": "BTC", "time": START, "rate": D("0.0001")}
    return FundingSettled(**(terms | changes), amounts={"ann": amount})


class Desk:
    """A recorder over a journal on disk, and the same again from what stands there."""

    def __init__(self, root):
        self.root = root
        self.journal = Journal.open(root)
        self.clock = SimulatedClock(START)
        self.recorder = Recorder(
            events=self.journal,
            durability=Durability.BUFFER,
            state=EngineState(),
            clock=self.clock,
            log=Lines(),
        )
        self.heard = []
        self.recorder.listeners.append(self.heard.append)
        self.recorder.record("ann", transferred(D(1000)))

    def rebuilt(self):
        self.journal.flush()
        state = EngineState()
        for event in self.journal.read():
            state.apply(event)
        return state


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path / "journal")
    yield desk
    desk.journal.close()


def test_who_wants_some_kinds_is_told_of_no_others(desk):
    some = []
    desk.recorder.listen(some.append, Alerted, FundingSettled)
    desk.recorder.record("ann", transferred(D(1)))
    desk.recorder.alert("code", "message")
    with pytest.raises(UnbookableError):
        desk.recorder.record(ENGINE, Alerted(code="code", message="\ud800"))
    assert [event.body for event in some] == [Alerted(code="code", message="message")]
    assert desk.heard[-1] is some[-1]


IMPOSSIBLE = [
    pytest.param(filled(price=D(0)), id="price of nothing"),
    pytest.param(filled(size=D(-1)), id="negative size"),
    pytest.param(filled(fee=D("NaN")), id="fee is no number"),
    pytest.param(filled(price=D("1." + 51 * "3")), id="52 digits"),
    pytest.param(filled(price=100_000.5), id="price is a float"),
    pytest.param(filled(size="0.1"), id="size is text"),
    pytest.param(filled(side="up"), id="a side nobody knows"),
    pytest.param(filled(trade_id=17), id="an id that is a number"),
    pytest.param(filled(symbol=None), id="no symbol"),
    pytest.param(filled(is_taker=1), id="a number for a truth value"),
    pytest.param(filled(time=START.replace(tzinfo=None)), id="no time zone"),
    pytest.param(filled(time=datetime.min.replace(tzinfo=UTC)), id="the first of all moments"),
    pytest.param(filled(trade_id="half \ud800"), id="half a character"),
    pytest.param(
        attrs.evolve(filled(size=D("0.1")), whole=D("Infinity")), id="part of infinitely much"
    ),
    pytest.param(transferred(D("Infinity")), id="endless capital"),
    pytest.param(transferred(D("1E-60")), id="too fine an amount"),
    pytest.param(transferred(5.5), id="amount is a float"),
    pytest.param(transferred(D(5), venue_account="live"), id="account is elsewhere"),
    pytest.param(funding(D("NaN")), id="funding is no number"),
    pytest.param(funding(D(1), symbol=7), id="funding of a number"),
    pytest.param(
        BrakeTripped(
            brake=Brake.SHARPE_PAUSE, message="", trader="ann", numbers={"trades": D("Infinity")}
        ),
        id="endless trades",
    ),
]


@pytest.mark.parametrize("body", IMPOSSIBLE)
def test_the_impossible_is_refused_before_it_is_written_numbered_or_booked(desk, picture_of, body):
    before, heard = picture_of(desk.recorder.state, ["ann", "bob"]), len(desk.heard)
    with pytest.raises(UnbookableError):
        desk.recorder.record("ann", body)
    assert picture_of(desk.recorder.state, ["ann", "bob"]) == before
    assert (desk.journal.last_seq, len(desk.heard)) == (1, heard)
    assert desk.recorder.record("ann", filled()).seq == 2
    assert picture_of(desk.rebuilt(), ["ann", "bob"]) == picture_of(
        desk.recorder.state, ["ann", "bob"]
    )
    assert verify(desk.root).ok


def test_a_refused_fill_gives_its_trader_no_home(desk):
    with pytest.raises(UnbookableError):
        desk.recorder.record(
            "bob", Filled(trader="bob", venue_account="live", fill=attrs.evolve(FILL, price=D(0)))
        )
    assert desk.recorder.state.venue_account_of("bob") is None
    desk.recorder.record("bob", transferred(D(5), "bob"))
    assert desk.recorder.state.venue_account_of("bob") == "paper"


def test_an_answer_nobody_can_reckon_with_leaves_the_order_as_it_was(desk, script):
    client_id = script.intend("ann", "BTC", "0.1")
    desk.recorder.record("ann", script.events[-1].body)
    outcome = OrderOutcome(client_id=client_id, status=OrderStatus.FILLED, filled_size=D("NaN"))
    with pytest.raises(UnbookableError, match="order_answered"):
        desk.recorder.record(
            "ann",
            OrderAnswered(trader="ann", venue_account="paper", symbol="BTC", outcome=outcome),
        )
    assert desk.recorder.state.order(client_id).outcome is None


VALUES = [
    D(0), D(1), D("-0.5"), D("0.1"), D("NaN"), D("sNaN"), D("Infinity"), D("1E+48"), D("1E-48"),
    D("3." + 60 * "1"), 0, 1.5, True, None, "", "0.1", "BTC", [], {}, START,
    datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC), "\ud800",
]  # fmt: skip
FIELDS = [field.name for field in attrs.fields(Fill)]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_recorded_can_be_rebuilt(desk, picture_of, seed):
    rng = random.Random(seed)
    for number in range(60):
        desk.clock._now = START + timedelta(minutes=number)
        good = {"trade_id": str(number), "side": rng.choice(list(Side)), "time": desk.clock.now()}
        bad = {name: rng.choice(VALUES) for name in rng.sample(FIELDS, rng.choice((0, 1, 1, 2)))}
        body = rng.choice(
            [
                filled(**(good | bad)),
                funding(rng.choice(VALUES), time=rng.choice((desk.clock.now(), *VALUES))),
                transferred(rng.choice(VALUES)),
                Alerted(code="test", message=rng.choice(VALUES)),
            ]
        )
        try:
            desk.recorder.record(rng.choice(("ann", ENGINE)), body)
        except UnbookableError:
            continue
    assert desk.journal.last_seq > 5
    assert picture_of(desk.rebuilt(), ["ann"], prices={}) == picture_of(
        desk.recorder.state, ["ann"], prices={}
    )
