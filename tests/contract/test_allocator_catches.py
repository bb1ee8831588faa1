"""An allocator that breaks one promise fails the case for it."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest
from contract.broken_exchanges import held_up

from nof0_core.plugins.kinds import PolicyKind
from nof0_core.testing.contracts import AllocatorContract

pytestmark = pytest.mark.anyio

TYPES = "test_shares_are_of_their_declared_types"
WHO = "test_every_trader_has_a_share_and_nobody_else"
SUM = "test_shares_do_not_exceed_what_there_is"


@attrs.frozen(kw_only=True)
class NoConfig:
    """Nothing to set."""


class Halves:
    """Half of what there is, in equal parts; this one is good."""

    def allocate(self, request):
        count = len(request.traders)
        return {view.trader: request.available_pct / 2 / count for view in request.traders}


class Nothing(Halves):
    def allocate(self, request):
        return None


class Floats(Halves):
    def allocate(self, request):
        return {trader: float(share) for trader, share in super().allocate(request).items()}


class Negative(Halves):
    def allocate(self, request):
        shares = super().allocate(request)
        first = next(iter(shares))
        return shares | {first: -shares[first] if shares[first] else Decimal(-1)}


class NoNumbers(Halves):
    def allocate(self, request):
        return dict.fromkeys(super().allocate(request), Decimal("NaN"))


class DividesByEquity(Halves):
    def allocate(self, request):
        for view in request.traders:
            assert view.account.equity > 0
        return super().allocate(request)


class LeavesOut(Halves):
    def allocate(self, request):
        shares = super().allocate(request)
        return dict(list(shares.items())[1:])


class KeepsSome(Halves):
    def allocate(self, request):
        return super().allocate(request) | {"reserve": Decimal(0)}


class HandsOutAll(Halves):
    """100 percent, whatever the reserve is."""

    def allocate(self, request):
        count = len(request.traders)
        return {view.trader: Decimal(100) / count for view in request.traders}


class Remembers(Halves):
    asked = 0

    def allocate(self, request):
        self.asked += 1
        shares = super().allocate(request)
        return {trader: share / self.asked for trader, share in shares.items()}


class Takes(Halves):
    def allocate(self, request):
        shares = super().allocate(request)
        request.configured.clear()
        return shares


class Ponders(Halves):
    def allocate(self, request):
        held_up()
        return super().allocate(request)


def kind_of(cls):
    return PolicyKind(type="x", config=NoConfig, build=lambda _: cls(), summary="shares")


ALLOCATORS = [
    (Nothing, None, TYPES),
    (Floats, None, TYPES),
    (Negative, {TYPES}, TYPES),
    (NoNumbers, None, TYPES),
    (DividesByEquity, None, TYPES),
    (LeavesOut, {WHO}, WHO),
    (KeepsSome, {WHO}, WHO),
    (HandsOutAll, {SUM}, SUM),
    (Remembers, {"test_same_question_same_shares"}, "test_same_question_same_shares"),
    (
        Takes,
        {"test_what_is_shown_is_only_looked_at"},
        "test_what_is_shown_is_only_looked_at",
    ),
]
"""With all cases that fail, None where several do; the last one is always among them."""


@pytest.mark.parametrize(
    ("broken", "all_", "case"), [pytest.param(*row, id=row[0].__name__) for row in ALLOCATORS]
)
async def test_broken_allocator_fails_its_case(broken, all_, case, failing):
    found = await failing(AllocatorContract, kind_of(broken), NoConfig())
    assert case in found
    assert all_ is None or found == all_


async def test_good_allocator_fails_nothing(failing):
    assert await failing(AllocatorContract, kind_of(Halves), NoConfig()) == set()


async def test_pondering_is_caught(failing, monkeypatch):
    monkeypatch.setattr("nof0_core.testing.heartbeat.TICK", 0.001)
    found = await failing(AllocatorContract, kind_of(Ponders), NoConfig())
    assert found == {"test_shares_come_at_once"}


async def test_share_of_a_wrong_type_is_told_with_its_trader(faults):
    given = {"kind": kind_of(Floats), "config": NoConfig()}
    said = (await faults(AllocatorContract, given, [TYPES]))[TYPES]
    assert "one trader: allocate[trader0] is 50.0 (float), not a Decimal" in said


def test_every_case_of_the_allocator_suite_has_a_broken_allocator(cases):
    caught = {case for *_, case in ALLOCATORS}
    assert cases(AllocatorContract) == caught | {"test_shares_come_at_once"}
