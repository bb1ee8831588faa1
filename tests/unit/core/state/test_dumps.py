"""What a projection dumps is all it remembers: loaded, it goes on as if nothing had happened."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal

import attrs
import pytest

from nof0_core.domain.brakes import Brake
from nof0_core.domain.event import (
    BrakeReleased,
    BrakeTripped,
    CallsLost,
    CoinRested,
    ControlAnswered,
    Decided,
    Drift,
    EngineStarted,
    HourMarked,
    Offset,
    Rebalanced,
    Reconciled,
)
from nof0_core.domain.model import ModelCall, Usage
from nof0_core.domain.position import ProtectionMode
from nof0_core.domain.vocabulary import (
    CallOutcome,
    ClockKind,
    ControlCommand,
    ControlOutcome,
    DriftKind,
    ExitReason,
)
from nof0_core.ids import RESERVE, UNASSIGNED
from nof0_core.ledger.account import KNOWN
from nof0_core.state import order_register
from nof0_core.state.engine_state import EngineState
from nof0_core.testing.events import sample_events

D = Decimal
TRADERS = ["ann", "bob", RESERVE, UNASSIGNED]
COINS = {"BTC": "118000", "ETH": "3700", "DOGE": "0.24"}


class Storyteller:
    """Tells a script whatever comes to its mind, by a seed; days pass between some events."""

    def __init__(self, script, seed):
        self.script = script
        self.random = random.Random(seed)
        self.late = timedelta(0)
        self.open = []
        self.undecided = {}
        for trader in ("ann", "bob", RESERVE):
            script.transfer(trader, "5000")

    def go_on(self, steps):
        acts = [
            self.trade, self.trade, self.order, self.answer, self.hour, self.cycle, self.decided,
            self.fund, self.transfer, self.brake, self.control, self.lost, self.rest, self.engine,
            self.offset, self.plan, self.pass_time, self.part,
        ]  # fmt: skip
        for _ in range(steps):
            self.random.choice(acts)()

    def who(self):
        return self.random.choice(["ann", "bob"])

    def coin(self):
        return self.random.choice(list(COINS))

    def trade(self):
        trader, coin = self.who(), self.coin()
        held = self.script.ledger.position(trader, coin)
        size = D(self.random.choice(["0.3", "-0.2", "0.07"]))
        if held is not None and self.random.random() < 0.5:
            size = -held.quantity
        terms = {"leverage": self.random.randint(1, 9), "confidence": self.random.random() * 100}
        client_id = self.script.trade(trader, coin, str(size), COINS[coin], "0.5", **terms)
        if self.random.random() < 0.8:
            filled = {"filled_size": abs(size), "average_price": D(COINS[coin])}
            self.script.answer(trader, coin, client_id, "filled", venue_order_id="7", **filled)

    def order(self):
        trader, coin = self.who(), self.coin()
        purpose = self.random.choice(["open", "stop", "target"])
        self.open.append((trader, coin, self.script.intend(trader, coin, "0.1", purpose=purpose)))

    def answer(self):
        if self.open:
            trader, coin, client_id = self.random.choice(self.open)
            status = self.random.choice(["resting", "unknown", "canceled", "filled", "rejected"])
            size = D("0.1") if status == "filled" else D(0)
            self.script.answer(trader, coin, client_id, status, filled_size=size)

    def part(self):
        self.script.fill(UNASSIGNED, "BTC", "0.1", "118000", trade_id=len(self.script.events))

    def account(self, trader):
        return self.script.account(trader, **COINS)

    def hour(self):
        self.script.tell(HourMarked(accounts=(self.account("ann"), self.account("bob"))))

    def calls(self):
        usage = Usage(prompt_tokens=self.random.randint(1, 99), cost_usd=D("0.01"))
        return (ModelCall(model="gpt", outcome=CallOutcome.ANSWERED, usage=usage),)

    def cycle(self):
        trader = self.who()
        more = {"calls": self.calls(), "status": self.random.choice(["ok", "invalid_output"])}
        if trader in self.undecided:
            more |= {"decided": self.undecided.pop(trader)}
        self.script.tell(self.script.ended(self.account(trader), error="why", **more))

    def decided(self):
        trader = self.who()
        whole = self.script.ended(self.account(trader), calls=self.calls())
        said = {field.name: getattr(whole, field.name) for field in attrs.fields(Decided)}
        self.script.tell(Decided(**said))
        self.undecided[trader] = self.script.events[-1].seq

    def lost(self):
        began = self.script.now - timedelta(days=self.random.choice([0, 2]))
        self.script.tell(CallsLost(trader=self.who(), began=began, calls=self.calls()))

    def fund(self):
        self.script.fund(self.who(), self.coin(), "-0.25")

    def transfer(self):
        self.script.transfer(self.who(), "10", "rebalance", **COINS)

    def brake(self):
        trader = self.random.choice(["ann", "bob", None])
        brake = (
            Brake.HALT if trader is None else self.random.choice([Brake.PAUSED, Brake.MAX_DRAWDOWN])
        )
        body = BrakeTripped(brake=brake, message="m", trader=trader)
        if self.random.random() < 0.5:
            body = BrakeReleased(brake=brake, reason="r", trader=trader)
        self.script.tell(body)

    def control(self):
        self.script.tell(
            ControlAnswered(
                request=f"r{len(self.script.events)}",
                command=ControlCommand.PAUSE,
                trader="ann",
                symbol=None,
                outcome=ControlOutcome.DONE,
                message="",
            )
        )

    def rest(self):
        now = self.script.now
        self.script.tell(
            CoinRested(trader=self.who(), symbol=self.coin(), until=now, count=1, reason="r")
        )

    def engine(self):
        bodies = [
            EngineStarted(
                version="1", config_digest="d", clock=ClockKind.SYSTEM, seed=1, traders=("ann",)
            ),
            Rebalanced(strategy="equal", before={"ann": D(40)}, after={"ann": D(50)}),
            Reconciled(
                venue_account="paper",
                drift=(Drift(what=DriftKind.CASH, symbol=None, ledger=D(1), venue=D(2)),),
            ),
        ]
        self.script.tell(self.random.choice(bodies))

    def offset(self):
        ann, bob = (self.script.ledger.position(t, "BTC") for t in ("ann", "bob"))
        if ann and bob and ann.quantity * bob.quantity < 0:
            size = min(abs(ann.quantity), abs(bob.quantity))
            size = size if ann.quantity < 0 else -size
            self.script.tell(
                Offset(
                    venue_account="paper",
                    symbol="BTC",
                    price=D(118000),
                    quantities={"ann": size, "bob": -size},
                    reason=ExitReason.FLATTEN,
                )
            )

    def plan(self):
        mode = self.random.choice(list(ProtectionMode))
        self.script.plan(self.who(), self.coin(), mode, stop_loss=D("116000.1"))

    def pass_time(self):
        self.script.late += timedelta(days=self.random.choice([0.04, 1, 8, 33]))


@pytest.fixture
def late_story(story):
    """A class of stories in which days pass between events."""

    class Late(story):
        late = timedelta(0)

        @property
        def now(self):
            return super().now + self.late

    return Late


def dumps(state):
    return {each.name: each.dump() for each in state.projections}


def loaded(state):
    again = EngineState()
    for name, data in dumps(state).items():
        next(each for each in again.projections if each.name == name).load(data)
    return again


@pytest.mark.parametrize("seed", range(25))
def test_what_was_loaded_is_equal_and_stays_so_under_further_events(late_story, picture_of, seed):
    script = late_story()
    teller = Storyteller(script, seed)
    teller.go_on(60 + seed * 6)
    cut = len(script.events)
    again = loaded(script.ledger)
    assert dumps(again) == dumps(script.ledger)
    assert picture_of(again, TRADERS) == picture_of(script.ledger, TRADERS)
    teller.go_on(120)
    for event in script.events[cut:]:
        again.apply(event)
    assert dumps(again) == dumps(script.ledger)
    assert picture_of(again, TRADERS) == picture_of(script.ledger, TRADERS)
    assert again.past("ann") == script.ledger.past("ann")
    assert again.open_decisions == script.ledger.open_decisions


@pytest.mark.parametrize("seed", range(6))
def test_what_is_remembered_of_positions_is_true_after_every_event(late_story, seed):
    script, state, kept = late_story(), EngineState(), 0
    Storyteller(script, seed).go_on(80)
    venue_account = script.venue_account
    for event in script.events:
        before = state.positions(venue_account), state.held(venue_account)
        state.apply(event)
        found = state.positions(venue_account), state.held(venue_account)
        kept += bool(found[0]) and found[0] is before[0] and found[1] is before[1]
        again = loaded(state)
        assert found == (again.positions(venue_account), again.held(venue_account))
    assert kept > 5, "nothing is remembered over an event"


def test_a_dump_depends_on_the_events_alone(late_story):
    script = late_story()
    Storyteller(script, 3).go_on(300)
    again = EngineState()
    for event in script.events:
        # Reading in between leaves nothing behind.
        again.totals("elsewhere")
        again.open_orders("elsewhere")
        again.past("nobody")
        again.apply(event)
    assert dumps(again) == dumps(script.ledger)


def test_every_projection_has_a_name_of_its_own():
    names = [each.name for each in EngineState().projections]
    assert len(set(names)) == len(names)
    assert all(each.version >= 1 for each in EngineState().projections)


def test_every_kind_of_event_a_projection_looks_at_is_taken_over_after_loading():
    state = EngineState()
    for event in sample_events():
        try:
            state.apply(event)
        except Exception:  # noqa: BLE001, S112 - samples tell no story
            continue
    assert dumps(loaded(state)) == dumps(state)


def test_an_order_leaves_once_it_was_over_for_long(late_story):
    script = late_story()
    done = script.trade("ann", "BTC", "0.1", "100000")
    script.answer("ann", "BTC", done, "filled", filled_size=D("0.1"))
    waits = script.intend("ann", "BTC", "-0.1", purpose="stop")
    script.answer("ann", "BTC", waits, "resting")
    lacks = script.intend("bob", "BTC", "0.1")
    script.answer("bob", "BTC", lacks, "filled", filled_size=D("0.1"))
    script.late = order_register.REMEMBERED - timedelta(minutes=5)
    script.intend("ann", "ETH", "1")
    assert script.ledger.order(done) is not None
    script.late += timedelta(minutes=10)
    script.intend("ann", "DOGE", "1")
    assert script.ledger.order(done) is None
    # What may still be executed, or is and was not booked, stays for as long as it takes.
    assert script.ledger.order(waits) is not None
    assert [order.client_id for order in script.ledger.unbooked("paper")] == [lacks]


def test_a_fill_of_long_ago_counts_as_booked_unless_its_order_lacks_one(late_story):
    script = late_story()
    script.fill("ann", "BTC", "0.1", "100000", trade_id=1)
    old = script.events[-1].body.fill
    lacks = script.intend("bob", "BTC", "0.1")
    script.answer("bob", "BTC", lacks, "filled", filled_size=D("0.1"))
    script.late = KNOWN + timedelta(days=1)
    script.fill("ann", "BTC", "0.1", "100000", trade_id=2)
    ledger = script.ledger
    assert not ledger.knows_fill("paper", "1")
    assert ledger.is_booked("paper", old)
    assert ledger.is_booked("paper", attrs.evolve(old, trade_id="another"))
    missing = attrs.evolve(old, trade_id="3", client_id=lacks)
    assert not ledger.is_booked("paper", missing)
    newer = attrs.evolve(old, trade_id="4", time=old.time + timedelta(days=2))
    assert not ledger.is_booked("paper", newer)


def test_a_settlement_of_long_ago_counts_as_booked(late_story):
    script = late_story()
    script.fund("ann", "BTC", "1")
    first = script.events[-1].body.time
    script.late = KNOWN + timedelta(days=1)
    script.fund("ann", "BTC", "1")
    assert script.ledger.knows_funding("paper", "BTC", first)
    assert script.ledger.knows_funding("paper", "ETH", first - timedelta(hours=5))
    assert not script.ledger.knows_funding("paper", "ETH", first + timedelta(hours=5))


def test_a_view_of_a_history_stays_as_it_was(script):
    script.transfer("ann", "1000")
    script.tell(HourMarked(accounts=(script.account("ann"),)))
    before = script.ledger.curve("ann")
    first = tuple(before)
    again = attrs.evolve(script.events[-1].body.accounts[0], equity=D(7))
    script.tell(HourMarked(accounts=(again,)))
    script.tell(HourMarked(accounts=(script.account("ann"),)))
    assert tuple(before) == first
    assert script.ledger.curve("ann")[0].equity == D(7)
    assert len(script.ledger.curve("ann")) == 2
    assert script.ledger.curve("ann")[-1:] == (script.ledger.curve("ann")[1],)
    with pytest.raises(IndexError):
        before[1]


def test_what_no_history_is_does_not_load():
    for each in EngineState().projections:
        with pytest.raises(Exception):  # noqa: B017 - whatever it is, it is told
            each.load(b'{"no": "dump"}')
