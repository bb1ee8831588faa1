"""Orders whose executions are in the journal, and whose last answers are not, after a restore."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import attrs
import pytest

from nof0_core.domain.order import OrderStatus
from nof0_core.journal import Journal
from nof0_core.project import load_config
from nof0_core.runtime.restore_mark import RestoreMark
from nof0_core.runtime.restored_accounts import restored_accounts
from nof0_core.state.engine_state import EngineState
from nof0_provider_sim.exchange.founding import found_anew
from nof0_provider_sim.exchange.snapshot import Restoring

ACCOUNT = "paper_trading"
START = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def restored(project, tmp_path):
    """Return what a venue is told after a restore of some events."""

    def made(events):
        state = EngineState()
        with Journal.open(tmp_path / "journal") as journal:
            for event in events:
                state.apply(journal.append(event.time, event.stream, event.body))
        with Journal.open(tmp_path / "journal") as journal:
            config = load_config(project / "etc" / "nof0.yaml", data_dir=tmp_path, environ={})
            config = attrs.evolve(config, exporters=())
            mark = RestoreMark(tmp_path)
            mark.begin([ACCOUNT])
            mark.end()
            return restored_accounts(config, state, journal).accounts[ACCOUNT]

    return made


def until_filled(told, answer):
    """Return events up to the first execution of an order of ours, its own last.

    What was answered to its order is what `answer` makes of it, None: nothing.
    """
    fill = next(
        event.body.fill
        for event in told.events
        if event.body.type == "filled" and event.body.fill.client_id is not None
    )
    found = []
    for event in told.events:
        body = event.body
        if body.type == "order_answered" and body.outcome.client_id == fill.client_id:
            outcome = answer(body.outcome)
            if outcome is not None:
                found.append(attrs.evolve(event, body=attrs.evolve(body, outcome=outcome)))
            continue
        found.append(event)
        if body.type == "filled" and body.fill == fill:
            return found
    raise AssertionError


def read_again(known, path):
    """Found an account, and return it as its file is read."""
    found_anew(path, known.raw_usd, known)
    reading = Restoring(known.raw_usd)
    for line in path.read_bytes().splitlines(keepends=True):
        reading.take(line, path)
    assert reading.is_complete
    return reading.state


def waits(outcome):
    return attrs.evolve(
        outcome, status=OrderStatus.RESTING, filled_size=Decimal(0), average_price=None
    )


@pytest.mark.parametrize("answer", [lambda _: None, waits], ids=["nothing", "waits"])
def test_an_order_executed_before_its_last_answer_was_written(told, restored, tmp_path, answer):
    """The venue must neither say that it has never seen it, nor execute it once more."""
    events = until_filled(told, answer)
    fill = events[-1].body.fill
    known = restored(events)
    state = read_again(known, tmp_path / "account.jsonl")
    shown = state.book.shown(fill.client_id)
    assert shown is not None
    assert (shown.status, shown.filled_size) == (OrderStatus.FILLED, fill.size)
    assert shown.average_price == fill.price
    assert shown.venue_order_id == fill.venue_order_id
    assert fill.client_id not in {order.taken.client_id for order in state.book.open()}
    assert state.fills_of(shown) == (fill,)


def until_answered(told):
    """Return events up to the answer that an order was filled, and the execution after it."""
    fills = {e.body.fill.client_id: e.body.fill for e in told.events if e.body.type == "filled"}
    for number, event in enumerate(told.events):
        body = event.body
        if body.type == "order_answered" and body.outcome.status is OrderStatus.FILLED:
            fill = fills[body.outcome.client_id]
            before = [e for e in told.events[:number] if e.body.type == "filled"]
            if all(e.body.fill.client_id != fill.client_id for e in before):
                return told.events[: number + 1], fill
    raise AssertionError


def test_an_execution_that_was_answered_and_not_written_is_the_venue_s(told, restored, tmp_path):
    """The ledger counts it as held: a venue without it would differ for ever."""
    events, fill = until_answered(told)
    known = restored(events)
    state = read_again(known, tmp_path / "account.jsonl")
    [listed] = [each for each in state.fills(START) if each.client_id == fill.client_id]
    assert (listed.size, listed.price, listed.side) == (fill.size, fill.price, fill.side)
    assert abs(listed.fee - fill.fee) < Decimal("0.01")
    [held] = [each for each in known.positions if each.symbol == fill.symbol]
    assert held.quantity == fill.size * fill.side.sign
    cost = fill.side.sign * fill.size * fill.price + listed.fee
    assert known.raw_usd == Decimal(10_000) - cost
    assert state.account.positions[fill.symbol].quantity == held.quantity
