"""Risk checks that break a promise fail the case for it."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest
from contract.broken_exchanges import held_up

from nof0_core.domain.decision import ALLOW, Verdict, VerdictKind
from nof0_core.plugins.kinds import PolicyKind
from nof0_core.testing.contracts import RiskCheckContract

pytestmark = pytest.mark.anyio

TYPES = "test_verdicts_are_of_their_declared_types"
LOOKED_AT = "test_what_is_shown_is_only_looked_at"
NOT_NEEDED = "test_what_is_not_there_is_not_needed"


@attrs.frozen(kw_only=True)
class NoConfig:
    """Nothing to set."""


class Forgets:
    """Vetoes every second question."""

    asked = 0

    def check(self, judged, around):
        self.asked += 1
        if judged.signal.is_entry and self.asked % 2:
            return Verdict(kind=VerdictKind.VETO, code="odd", message="odd")
        return ALLOW


class SaysNothing:
    def check(self, judged, around):
        return Verdict(kind=VerdictKind.VETO) if judged.signal.is_entry else ALLOW


class Grows:
    def check(self, judged, around):
        if not judged.signal.is_entry:
            return ALLOW
        wanted = around.size_usd + Decimal(1)
        return Verdict(kind=VerdictKind.SHRINK, code="more", message="more", size_usd=wanted)


class KeepsIn:
    def check(self, judged, around):
        return Verdict(kind=VerdictKind.VETO, code="stay", message="stay")


class ShrinksToAFloat:
    def check(self, judged, around):
        if not judged.signal.is_entry:
            return ALLOW
        return Verdict(kind=VerdictKind.SHRINK, code="less", message="less", size_usd=1.5)


class CountsInFloats:
    def check(self, judged, around):
        if not judged.signal.is_entry:
            return ALLOW
        numbers = {"hour": 1.5}
        return Verdict(kind=VerdictKind.VETO, code="no", message="no", numbers=numbers)


class Enlarges:
    def check(self, judged, around):
        if judged.position_size_usd:
            object.__setattr__(judged, "position_size_usd", judged.position_size_usd * 2)
        return ALLOW


class Flattens:
    """Writes into the bars it is shown."""

    def check(self, judged, around):
        for snapshot in around.context.snapshots.values():
            for series in snapshot.series.values():
                flat = series.candles.close * 0 + 1
                object.__setattr__(series.candles, "close", flat)
        return ALLOW


class ClearsOthers:
    """Writes off what others hold."""

    def check(self, judged, around):
        for trader in around.venue.traders:
            object.__setattr__(trader.account, "holdings", ())
        return ALLOW


class TakesEarlierEntriesOut:
    def check(self, judged, around):
        object.__setattr__(around, "approved", ())
        return ALLOW


class ReliesOnABook:
    def check(self, judged, around):
        if judged.signal.is_entry:
            around.book.bids[0].price  # noqa: B018 - there may be none
        return ALLOW


class NeedsAnother:
    def check(self, judged, around):
        if not judged.signal.is_entry:
            return ALLOW
        _, second = around.venue.traders
        assert second.account.equity
        return ALLOW


class Ponders:
    def check(self, judged, around):
        held_up()
        return ALLOW


def kind_of(cls):
    return PolicyKind(
        type="x",
        config=NoConfig,
        build=lambda _: cls(),
        summary="a check",
        needs_order_books=True,
        sees_venue_account=True,
    )


CHECKS = [
    (Forgets, "test_same_question_same_verdict"),
    (SaysNothing, "test_verdict_says_what_and_why"),
    (Grows, "test_verdict_says_what_and_why"),
    (KeepsIn, "test_closing_is_allowed"),
    (ShrinksToAFloat, TYPES),
    (CountsInFloats, TYPES),
    (Enlarges, LOOKED_AT),
    (Flattens, LOOKED_AT),
    (ClearsOthers, LOOKED_AT),
    (TakesEarlierEntriesOut, LOOKED_AT),
    (ReliesOnABook, NOT_NEEDED),
    (NeedsAnother, NOT_NEEDED),
]


@pytest.mark.parametrize(("broken", "case"), [pytest.param(b, c, id=b.__name__) for b, c in CHECKS])
async def test_broken_check_fails_its_case_alone(broken, case, failing):
    assert await failing(RiskCheckContract, kind_of(broken), NoConfig()) == {case}


async def test_pondering_is_caught(failing, monkeypatch):
    monkeypatch.setattr("nof0_core.testing.heartbeat.TICK", 0.001)
    found = await failing(RiskCheckContract, kind_of(Ponders), NoConfig())
    assert found == {"test_verdict_comes_at_once"}


def test_every_case_of_the_suite_for_checks_has_a_broken_check(cases):
    caught = {case for _, case in CHECKS}
    assert cases(RiskCheckContract) == caught | {"test_verdict_comes_at_once"}
