"""The account checks its own identity whenever money moves."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from nof0_provider_sim.exchange.records import FundingSettled, LeverageSet, Liquidated, from_plain
from nof0_provider_sim.exchange.state import VenueState


def _paid(amount):
    return FundingSettled(at_ms=1, symbol="ETH", quantity=D(1), rate=D("0.001"), amount=D(amount))


def test_money_from_nothing_stops_the_account():
    state = VenueState(D(1000))
    state.apply(_paid("-0.5"))
    state.account.raw_usd += D("1E-9")
    with pytest.raises(ArithmeticError, match="add up to"):
        state.apply(_paid("0.1"))


def test_liquidation_counts_as_fill_and_ids_go_on():
    state = VenueState(D(1000))
    state.apply(
        Liquidated(
            at_ms=5,
            trade_id=1,
            venue_order_id=1, symbol="ETH", side="sell", price=D(90), size=D(2),
            fee=D("0.1"), mark=D(90), method="market", is_partial=True, debt=D(0),
        )
    )  # fmt: skip
    assert (state.next_trade_id, state.next_venue_order_id, state.partial_ms) == (2, 2, 5)
    assert state.turnover(None).total == 180


def test_leverage_of_an_older_account_file_is_cross():
    record = from_plain({"is": "leverage", "at_ms": 1, "symbol": "ETH", "leverage": 3})
    assert record == LeverageSet(at_ms=1, symbol="ETH", leverage=3, mode="cross")
