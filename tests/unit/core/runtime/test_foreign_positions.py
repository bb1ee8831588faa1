"""What an account held before anybody traded here is nobody's, and a person is told."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal as D

from nof0_core.clock import SimulatedClock
from nof0_core.domain.account import AccountReport, VenueAccount
from nof0_core.domain.position import VenuePosition
from nof0_core.ids import RESERVE, UNASSIGNED
from nof0_core.journal import Journal
from nof0_core.runtime.capital import _adopt
from nof0_core.state.durability import Durability
from nof0_core.state.engine_state import EngineState
from nof0_core.state.recorder import Recorder
from nof0_core.testing.environment import Lines

NOW = datetime(2025, 7, 14, 12, tzinfo=UTC)


def test_each_position_is_kept_apart_and_told_with_its_coin(tmp_path):
    held = VenuePosition(
        symbol="BTC",
        quantity=D("-0.1"),
        entry_price=D(100_000),
        leverage=5,
        margin_used=D(2000),
        unrealized_pnl=D(0),
    )
    account = VenueAccount(
        time=NOW, equity=D(9000), raw_usd=D(19_000), margin_used=D(2000), available=D(7000)
    )
    journal = Journal.open(tmp_path)
    recorder = Recorder(
        events=journal,
        durability=Durability.BUFFER,
        state=EngineState(),
        clock=SimulatedClock(NOW),
        log=Lines(),
    )
    _adopt("paper", AccountReport(time=NOW, account=account, positions=(held,)), recorder)
    assert recorder.state.quantities("paper", "BTC") == {UNASSIGNED: D("-0.1")}
    journal.flush()
    [alert] = [event.body for event in journal.read(types=["alert"])]
    assert (alert.code, alert.symbol) == ("foreign_position", "BTC")
    assert "already holds -0.1 BTC" in alert.message
    # The capital is what the account is worth, the position included.
    capital = recorder.state.account("paper", RESERVE, {}, NOW, {})
    assert capital.cash == D(9000)
    journal.close()
