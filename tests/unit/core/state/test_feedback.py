"""What a trader is told about its last answer and its last trades."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import attrs
import msgspec
import pytest

from nof0_core.domain.decision import Decision, Judgement, Signal, Verdict, VerdictKind
from nof0_core.domain.event import OrderReport
from nof0_core.domain.feedback import Feedback, Outcome, PastTrade, Shortfall
from nof0_core.domain.order import OrderPurpose, OrderRequest, OrderStatus, Side
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.journal.codec import as_json, decode
from nof0_core.risk.verdicts import shrink, veto
from nof0_core.state.engine_state import EngineState
from nof0_core.state.feedback import MOST_REASONS, MOST_SETBACKS
from nof0_core.state.recent_trades import MOST_TRADES

D = Decimal
BUY, CLOSE, HOLD = Signal.BUY_TO_ENTER, Signal.CLOSE, Signal.HOLD
LOW = veto("confidence", "confidence_below_minimum", "60 is below 75")
CAPPED = shrink("position_size", "size_capped", "900.00 USD wanted", size_usd=D(500))


def judged(signal, symbol, *verdicts):
    refused = any(verdict.kind is VerdictKind.VETO for verdict in verdicts)
    decision = Decision(signal=signal, symbol=symbol)
    return Judgement(decision=decision, is_approved=not refused, verdicts=verdicts)


def order(purpose, symbol, status, reason=""):
    request = OrderRequest(
        client_id="0x1", symbol=symbol, side=Side.BUY, size=D(1), limit_price=D(1)
    )
    outcome = OrderOutcome(client_id="0x1", status=OrderStatus(status), reason=reason)
    return OrderReport(
        purpose=OrderPurpose(purpose), symbol=request.symbol, request=request, outcome=outcome
    )


def cycle(script, *judgements, orders=(), status="ok", error=""):
    account = script.account("ann")
    script.tell(
        script.ended(account, status=status, judgements=judgements, orders=orders, error=error)
    )


def setback(symbol, signal, outcome, *reasons):
    return Shortfall(symbol=symbol, signal=signal, outcome=outcome, reasons=reasons)


def test_a_trader_that_never_answered_has_no_past(script):
    assert script.ledger.past("ann") == Feedback()
    script.transfer("ann", "1000")
    assert script.ledger.past("ann") == Feedback()


def test_what_was_refused_or_cut_is_remembered_with_its_reasons_and_nothing_else(script):
    at = script.now
    late = veto("cooldown", "cooldown", "BTC was closed 0:05:00 ago")
    cycle(
        script,
        judged(BUY, "BTC", LOW, late, CAPPED),
        judged(BUY, "ETH", CAPPED),
        judged(HOLD, "SOL"),
        judged(CLOSE, "XRP"),
    )
    answer = script.ledger.past("ann").answer
    assert (answer.time, answer.error, answer.left_out) == (at, "", 0)
    assert answer.setbacks == (
        setback(
            "BTC",
            BUY,
            Outcome.REFUSED,
            "confidence_below_minimum: 60 is below 75",
            "cooldown: BTC was closed 0:05:00 ago",
        ),
        setback("ETH", BUY, Outcome.CUT, "size_capped: 900.00 USD wanted"),
    )


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        ("rejected", "not enough margin", (Outcome.NOT_FILLED, "not enough margin")),
        ("canceled", "", (Outcome.NOT_FILLED, "canceled")),
        ("partly_filled", "", (Outcome.PARTLY_FILLED, "partly_filled")),
        ("filled", "", None),
        ("unknown", "no answer", None),
    ],
)
def test_an_approved_decision_whose_order_came_to_nothing_is_remembered(
    script, status, reason, expected
):
    cycle(
        script,
        judged(HOLD, "BTC"),
        judged(BUY, "BTC"),
        orders=(order("open", "BTC", status, reason), order("stop", "BTC", "rejected", "x")),
    )
    wanted = () if expected is None else (setback("BTC", BUY, *expected),)
    assert script.ledger.past("ann").answer.setbacks == wanted


def test_the_second_of_two_equal_decisions_is_not_blamed_for_the_order_of_the_first(script):
    twice = veto("one_position", "duplicate_decision", "decided on already")
    cycle(
        script,
        judged(BUY, "BTC", CAPPED),
        judged(BUY, "BTC", twice),
        orders=(order("open", "BTC", "canceled", "no match"),),
    )
    assert [(s.outcome, s.reasons) for s in script.ledger.past("ann").answer.setbacks] == [
        (Outcome.NOT_FILLED, ("no match",)),
        (Outcome.REFUSED, ("duplicate_decision: decided on already",)),
    ]


def test_the_newest_answer_counts_and_a_cycle_without_one_changes_nothing(script):
    cycle(script, judged(BUY, "BTC", LOW))
    first = script.ledger.past("ann").answer
    cycle(script, status="model_timeout", error="no answer within 40 s")
    assert script.ledger.past("ann").answer == first

    cycle(script, status="invalid_output", error="no JSON found")
    unread = script.ledger.past("ann").answer
    assert (unread.error, unread.setbacks) == ("no JSON found", ())

    cycle(script, judged(HOLD, "BTC"))
    good = script.ledger.past("ann").answer
    assert (good.error, good.setbacks) == ("", ())


def test_what_is_remembered_has_an_end(script):
    long = Verdict(kind=VerdictKind.VETO, code="c", message="m" * 10_000)
    cycle(script, *(judged(BUY, f"C{n}", *[long] * 9) for n in range(100)))
    cycle(script, status="model_error", error="away")
    answer = script.ledger.past("ann").answer
    assert len(answer.setbacks) == MOST_SETBACKS
    assert answer.left_out == 100 - MOST_SETBACKS
    assert {len(each.reasons) for each in answer.setbacks} == {MOST_REASONS}
    assert max(len(text) for each in answer.setbacks for text in each.reasons) == 300


def test_a_trade_is_told_with_costs_and_end_and_the_fills_of_one_order_are_one(script):
    script.transfer("ann", "10000")
    opened = script.now + timedelta(minutes=1)
    script.trade("ann", "BTC", "-0.3", "100000", "3")
    script.fund("ann", "BTC", "0.6")
    stop = script.intend("ann", "BTC", "0.3", purpose="stop")
    script.fill("ann", "BTC", "0.1", "101000", "1", stop)
    first = script.events[-1].body.fill
    script.tell(
        attrs.evolve(
            script.events[-1].body,
            fill=attrs.evolve(
                first, trade_id="9", size=D("0.2"), price=D(101300), fee=D(2), time=script.now
            ),
        )
    )
    assert script.ledger.past("ann").trades == (
        PastTrade(
            symbol="BTC",
            is_long=False,
            size=D("0.3"),
            entry_price=D(100000),
            exit_price=D(101200),
            fees=D(6),
            funding=D("0.6"),
            net_pnl=D("-365.4"),
            opened_at=opened,
            closed_at=script.events[-1].time,
            reason="stop",
        ),
    )


def test_only_the_newest_trades_are_told_and_the_newest_first(script):
    script.transfer("ann", "10000")
    for number in range(1, MOST_TRADES + 3):
        script.trade("ann", "ETH", "1", "3000")
        script.trade("ann", "ETH", "-1", str(3000 + number), purpose="close")
        assert script.ledger.past("ann").trades[0].net_pnl == number
    gains = [trade.net_pnl for trade in script.ledger.past("ann").trades]
    assert gains == [MOST_TRADES + 2 - n for n in range(MOST_TRADES)]


def test_a_rebuilt_ledger_remembers_the_same(script):
    script.transfer("ann", "10000")
    script.trade("ann", "ETH", "1", "3000", "1.35")
    script.trade("ann", "ETH", "-1", "3030", "1.36", purpose="close")
    cycle(script, judged(BUY, "BTC", LOW), judged(BUY, "ETH", CAPPED))
    rebuilt = EngineState()
    for event in script.events:
        written = event.body
        body = decode(written.type, msgspec.json.encode(as_json(written)))
        rebuilt.apply(attrs.evolve(event, body=body))
    assert rebuilt.past("ann") == script.ledger.past("ann")
    assert rebuilt.past("ann").answer is not None
    assert len(rebuilt.past("ann").trades) == 1
