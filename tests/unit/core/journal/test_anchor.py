"""What was safe on disk and is not there any more was no power failure."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from nof0_core.domain.event import Alerted, EngineStarted, OrderAnswered, OrderIntended
from nof0_core.domain.order import OrderPurpose, OrderRequest, OrderStatus, Side
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.domain.vocabulary import ClockKind
from nof0_core.errors import JournalError
from nof0_core.ids import ENGINE, TraderId, client_order_id, cycle_id
from nof0_core.journal import Anchor, Journal, verify

ALICE, BOB = TraderId("alice"), TraderId("bob")
START = datetime(2025, 7, 3, 12, tzinfo=UTC)
ALERT = Alerted(code="test", message="careful")


def started(clock):
    return EngineStarted(
        version="0.1.0", config_digest="c" * 64, clock=clock, seed=1, traders=(ALICE, BOB)
    )


def intent():
    cycle = cycle_id(ALICE, START)
    request = OrderRequest(
        client_id=client_order_id(ALICE, cycle, "BTC", "open"),
        symbol="BTC",
        side=Side.BUY,
        size=Decimal(1),
        limit_price=Decimal(100),
    )
    return OrderIntended(
        trader=ALICE,
        venue_account="paper",
        cycle=cycle,
        purpose=OrderPurpose.OPEN,
        request=request,
    )


def answer(order):
    outcome = OrderOutcome(client_id=order.request.client_id, status=OrderStatus.RESTING)
    return OrderAnswered(trader=ALICE, venue_account="paper", symbol="BTC", outcome=outcome)


def cut_last_line(path):
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))


@pytest.fixture
def ordered(root):
    """Make a journal: start 1, bob 2, alice's order 3, bob 4, its answer 5; no day is closed."""

    def make(clock, *, answered=True):
        order = intent()
        with Journal.open(root) as journal:
            journal.append(START, ENGINE, started(clock))
            journal.append(START, BOB, ALERT)
            journal.append(START, ALICE, order)
            journal.append(START, BOB, ALERT)
            if answered:
                journal.append(START, ALICE, answer(order))
        return root

    return make


@pytest.mark.parametrize("clock", [ClockKind.SYSTEM, ClockKind.SCALED])
def test_what_was_there_before_an_answered_order_left_is_missed(ordered, clock):
    root = ordered(clock)
    path = root / "bob/2025-07-03.jsonl"
    path.write_bytes(b"")
    with pytest.raises(JournalError, match=r"lacks record 2: .* record 3 \(alice\)") as caught:
        Journal.open(root)
    assert any(str(root / "bob") in hint for hint in caught.value.hints)
    path.unlink()
    with pytest.raises(JournalError, match="lacks record 2: "):
        Journal.open(root)


def test_what_came_after_the_intent_may_have_been_lost(ordered):
    root = ordered(ClockKind.SYSTEM)
    cut_last_line(root / "bob/2025-07-03.jsonl")
    with Journal.open(root) as journal:
        assert journal.gaps == ((4, 4),)


@pytest.mark.parametrize(
    ("clock", "answered"), [(ClockKind.SIMULATED, True), (ClockKind.SYSTEM, False)]
)
def test_without_a_promise_a_loss_is_a_power_failure(ordered, clock, answered):
    root = ordered(clock, answered=answered)
    if answered:
        (root / "bob/2025-07-03.jsonl").write_bytes(b"")
        gaps = ((2, 2), (4, 4))
    else:
        cut_last_line(root / "bob/2025-07-03.jsonl")
        gaps = ()
    with Journal.open(root) as journal:
        assert journal.gaps == gaps


def test_what_the_anchor_says_was_safe_has_to_be_there(root):
    with Journal.open(root) as journal:
        for stream in (ENGINE, ALICE, BOB):
            journal.append(START, stream, ALERT)
        journal.sync()
        anchor = journal.safe
        journal.append(START, BOB, ALERT)
    assert {s: a.seq for s, a in anchor.streams.items()} == {ENGINE: 1, ALICE: 2, BOB: 3}
    path = root / "bob/2025-07-03.jsonl"
    cut_last_line(path)
    Journal.open(root, anchor=anchor).close()
    for damage, words in (
        (cut_last_line, "the stream has no record: its end was cut off"),
        (lambda file: file.unlink(), "the file is missing"),
    ):
        damage(path)
        with pytest.raises(JournalError, match=rf"bob/2025-07-03.*record 3.*2025-07-03.*{words}"):
            Journal.open(root, anchor=anchor)
        (fault,) = verify(root, anchor=anchor).faults
        assert (fault.what, fault.seq, fault.file) == ("anchor", 3, str(path))


def test_an_anchor_of_another_journal_is_refused(root, tmp_path):
    with Journal.open(root) as journal:
        journal.append(START, BOB, ALERT)
        journal.sync()
        anchor = journal.safe
    with Journal.open(tmp_path / "other") as journal:
        journal.append(START, BOB, Alerted(code="test", message="another"))
    with pytest.raises(JournalError, match="another one now: the journal was written anew"):
        Journal.open(tmp_path / "other", anchor=anchor)


def test_what_only_the_operating_system_has_is_not_safe(root):
    with Journal.open(root) as journal:
        journal.append(START, BOB, ALERT)
        journal.flush()
        assert journal.safe == Anchor(last=journal.safe.last)
        assert journal.safe.last[0] == 0
        journal.sync()
        assert journal.safe.last == journal.last


def test_a_torn_line_is_not_cut_off_before_the_start_is_sure(root):
    with Journal.open(root) as journal:
        journal.append(START, BOB, ALERT)
        journal.sync()
        anchor = journal.safe
    path = root / "bob/2025-07-03.jsonl"
    path.write_bytes(path.read_bytes()[:-5])
    torn = path.read_bytes()
    with pytest.raises(JournalError, match="cut off"):
        Journal.open(root, anchor=anchor)
    assert path.read_bytes() == torn
    assert [p.name for p in path.parent.iterdir()] == [path.name]
