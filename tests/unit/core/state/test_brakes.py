"""What the brakes remember: flow-adjusted, per UTC day, the same after a rebuild."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.domain.account import AccountState
from nof0_core.domain.brakes import Brake
from nof0_core.domain.event import (
    BrakeReleased,
    BrakeTripped,
    ControlAnswered,
    Event,
    HourMarked,
    OrderAnswered,
    OrderIntended,
    Transferred,
)
from nof0_core.domain.growth import NOTHING_YET
from nof0_core.domain.order import OrderPurpose, OrderRequest, OrderStatus, Side
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.domain.vocabulary import ControlCommand, ControlOutcome, TransferReason
from nof0_core.state.brakes import Brakes, next_midnight
from nof0_core.state.controls import Controls
from nof0_core.state.dispatch import Dispatch

START = datetime(2025, 7, 1, 9, tzinfo=UTC)


class Memory:
    """Events in a row, applied as they come, and the account they tell of."""

    def __init__(self) -> None:
        self.brakes = Brakes()
        self.controls = Controls()
        self.events: list[Event] = []
        self.deposited, self.growth = D(0), NOTHING_YET
        self.transfer(0, 0, 1000)

    def transfer(self, hours, before, amount):
        before, amount = D(before), D(amount)
        body = Transferred(
            venue_account="s",
            amounts={"ann": amount},
            equities={"ann": before},
            reason=TransferReason.REBALANCE,
        )
        self.add(START + timedelta(hours=hours), body)
        self.deposited += amount
        self.growth = self.growth.moved(before, amount)

    def state(self, hours, equity):
        equity, zero = D(equity), D(0)
        return AccountState(
            trader="ann", time=START + timedelta(hours=hours), deposited=self.deposited,
            cash=equity, equity=equity, realized_pnl=zero, unrealized_pnl=zero, fees=zero,
            funding=zero, margin_used=zero, growth=self.growth,
        )  # fmt: skip

    def add(self, time, body):
        event = Event(seq=len(self.events) + 1, time=time, stream="ann", body=body)
        self.events.append(event)
        Dispatch([self.brakes, self.controls]).prepare(event)()

    def mark(self, hours, equity):
        account = self.state(hours, equity)
        if not account.index:
            self.growth = self.growth.ruined()
        self.add(account.time, HourMarked(accounts=(account,)))

    def rebuilt(self):
        brakes = Brakes()
        for event in self.events:
            Dispatch([brakes]).prepare(event)()
        return brakes

    def loss(self, hours, equity):
        return self.brakes.day_loss_pct("ann", self.state(hours, equity))

    def drawdown(self, hours, equity):
        return self.brakes.drawdown_pct("ann", self.state(hours, equity))


@pytest.fixture
def memory():
    return Memory()


def test_the_first_day_is_measured_from_the_capital(memory):
    assert memory.loss(1, 970) == D(3)
    assert memory.loss(1, 1100) == 0


def test_a_day_begins_with_the_mark_at_midnight(memory):
    memory.mark(1, 900)
    memory.mark(15, 950)  # 0:00 of the next day
    assert memory.loss(16, 931) == D(2)  # (950 - 931) / 950


def test_a_transfer_at_midnight_leaves_the_beginning_of_the_day_to_the_mark(memory):
    memory.mark(14, 900)
    memory.transfer(15, 950, 50)  # 0:00 of the next day, right before the mark
    memory.mark(15, 1000)
    assert memory.loss(16, 980) == D(2)


def test_what_happened_unseen_overnight_belongs_to_the_new_day(memory):
    memory.mark(1, 1000)
    memory.mark(20, 800)  # the engine was away at midnight
    assert memory.loss(21, 800) == D(20)


def test_a_new_day_without_a_mark_yet_starts_at_the_newest_value(memory):
    memory.mark(1, 900)
    assert memory.loss(24, 900) == 0
    assert memory.loss(24, 855) == D(5)


def test_a_transfer_is_neither_loss_nor_cure(memory):
    memory.mark(1, 900)
    memory.transfer(1, 900, 400)
    assert memory.loss(2, 1300) == D(10)
    memory.mark(3, 1300)
    assert memory.loss(4, 1300) == D(10)
    # Of those 1300, 130 are lost: 0.9 x 0.9 = 0.81 of the beginning.
    assert memory.loss(4, 1170) == D(19)
    # Taking capital out does not hide it.
    memory.transfer(4, 1170, -500)
    assert memory.loss(4, 670) == D(19)


def test_between_two_marks_a_transfer_counts_at_the_moment_it_came(memory):
    memory.mark(1, 1000)
    # Half of it lost, then given back: what comes after is earned on 1000 again.
    memory.transfer(1.5, 500, 500)
    assert memory.drawdown(2, 1100) == D(45)
    memory.mark(2, 1100)
    # A high that only a transfer saw is a high.
    memory.transfer(2.2, 2200, -1200)
    assert memory.drawdown(3, 900) == D(10)


def test_a_trader_whose_capital_was_all_taken_has_lost_nothing(memory):
    memory.mark(1, 900)
    memory.transfer(2, 900, -900)
    memory.mark(3, 0)
    assert (memory.loss(3, 0), memory.drawdown(3, 0)) == (D(10), D(10))
    memory.transfer(4, 0, 100)
    assert memory.drawdown(5, 90) == D(19)


def test_the_drawdown_counts_from_the_highest_value(memory):
    memory.mark(1, 1250)
    memory.mark(2, 1100)
    assert memory.drawdown(3, 1000) == D(20)
    memory.add(START, BrakeReleased(brake=Brake.MAX_DRAWDOWN, reason="", trader="ann"))
    # The newest valuation, 1100, is the new peak.
    assert memory.drawdown(3, 1100) == 0
    assert memory.drawdown(3, 990) == D(10)


def test_an_account_that_lost_all_has_lost_all_until_it_is_given_a_new_beginning(memory):
    memory.mark(1, -50)
    memory.transfer(1.5, -50, 500)
    assert memory.loss(2, 450) == D(100)
    assert memory.drawdown(2, 450) == D(100)
    memory.mark(2, 450)
    assert memory.drawdown(2, 450) == D(100)
    memory.add(START, BrakeReleased(brake=Brake.MAX_DRAWDOWN, reason="", trader="ann"))
    assert memory.drawdown(3, 450) == 0
    memory.mark(3, 450)
    assert memory.drawdown(4, 450) == 0
    assert memory.drawdown(4, 405) == D(10)
    # Capital moved later is left out there as well.
    memory.transfer(4, 405, 405)
    assert memory.drawdown(5, 729) == D(19)
    # A second ruin is one again, until a person says so again.
    memory.mark(6, 0)
    memory.transfer(7, 0, 300)
    assert memory.drawdown(8, 300) == D(100)
    memory.add(START, BrakeReleased(brake=Brake.MAX_DRAWDOWN, reason="", trader="ann"))
    assert memory.drawdown(8, 300) == 0


def test_a_ruined_trader_let_go_on_waits_for_capital_without_a_new_loss(memory):
    memory.mark(1, -50)
    memory.add(START, BrakeReleased(brake=Brake.MAX_DRAWDOWN, reason="", trader="ann"))
    memory.mark(2, -50)
    assert (memory.loss(2, -50), memory.drawdown(2, -50)) == (0, 0)
    memory.transfer(3, -50, 20)
    assert memory.drawdown(3, -30) == 0
    memory.transfer(4, -30, 230)
    assert memory.drawdown(5, 200) == 0
    assert memory.drawdown(5, 150) == D(25)


def intent(number, purpose="open"):
    request = OrderRequest(
        client_id=f"0x{number}", symbol="BTC", side=Side.BUY, size=D(1), limit_price=D(1)
    )
    return OrderIntended(
        trader="ann", venue_account="s", cycle="c", purpose=OrderPurpose(purpose), request=request
    )


def answer(number, status, filled=0):
    outcome = OrderOutcome(client_id=f"0x{number}", status=status, filled_size=D(filled))
    return OrderAnswered(trader="ann", venue_account="s", symbol="BTC", outcome=outcome)


def test_entries_of_the_day_are_counted_unless_they_never_filled(memory):
    memory.add(START, intent(1))
    memory.add(START, intent(2, "close"))
    memory.add(START, intent(3))
    memory.add(START, intent(4))
    memory.add(START, intent(5))
    memory.add(START, answer(3, OrderStatus.REJECTED))
    memory.add(START, answer(4, OrderStatus.UNKNOWN))
    memory.add(START, answer(5, OrderStatus.CANCELED, filled="0.5"))
    assert memory.brakes.entries_on("ann", START.date()) == 3
    assert memory.brakes.entries_on("ann", START.date() + timedelta(days=1)) == 0
    memory.add(START + timedelta(days=1), intent(6))
    assert memory.brakes.entries_on("ann", START.date() + timedelta(days=1)) == 1


def test_brakes_pauses_and_answers_are_remembered(memory):
    until = START + timedelta(hours=1)
    memory.add(
        START,
        BrakeTripped(
            brake=Brake.SHARPE_PAUSE, message="", trader="ann", until=until,
            numbers={"trades": D(7)},
        ),
    )  # fmt: skip
    memory.add(START, BrakeTripped(brake=Brake.HALT, message="stop"))
    memory.add(START, BrakeTripped(brake=Brake.PAUSED, message="", trader="ann"))
    memory.add(
        START,
        ControlAnswered(
            request="r1",
            command=ControlCommand.PAUSE,
            trader="ann",
            symbol=None,
            outcome=ControlOutcome.DONE,
            message="",
        ),
    )
    for brakes in (memory.brakes, memory.rebuilt()):
        assert [on.brake for on in brakes.active("ann")] == [Brake.SHARPE_PAUSE, Brake.PAUSED]
        assert brakes.active("ann")[0].until == until
        assert brakes.judged_trades("ann") == 7
        assert brakes.halt.message == "stop"
        assert brakes.is_paused("ann") is True
        assert brakes.is_paused("bob") is None
    assert memory.controls.is_answered("r1")
    assert not memory.controls.is_answered("r2")
    memory.add(START, BrakeReleased(brake=Brake.HALT, reason=""))
    memory.add(START, BrakeReleased(brake=Brake.PAUSED, reason="", trader="ann"))
    assert memory.brakes.halt is None
    assert memory.brakes.is_paused("ann") is False


@given(
    steps=st.lists(
        st.tuples(
            st.integers(1, 30),
            st.integers(-300, 300),
            st.one_of(st.just(0), st.integers(-200, 200)),
        ),
        max_size=40,
    )
)
def test_transfers_never_change_losses_and_a_rebuild_gives_the_same(steps):
    """The same returns with and without capital moved in between give the same losses."""
    still, moved = Memory(), Memory()
    hours, plain, equity = 0, D(1000), D(1000)
    for wait, permille, flow in steps:
        hours += wait
        growth = 1 + D(permille) / 1000
        plain, equity = plain * growth, equity * growth
        if flow and equity + flow > 1:
            moved.transfer(hours, equity, flow)
            equity += flow
        still.mark(hours, plain)
        moved.mark(hours, equity)
    for measure in ("loss", "drawdown"):
        one = getattr(still, measure)(hours, plain)
        other = getattr(moved, measure)(hours, equity)
        assert abs(one - other) < D("1E-9")
        assert 0 <= one <= 100
    account = moved.state(hours, equity)
    again = moved.rebuilt()
    assert again.day_loss_pct("ann", account) == moved.brakes.day_loss_pct("ann", account)
    assert again.drawdown_pct("ann", account) == moved.brakes.drawdown_pct("ann", account)


def test_the_next_midnight_is_that_of_utc():
    assert next_midnight(START) == datetime(2025, 7, 2, tzinfo=UTC)
    assert next_midnight(datetime(2025, 7, 2, tzinfo=UTC)) == datetime(2025, 7, 3, tzinfo=UTC)
