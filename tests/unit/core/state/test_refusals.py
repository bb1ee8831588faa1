"""What cannot be true is refused, and leaves everything as it was."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nof0_core.domain.event import Alerted, Transferred
from nof0_core.domain.vocabulary import TransferReason
from nof0_core.errors import UnbookableError
from nof0_core.ids import RESERVE

D = Decimal


@pytest.fixture
def started(script):
    script.transfer("ann", "1000")
    script.trade("ann", "BTC", "0.1", "100000", "1.5")
    return script


@pytest.mark.parametrize(
    ("size", "price", "fee"),
    [
        pytest.param("0.1", "0", "0", id="price of nothing"),
        pytest.param("0.1", "-5", "0", id="negative price"),
        pytest.param("0", "5", "0", id="no coins"),
        pytest.param("0.1", "NaN", "0", id="price is no number"),
        pytest.param("0.1", "5", "NaN", id="fee is no number"),
        pytest.param("0.1", "5", "Infinity", id="endless fee"),
        pytest.param("0.1", "1E-60", "0", id="more digits than are added exactly"),
        pytest.param("-0.05", "5", "1E-60", id="fee with too many digits on a close"),
    ],
)
def test_impossible_fill_is_refused_and_changes_nothing(started, picture_of, size, price, fee):
    before = picture_of(started.ledger, ["ann"])
    with pytest.raises(UnbookableError, match=r"^event \d+ \(filled\) cannot be booked: "):
        started.fill("ann", "BTC", size, price, fee, trade_id=99)
    assert picture_of(started.ledger, ["ann"]) == before
    assert not started.ledger.knows_fill("paper", 99)


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1E-60"])
def test_impossible_amounts_are_refused(started, picture_of, amount):
    before = picture_of(started.ledger, ["ann"])
    with pytest.raises(UnbookableError, match="transferred"):
        started.transfer("ann", amount)
    with pytest.raises(UnbookableError, match="funding"):
        started.fund("ann", "BTC", amount)
    assert picture_of(started.ledger, ["ann"]) == before


def test_trader_cannot_have_accounts_at_two_venues(started):
    other = Transferred(
        venue_account="live",
        amounts={"ann": D(5)},
        equities={"ann": D(0)},
        reason=TransferReason.INITIAL,
    )
    with pytest.raises(UnbookableError, match="ann has its account at paper, not in live"):
        started.tell(other)
    assert started.ledger.totals("live").raw_usd == 0
    assert started.ledger.venue_account_of("ann") == "paper"


def test_shared_accounts_exist_at_every_venue(started):
    for venue_account in ("paper", "live"):
        started.tell(
            Transferred(
                venue_account=venue_account,
                amounts={RESERVE: D(5)},
                equities={},
                reason=TransferReason.INITIAL,
            )
        )
    assert started.ledger.totals("live").raw_usd == D(5)
    assert started.account(RESERVE).equity == D(5)
    assert started.ledger.venue_account_of(RESERVE) is None


def test_events_that_say_nothing_about_money_are_ignored(started, picture_of):
    before = picture_of(started.ledger, ["ann"])
    started.tell(Alerted(code="test", message="nothing to book"))
    assert picture_of(started.ledger, ["ann"]) == before
