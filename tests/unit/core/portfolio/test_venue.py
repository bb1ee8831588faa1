"""All traders of a venue account: a picture of the state that nothing else changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs
import pytest

from nof0_core.domain.event import (
    Event,
    InstrumentsListed,
    MarksSeen,
    OrderAnswered,
    OrderIntended,
    Transferred,
)
from nof0_core.domain.order import OrderPurpose, OrderRequest, OrderStatus, Side
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.domain.position import ExitPlan
from nof0_core.domain.vocabulary import TransferReason
from nof0_core.ids import RESERVE, UNASSIGNED
from nof0_core.portfolio.venue import venue_view
from nof0_core.state.engine_state import EngineState
from nof0_core.testing import samples

NOW = datetime(2025, 7, 14, 12, tzinfo=UTC)
WORTH = {"ann": Decimal(0), "bob": Decimal(0)}
SEEN = MarksSeen(venue_account="paper", marks={"BTC": Decimal(100_000)})


class Told:
    """A state that is told what happens."""

    def __init__(self):
        self.state, self.seq = EngineState(), 0

    def tell(self, body):
        self.seq += 1
        time = NOW + timedelta(seconds=self.seq)
        self.state.apply(Event(seq=self.seq, time=time, stream="ann", body=body))

    def intend(self, client_id, purpose=OrderPurpose.OPEN, side=Side.BUY, trader="ann"):
        request = OrderRequest(
            client_id=client_id,
            symbol="BTC",
            side=side,
            size=Decimal("0.02"),
            limit_price=Decimal(101_000),
        )
        self.tell(
            OrderIntended(
                trader=trader,
                venue_account="paper",
                cycle="c",
                purpose=purpose,
                request=request,
                leverage=4,
                plan=ExitPlan(),
            )
        )

    def answer(self, client_id, status, filled="0"):
        outcome = OrderOutcome(
            client_id=client_id,
            status=status,
            venue_order_id="1",
            filled_size=Decimal(filled),
            average_price=Decimal(100_000) if filled != "0" else None,
        )
        self.tell(OrderAnswered(trader="ann", venue_account="paper", symbol="BTC", outcome=outcome))

    @property
    def view(self):
        return venue_view(self.state, SEEN, time=NOW, market="hl", seq=self.seq)


@pytest.fixture
def told():
    told = Told()
    told.tell(InstrumentsListed(section="hl", instruments={"BTC": samples.instrument()}))
    amounts = {"ann": Decimal(5000), "bob": Decimal(3000), RESERVE: Decimal(2000)}
    told.tell(
        Transferred(
            venue_account="paper", amounts=amounts, equities=WORTH, reason=TransferReason.INITIAL
        )
    )
    return told


def test_everybody_is_there_but_the_reserve(told):
    view = told.view
    assert [(t.account.trader, t.account.equity) for t in view.traders] == [
        ("ann", 5000),
        ("bob", 3000),
    ]
    assert (view.venue_account, view.seq) == ("paper", 2)
    amounts = {UNASSIGNED: Decimal(7)}
    told.tell(
        Transferred(
            venue_account="paper", amounts=amounts, equities={}, reason=TransferReason.OUTSIDE
        )
    )
    assert [t.account.trader for t in told.view.traders] == ["ann", "bob", UNASSIGNED]


@pytest.mark.parametrize("side", Side)
def test_an_entry_under_way_counts_until_it_is_over(told, side):
    told.intend("0x1", side=side)
    before = told.view
    [entry] = before.traders[0].entries
    sign = 1 if side is Side.BUY else -1
    assert entry.quantity == sign * Decimal("0.02")
    assert (entry.is_long, entry.leverage) == (side is Side.BUY, 4)
    assert (entry.size_usd, entry.margin) == (2020, 505)
    assert before.traders[1].entries == ()
    assert before.gross_usd(is_long=side is Side.BUY) == 2020
    assert before.gross_usd(is_long=side is not Side.BUY) == 0
    assert before.gross_usd(is_long=side is Side.BUY, symbol="ETH") == 0

    told.answer("0x1", OrderStatus.UNKNOWN)
    assert told.view.traders[0].entries == (entry,)
    told.answer("0x1", OrderStatus.CANCELED)
    assert told.view.traders[0].entries == ()
    assert before.traders[0].entries == (entry,)


def test_what_was_filled_and_is_not_booked_yet_counts_as_an_entry(told):
    told.intend("0x1")
    told.answer("0x1", OrderStatus.PARTLY_FILLED, filled="0.015")
    [entry] = told.view.traders[0].entries
    assert entry.quantity == Decimal("0.015")
    assert entry.size_usd == 1515


@pytest.mark.parametrize("purpose", [p for p in OrderPurpose if p is not OrderPurpose.OPEN])
def test_orders_that_close_are_no_entries(told, purpose):
    told.intend("0x1", purpose=purpose, side=Side.SELL)
    assert told.view.traders[0].entries == ()


def test_the_picture_cannot_be_written_to(told):
    told.intend("0x1")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        told.view.traders[0].entries[0].quantity = Decimal(0)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        told.view.traders[0].account.equity = Decimal(0)
