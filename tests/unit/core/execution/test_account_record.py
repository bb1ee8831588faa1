"""What a venue says of its account is recorded when it says something else, else every hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

import attrs
import pytest

from nof0_core.clock import SimulatedClock
from nof0_core.domain.account import AccountReport, VenueAccount
from nof0_core.domain.event import Filled
from nof0_core.domain.fill import Fill
from nof0_core.domain.order import OrderStatus, Side, Trigger, TriggerKind
from nof0_core.domain.outcome import VenueOrder
from nof0_core.domain.position import MarginMode, VenuePosition
from nof0_core.execution.account_record import AccountRecord
from nof0_core.ids import UNASSIGNED
from nof0_core.journal import Journal
from nof0_core.state.durability import Durability
from nof0_core.state.engine_state import EngineState
from nof0_core.state.recorder import Recorder
from nof0_core.testing import samples
from nof0_core.testing.environment import Lines

START = datetime(2025, 7, 23, tzinfo=UTC)
LONG = VenuePosition(
    symbol="BTC", quantity=D(1), entry_price=D(100_000), leverage=5, margin_used=D(20_000),
    unrealized_pnl=D(0), liquidation_price=D(80_000),
)  # fmt: skip
SHORT = attrs.evolve(LONG, symbol="ETH", quantity=D(-1))
STOP = VenueOrder(
    client_id="0xa", venue_order_id="7", symbol="BTC", side=Side.SELL, size=D(1), filled_size=D(0),
    limit_price=D(90_000), status=OrderStatus.RESTING, time=START, is_reduce_only=True,
    trigger=Trigger(kind=TriggerKind.STOP, price=D(95_000)),
)  # fmt: skip
FOREIGN = attrs.evolve(STOP, client_id=None, venue_order_id="8", trigger=None)
REPORT = AccountReport(
    time=START,
    account=VenueAccount(
        time=START, equity=D(110_000), raw_usd=D(10_000), margin_used=D(20_000), available=D(90_000)
    ),
    positions=(LONG, SHORT),
    orders=(STOP, FOREIGN),
)


def with_position(**changes):
    return attrs.evolve(REPORT, positions=(attrs.evolve(LONG, **changes), SHORT))


def with_order(**changes):
    return attrs.evolve(REPORT, orders=(attrs.evolve(STOP, **changes), FOREIGN))


def with_account(**changes):
    return attrs.evolve(REPORT, account=attrs.evolve(REPORT.account, **changes))


class Desk:
    """A journal, its state and a record of the account `paper`."""

    def __init__(self, root):
        self.root = root
        self.clock = SimulatedClock(START)
        self.open()

    def open(self):
        journal, state = Journal.open(self.root), EngineState()
        for event in journal.read():
            state.apply(event)
        self.recorder = Recorder(
            events=journal, durability=Durability.BUFFER, state=state, clock=self.clock, log=Lines()
        )
        self.record = AccountRecord(venue_account="paper", recorder=self.recorder)

    def restart(self):
        self.recorder.events.close()
        self.open()

    def at(self, **passed):
        self.recorder.clock = self.clock = SimulatedClock(START + timedelta(**passed))

    def look(self, report=REPORT):
        """Show a report; return whether it was recorded."""
        before = self.recorder.events.last_seq
        self.record.look(report)
        return self.recorder.events.last_seq != before

    def recorded(self):
        self.recorder.flush()
        return [(e.time, e.body) for e in self.recorder.events.read(types=["account"])]


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "journal")


CHANGES = {
    "cash": with_account(raw_usd=D("10000.000001")),
    "size of a position": with_position(quantity=D("0.5")),
    "entry of a position": with_position(entry_price=D(100_001)),
    "leverage": with_position(leverage=6),
    "margin mode": with_position(margin_mode=MarginMode.ISOLATED),
    "position closed": attrs.evolve(REPORT, positions=(LONG,)),
    "position opened": attrs.evolve(
        REPORT, positions=(*REPORT.positions, attrs.evolve(LONG, symbol="SOL"))
    ),
    "order gone": attrs.evolve(REPORT, orders=(STOP,)),
    "foreign order new": attrs.evolve(
        REPORT, orders=(*REPORT.orders, attrs.evolve(FOREIGN, venue_order_id="9"))
    ),
    "order partly filled": with_order(filled_size=D("0.1"), average_price=D(95_000)),
    "order moved": with_order(trigger=Trigger(kind=TriggerKind.STOP, price=D(96_000))),
    "limit changed": with_order(limit_price=D(91_000)),
}
SAME = {
    "all of it": REPORT,
    "marks": attrs.evolve(
        with_position(unrealized_pnl=D(5), margin_used=D(20_001), liquidation_price=D(80_001)),
        account=attrs.evolve(
            REPORT.account, equity=D(110_005), margin_used=D(20_001), available=D(90_004)
        ),
    ),
    "time of the report": attrs.evolve(
        with_account(time=START + timedelta(seconds=15)), time=START + timedelta(seconds=15)
    ),
    "time of an order": with_order(time=START + timedelta(seconds=15)),
    "order of rows": attrs.evolve(
        REPORT, positions=REPORT.positions[::-1], orders=REPORT.orders[::-1]
    ),
    "zeros": with_account(raw_usd=D("10000.00")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_is_recorded_as_it_was_said(desk, change):
    assert desk.look()
    desk.at(seconds=15)
    assert desk.look(CHANGES[change])
    assert [body.report for _, body in desk.recorded()] == [REPORT, CHANGES[change]]
    desk.at(seconds=30)
    assert not desk.look(CHANGES[change])
    assert desk.look(REPORT)


@pytest.mark.parametrize("same", SAME)
def test_what_moves_with_marks_alone_is_no_change(desk, same):
    assert desk.look()
    desk.at(seconds=15)
    assert not desk.look(SAME[same])


def test_many_small_moves_of_marks_stay_unsaid_and_the_newest_recorded_is_compared_with(desk):
    desk.look()
    for second in range(1, 100):
        desk.at(seconds=second)
        assert not desk.look(with_position(unrealized_pnl=D(second)))
    assert len(desk.recorded()) == 1


def test_without_a_change_it_is_recorded_every_hour_of_the_engines_time(desk):
    for minute in range(0, 181, 5):
        desk.at(minutes=minute)
        desk.look()
    assert [time - START for time, _ in desk.recorded()] == [timedelta(hours=h) for h in range(4)]


def test_a_change_begins_the_hour_anew(desk):
    desk.look()
    desk.at(minutes=59)
    assert desk.look(CHANGES["cash"])
    desk.at(minutes=61)
    assert not desk.look(CHANGES["cash"])
    desk.at(minutes=119)
    assert desk.look(CHANGES["cash"])


def test_a_restart_alone_records_nothing_and_knows_what_was_recorded(desk):
    desk.look()
    desk.restart()
    desk.at(minutes=59)
    assert not desk.look(SAME["marks"])
    assert desk.look(CHANGES["leverage"])
    desk.restart()
    desk.at(minutes=118)
    assert not desk.look(CHANGES["leverage"])
    desk.at(minutes=119)
    assert desk.look(CHANGES["leverage"])


def test_a_clock_that_was_set_back_records_once_and_counts_from_there(desk):
    desk.look()
    desk.at(minutes=-90)
    assert desk.look()
    desk.at(minutes=-89)
    assert not desk.look()
    desk.at(minutes=-30)
    assert desk.look()


def test_by_day_the_first_report_of_each_day_is_recorded_and_no_change_before(desk):
    """Over history nobody looks at the account before the run is over."""
    desk.record = AccountRecord(venue_account="paper", recorder=desk.recorder, by_day=True)
    assert desk.record.next_due() is None
    desk.at(hours=20)
    assert desk.look()
    assert desk.record.next_due() == START + timedelta(days=1)
    for change in CHANGES.values():
        assert not desk.look(change)
    desk.at(hours=23, minutes=59, seconds=59)
    assert not desk.look(CHANGES["cash"])
    desk.at(days=1)
    assert desk.look(CHANGES["cash"])
    desk.at(days=2, hours=2)
    assert desk.look(CHANGES["cash"])
    assert desk.record.next_due() == START + timedelta(days=3)
    desk.at(minutes=30)
    assert desk.look(CHANGES["cash"]), "a clock that was set back"


def test_by_day_none_is_recorded_while_nothing_changes_and_nothing_is_held(desk):
    desk.record = AccountRecord(venue_account="paper", recorder=desk.recorder, by_day=True)
    empty = attrs.evolve(REPORT, positions=(), orders=())
    richer = attrs.evolve(empty, account=attrs.evolve(empty.account, raw_usd=D(7)))
    assert desk.look(empty)
    assert desk.record.next_due() == START + timedelta(days=1)
    desk.at(days=3)
    assert not desk.look(empty)
    assert desk.record.next_due() is None
    assert desk.look(richer)
    desk.at(days=3, hours=1)
    assert not desk.look(empty)
    assert desk.record.next_due() == START + timedelta(days=4)
    desk.at(days=4)
    assert desk.look(empty)


def test_by_day_a_trade_lets_a_report_be_due_where_none_was(desk):
    desk.record = AccountRecord(venue_account="paper", recorder=desk.recorder, by_day=True)
    empty = attrs.evolve(REPORT, positions=(), orders=())
    assert desk.look(empty)
    desk.at(days=3)
    assert not desk.look(empty)
    assert desk.record.next_due() is None
    fill = Fill(
        trade_id="1", venue_order_id="7", client_id=None, symbol="BTC", side=Side.BUY,
        price=D(100_000), size=D("0.1"), fee=D(1), time=desk.clock.now(),
    )  # fmt: skip
    desk.recorder.record(UNASSIGNED, Filled(trader=UNASSIGNED, venue_account="paper", fill=fill))
    assert desk.record.next_due() == START + timedelta(days=1)
    assert desk.look(REPORT)


def test_a_report_that_does_not_change_is_due_an_hour_after_the_last(desk):
    desk.at(minutes=20)
    desk.look()
    assert desk.record.next_due() == START + timedelta(minutes=80)


def test_accounts_do_not_stand_for_each_other(desk):
    other = AccountRecord(venue_account="other", recorder=desk.recorder)
    assert desk.look()
    other.look(REPORT)
    other.look(REPORT)
    assert [body.venue_account for _, body in desk.recorded()] == ["paper", "other"]


@pytest.mark.anyio
async def test_each_sync_shows_what_the_venue_said(scene):
    await scene.sync()
    await scene.trade("ann", samples.decision())
    await scene.sync()
    await scene.sync()
    scene.restart()
    await scene.sync()
    scene.recorder.flush()
    told = [event.body.report for event in scene.recorder.events.read(types=["account"])]
    held = [[(p.symbol, p.quantity) for p in report.positions] for report in told]
    assert held == [[], [("BTC", D("0.01"))]]
    assert [len(report.orders) for report in told] == [0, 2]
    assert told[-1].account.raw_usd == scene.venue.raw
