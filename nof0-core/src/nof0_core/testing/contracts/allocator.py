"""What must hold for every allocation strategy."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs
import pytest

from nof0_core.border.records import SYMBOL, joined, mapping
from nof0_core.border.values import number
from nof0_core.domain.view import TraderView
from nof0_core.ids import TraderId
from nof0_core.plugins.kinds import PolicyKind
from nof0_core.protocols import AllocationRequest, Allocator
from nof0_core.testing import views
from nof0_core.testing.fingerprint import fingerprint
from nof0_core.testing.heartbeat import quick

SHARE = number(least=0)
ROUNDING = Decimal("1E-9")
"""How far the sum of shares may be above what there is, as the engine allows."""


class AllocatorContract:
    """Suite for `Allocator`; override `kind` and, where defaults do not do, `config`."""

    @pytest.fixture
    def kind(self) -> PolicyKind[Any, Allocator]:
        """Return the kind under test; every suite must override it."""
        message = "override the fixture `kind`: return the PolicyKind to be tested"
        raise NotImplementedError(message)

    @pytest.fixture
    def config(self, kind: PolicyKind[Any, Allocator]) -> Any:
        """Return the allocator's config: all defaults, unless overridden."""
        return kind.config()

    @pytest.fixture
    def allocator(self, kind: PolicyKind[Any, Allocator], config: Any) -> Allocator:
        """Build the allocator."""
        return kind.build(config)

    @pytest.fixture
    def requests(self) -> dict[str, AllocationRequest]:
        """Return what it is asked, by what is special about it."""
        one, two, many = (
            tuple(views.trader_view(f"trader{place}", hours=24 * place) for place in range(count))
            for count in (1, 2, 12)
        )
        lost = _with_equity(two[0], "0.01"), two[1]
        ruined = _with_equity(two[0], "-50"), two[1]
        return {
            "one trader": allocation(one),
            "two traders": allocation(two),
            "twelve traders": allocation(many),
            "a reserve": allocation(two, available="80"),
            "an odd reserve": allocation(two, available="59.9762"),
            "more than is available in use": attrs.evolve(
                allocation(two, available="80"),
                current={view.trader: Decimal(44) for view in two},
            ),
            "nothing to hand out": allocation(two, available="0"),
            "next to no equity": allocation(lost),
            "negative equity": allocation(ruined),
            "all records empty": allocation(tuple(views.trader_view(f"new{n}") for n in range(3))),
            "no capital configured": attrs.evolve(
                allocation(two), configured={view.trader: Decimal(0) for view in two}
            ),
        }

    def test_shares_are_of_their_declared_types(
        self, allocator: Allocator, requests: dict[str, AllocationRequest]
    ) -> None:
        """Each share is a finite `Decimal`, not below 0, under the id of a trader."""
        for name, request in requests.items():
            shares = mapping(allocator.allocate(request))
            assert not isinstance(shares, str), f"{name}: {joined('allocate', shares)}"
            for trader, share in shares.items():
                wrong = SYMBOL(trader) or SHARE(share)
                assert not wrong, f"{name}: {joined(f'allocate[{trader}]', wrong)}"

    def test_every_trader_has_a_share_and_nobody_else(
        self, allocator: Allocator, requests: dict[str, AllocationRequest]
    ) -> None:
        """All traders are in the answer, also those that get nothing, and no others."""
        for name, request in requests.items():
            asked = {view.trader for view in request.traders}
            assert set(allocator.allocate(request)) == asked, name

    def test_shares_do_not_exceed_what_there_is(
        self, allocator: Allocator, requests: dict[str, AllocationRequest]
    ) -> None:
        """The sum is at most `available_pct`; what is more is refused, and nothing moves."""
        for name, request in requests.items():
            shares: Mapping[TraderId, Decimal] = allocator.allocate(request)
            total = sum(shares.values(), Decimal(0))
            assert total <= request.available_pct + ROUNDING, (
                f"{name}: {total} % of the {request.available_pct} % there are"
            )

    def test_same_question_same_shares(
        self, allocator: Allocator, requests: dict[str, AllocationRequest]
    ) -> None:
        """An allocator has no memory and no dice: asked again, in any order, it says the same."""
        first = {name: dict(allocator.allocate(each)) for name, each in requests.items()}
        again = {name: dict(allocator.allocate(requests[name])) for name in reversed(requests)}
        assert first == again

    def test_what_is_shown_is_only_looked_at(
        self, allocator: Allocator, requests: dict[str, AllocationRequest]
    ) -> None:
        """Traders and shares of before are the same afterwards."""
        for name, request in requests.items():
            before = fingerprint(request)
            allocator.allocate(request)
            assert fingerprint(request) == before, f"{name}: it changed what it was shown"

    def test_shares_come_at_once(
        self, allocator: Allocator, requests: dict[str, AllocationRequest]
    ) -> None:
        """An allocator only reckons: while it does, nobody watches stops."""
        for name, request in requests.items():
            quick(
                f"{name}: allocate",
                lambda each=request: allocator.allocate(each),  # type: ignore[misc]
            )


def allocation(traders: tuple[TraderView, ...], *, available: str = "100") -> AllocationRequest:
    """Return the question of a rebalance in which all traders were given the same."""
    there = Decimal(available)
    total = sum((view.account.equity for view in traders), Decimal(0)) or Decimal(1)
    return AllocationRequest(
        traders=traders,
        configured={view.trader: there / len(traders) for view in traders},
        current={view.trader: view.account.equity / total * there for view in traders},
        available_pct=there,
    )


def _with_equity(view: TraderView, equity: str) -> TraderView:
    amount = Decimal(equity)
    account = attrs.evolve(view.account, cash=amount, equity=amount)
    return attrs.evolve(view, account=account)
