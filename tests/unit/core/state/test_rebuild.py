"""A ledger rebuilt from the written journal is the one that was kept up to date."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from nof0_core.domain.context import Performance
from nof0_core.domain.event import EngineStarted, Event, HourMarked
from nof0_core.domain.position import ExitPlan, ProtectionMode
from nof0_core.domain.vocabulary import ClockKind
from nof0_core.ids import RESERVE, UNASSIGNED
from nof0_core.journal.codec import as_json, decode
from nof0_core.state.engine_state import EngineState

D = Decimal

TRADERS = ["ann", "bob", RESERVE, UNASSIGNED]


@pytest.fixture
def told(script):
    """Every kind of event the ledger knows, with a position left open."""
    script.tell(
        EngineStarted(
            version="1", config_digest="d", clock=ClockKind.SIMULATED, seed=1, traders=("ann",)
        )
    )
    for trader, amount in (("ann", "4000"), ("bob", "3000.000001"), (RESERVE, "1000")):
        script.transfer(trader, amount)
    script.trade("ann", "BTC", "0.03", "118000.5", "1.593006", leverage=9, confidence=71.5)
    script.plan("ann", "BTC", ProtectionMode.VENUE, stop_loss=D("116000.1"))
    stop = script.intend("ann", "BTC", "-0.03", purpose="stop", plan=ExitPlan(stop_loss=D(1)))
    script.answer("ann", "BTC", stop, "resting", venue_order_id="77")
    script.trade("bob", "BTC", "-0.02", "118111.1", "1.062999", leverage=3, risk_usd=D("4.2"))
    script.fund("ann", "BTC", "-0.04425")
    script.fund("bob", "BTC", "0.0295")
    script.trade("bob", "BTC", "0.007", "117900", "0.371385", purpose="close")
    script.fill(UNASSIGNED, "DOGE", "100", "0.24", "0.0108")
    lost = script.intend("bob", "ETH", "1")
    script.answer("bob", "ETH", lost, "unknown")
    state = script.account("ann", BTC="118000")
    script.tell(HourMarked(accounts=(state,)))
    script.tell(
        script.ended(
            state,
            scheduled=script.now - timedelta(seconds=5),
            performance=Performance(sharpe_ratio=0.1, total_pnl=D("-1.2")),
        )
    )
    return script


def written_and_read(event):
    text = msgspec.json.encode(as_json(event.body))
    return Event(
        seq=event.seq, time=event.time, stream=event.stream, body=decode(event.body.type, text)
    )


def test_ledger_rebuilt_from_the_written_events_is_the_same(told, picture_of):
    rebuilt = EngineState()
    for event in told.events:
        rebuilt.apply(written_and_read(event))
    live = picture_of(told.ledger, TRADERS)
    assert picture_of(rebuilt, TRADERS) == live
    # The picture shows something of everything, so an empty one cannot pass.
    assert len(live["positions"]) == 3
    assert len(live["orders"]) == 5
    assert live["trades"][1]
    assert live["curves"][0]
    assert live["cycles"][0][0] == 1


def test_records_offered_again_after_a_crash_change_nothing(told, picture_of):
    """Wherever it stops: rebuilt, offered again what it had, it goes on as if nothing happened."""
    whole = picture_of(told.ledger, TRADERS)
    for cut in range(len(told.events) + 1):
        ledger = EngineState()
        known, rest = told.events[:cut], told.events[cut:]
        again = [e for e in known if e.body.type in {"filled", "funding", "order_intended"}]
        for event in (*known, *again, *rest):
            ledger.apply(event)
        assert picture_of(ledger, TRADERS) == whole
