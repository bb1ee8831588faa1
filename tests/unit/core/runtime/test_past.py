"""What a start finds of earlier runs."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from staged_engine import Stage

from nof0_core.clock import SimulatedClock
from nof0_core.domain.event import Filled
from nof0_core.domain.fill import Fill
from nof0_core.domain.order import Side
from nof0_core.errors import JournalError
from nof0_core.journal import Journal
from nof0_core.testing.environment import START

pytestmark = pytest.mark.anyio


async def test_a_record_of_an_earlier_version_that_cannot_be_booked_is_named_with_the_ways_out(
    tmp_path, monkeypatch
):
    stage = Stage(tmp_path)
    async with stage.engine(SimulatedClock(START)):
        pass
    with Journal.open(tmp_path / "data/journal") as journal:
        fill = Fill(
            trade_id="1", venue_order_id="1", client_id=None, symbol="BTC", side=Side.BUY,
            price=D(0), size=D(1), fee=D(0), time=START,
        )  # fmt: skip
        bad = journal.append(START, "ann", Filled(trader="ann", venue_account="paper", fill=fill))
    with pytest.raises(
        JournalError, match=rf"journal/ann, .*: event {bad.seq} \(filled\)"
    ) as caught:
        async with stage.engine(SimulatedClock(START)):
            pass
    assert any("--data-dir NEW" in hint and "@unassigned" in hint for hint in caught.value.hints)
    assert any("copy" in hint for hint in caught.value.hints)
