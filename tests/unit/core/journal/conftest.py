"""A small journal without trouble."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from nof0_core.domain.event import Alerted, EngineStarted, EngineStopped, Transferred
from nof0_core.domain.vocabulary import ClockKind, TransferReason
from nof0_core.ids import ENGINE, TraderId
from nof0_core.journal import Journal

START = datetime(2025, 7, 1, 23, 0, tzinfo=UTC)
WALL = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def write_story(journal):
    """Append eight records to three streams; the chains of all three cross midnight."""
    alice, bob = TraderId("alice"), TraderId("bob")
    hour = timedelta(hours=1)
    careful = Alerted(code="test", message="größer als 5 €")

    def transfer(trader):
        return Transferred(
            venue_account="paper",
            amounts={trader: Decimal("1000.50")},
            equities={trader: Decimal(0)},
            reason=TransferReason.INITIAL,
        )

    journal.append(
        START,
        ENGINE,
        EngineStarted(
            version="0.1.0",
            config_digest="c" * 64,
            clock=ClockKind.SIMULATED,
            seed=7,
            traders=(alice, bob),
        ),
    )
    journal.append(START, alice, transfer(alice))
    journal.append(START, bob, transfer(bob))
    journal.append(START, alice, careful)
    journal.append(START + hour, bob, careful)
    journal.append(START + hour, alice, careful)
    journal.append(START + 2 * hour, ENGINE, careful)
    journal.append(START + 2 * hour, ENGINE, EngineStopped(reason="done"))


@pytest.fixture
def root(tmp_path):
    return tmp_path / "journal"


@pytest.fixture
def tell():
    return write_story


@pytest.fixture
def kept(root):
    """The directory of a closed journal with eight records."""
    with Journal.open(root, wall=lambda: WALL) as journal:
        write_story(journal)
    return root


@pytest.fixture
def story(kept):
    """The same without its `days.json`: what is found is found by the records alone."""
    (kept / "days.json").unlink()
    return kept
