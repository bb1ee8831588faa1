"""Who is a trader, and who is everybody."""

from __future__ import annotations

import pytest

from nof0_core.ids import ENGINE, RESERVE, UNASSIGNED, TraderId, is_shared


@pytest.mark.parametrize("account", [RESERVE, UNASSIGNED, ENGINE])
def test_accounts_and_streams_of_all_are_no_traders(account):
    assert is_shared(account)


@pytest.mark.parametrize("trader", ["ann", "reserve", "ann-2"])
def test_a_trader_is_not_shared(trader):
    assert not is_shared(TraderId(trader))
