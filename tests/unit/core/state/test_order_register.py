from __future__ import annotations

from decimal import Decimal

import pytest

from nof0_core.domain.order import OrderStatus
from nof0_core.domain.position import ExitPlan

D = Decimal


def ids(records):
    return [record.client_id for record in records]


def test_record_keeps_what_the_intent_said(script):
    plan = ExitPlan(stop_loss=D(90000), take_profit=D(120000))
    client_id = script.intend(
        "ann", "BTC", "0.1", leverage=7, confidence=81.5, risk_usd=D("12.5"), plan=plan
    )
    record = script.ledger.order(client_id)
    assert (record.trader, record.venue_account, record.symbol) == ("ann", "paper", "BTC")
    assert (record.purpose, record.leverage, record.confidence) == ("open", 7, 81.5)
    assert (record.risk_usd, record.plan) == (D("12.5"), plan)
    assert record.outcome is None
    assert script.ledger.order("0x00") is None


@pytest.mark.parametrize("status", list(OrderStatus))
def test_order_is_open_until_the_answer_is_final(script, status):
    client_id = script.intend("ann", "BTC", "0.1")
    assert ids(script.ledger.open_orders("paper")) == [client_id]
    script.answer("ann", "BTC", client_id, status, venue_order_id=5)
    expected = [client_id] if status in {OrderStatus.RESTING, OrderStatus.UNKNOWN} else []
    assert ids(script.ledger.open_orders("paper")) == expected
    assert script.ledger.order(client_id).outcome.status is status
    assert script.ledger.open_orders("elsewhere") == ()


def test_newest_answer_counts(script):
    client_id = script.intend("ann", "BTC", "0.1")
    script.answer("ann", "BTC", client_id, "unknown")
    script.answer("ann", "BTC", client_id, "resting", venue_order_id=9)
    script.answer("ann", "BTC", client_id, "canceled", venue_order_id=9)
    assert script.ledger.order(client_id).outcome.status is OrderStatus.CANCELED
    assert script.ledger.open_orders("paper") == ()


def test_intent_told_again_keeps_the_answer_it_had(script):
    """A cycle that runs twice after a crash derives the same client id."""
    client_id = script.intend("ann", "BTC", "0.1")
    again = script.events[-1].body
    script.answer("ann", "BTC", client_id, "filled", venue_order_id=9)
    script.tell(again)
    assert script.ledger.order(client_id).outcome.status is OrderStatus.FILLED
    assert script.ledger.open_orders("paper") == ()


def test_answer_to_an_order_nobody_intended_is_ignored(script):
    script.answer("ann", "BTC", "0x00", "filled")
    assert script.ledger.order("0x00") is None
    assert script.ledger.open_orders("paper") == ()


def test_position_names_the_exits_that_may_be_alive(script):
    script.trade("ann", "BTC", "0.1", "100000")
    stop = script.intend("ann", "BTC", "-0.1", purpose="stop")
    target = script.intend("ann", "BTC", "-0.1", purpose="target")
    position = script.ledger.position("ann", "BTC")
    assert (position.stop_id, position.stop_order_id) == (stop, None)
    script.answer("ann", "BTC", stop, "resting", venue_order_id=11)
    script.answer("ann", "BTC", target, "resting", venue_order_id=12)
    position = script.ledger.position("ann", "BTC")
    assert (position.stop_id, position.stop_order_id) == (stop, 11)
    assert (position.take_profit_id, position.take_profit_order_id) == (target, 12)
    [holding] = script.account("ann", BTC="100000").holdings
    assert (holding.stop_order_id, holding.take_profit_order_id) == (11, 12)
    script.answer("ann", "BTC", target, "canceled", venue_order_id=12)
    position = script.ledger.position("ann", "BTC")
    assert (position.take_profit_id, position.take_profit_order_id) == (None, None)
    assert position.stop_id == stop


def test_newer_stop_replaces_the_older_and_gives_way_if_it_was_refused(script):
    script.trade("ann", "BTC", "0.1", "100000")
    old = script.intend("ann", "BTC", "-0.1", purpose="stop", leg="stop.1")
    new = script.intend("ann", "BTC", "-0.1", purpose="stop", leg="stop.2")
    assert script.ledger.position("ann", "BTC").stop_id == new
    script.answer("ann", "BTC", new, "rejected")
    assert script.ledger.position("ann", "BTC").stop_id == old


def test_exits_of_an_earlier_position_do_not_belong_to_the_next_one(script):
    script.trade("ann", "BTC", "0.1", "100000")
    orphan = script.intend("ann", "BTC", "-0.1", purpose="target")
    script.trade("ann", "BTC", "-0.1", "100000", purpose="close")
    script.trade("ann", "BTC", "0.2", "100000")
    assert script.ledger.position("ann", "BTC").take_profit_id is None
    assert orphan in ids(script.ledger.open_orders("paper"))


def test_exits_intended_between_order_and_fill_belong_to_the_position(script):
    client_id = script.intend("ann", "BTC", "0.1")
    stop = script.intend("ann", "BTC", "-0.1", purpose="stop")
    script.fill("ann", "BTC", "0.1", "100000", client_id=client_id)
    assert script.ledger.position("ann", "BTC").stop_id == stop


def test_exits_of_one_trader_are_not_those_of_another(script):
    script.trade("ann", "BTC", "0.1", "100000")
    script.trade("bob", "BTC", "0.1", "100000")
    script.intend("ann", "BTC", "-0.1", purpose="stop")
    assert script.ledger.position("bob", "BTC").stop_id is None


def test_exits_intended_before_a_flip_was_booked_belong_to_what_it_opened(script):
    script.trade("ann", "BTC", "0.1", "100000")
    old = script.intend("ann", "BTC", "-0.1", purpose="stop", leg="stop.1")
    flip = script.intend("ann", "BTC", "-0.3")
    new = script.intend("ann", "BTC", "0.2", purpose="stop", leg="stop.2")
    script.answer("ann", "BTC", new, "resting", venue_order_id=3)
    assert script.ledger.position("ann", "BTC").stop_id == new
    script.fill("ann", "BTC", "-0.3", "100000", client_id=flip)
    position = script.ledger.position("ann", "BTC")
    assert (position.stop_id, position.stop_order_id) == (new, 3)
    script.answer("ann", "BTC", new, "canceled", venue_order_id=3)
    assert script.ledger.position("ann", "BTC").stop_id is None
    assert old in ids(script.ledger.open_orders("paper"))
