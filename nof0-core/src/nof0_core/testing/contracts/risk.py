"""What must hold for every risk check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from nof0_core.border.verdict import validated
from nof0_core.domain.decision import Decision, Signal, Verdict, VerdictKind
from nof0_core.domain.venue_view import VenueView
from nof0_core.ids import TraderId
from nof0_core.plugins.kinds import PolicyKind
from nof0_core.protocols import RiskCheck, RiskContext
from nof0_core.testing import samples
from nof0_core.testing.fingerprint import fingerprint
from nof0_core.testing.heartbeat import quick


class RiskCheckContract:
    """Suite for `RiskCheck`; override `kind` and, where defaults do not do, `config`."""

    @pytest.fixture
    def kind(self) -> PolicyKind[Any, RiskCheck]:
        """Return the kind under test; every suite must override it."""
        message = "override the fixture `kind`: return the PolicyKind to be tested"
        raise NotImplementedError(message)

    @pytest.fixture
    def config(self, kind: PolicyKind[Any, RiskCheck]) -> Any:
        """Return the check's config: all defaults, unless overridden."""
        return kind.config()

    @pytest.fixture
    def check(self, kind: PolicyKind[Any, RiskCheck], config: Any) -> RiskCheck:
        """Build the check."""
        return kind.build(config)

    @pytest.fixture
    def decisions(self) -> list[Decision]:
        """Return entries of several kinds; a check must have something to say about each."""
        return [
            samples.decision(),
            samples.decision(Signal.SELL_TO_ENTER),
            samples.decision(confidence=1.0),
            samples.decision(leverage=40),
        ]

    @pytest.fixture
    def shown(self, kind: PolicyKind[Any, RiskCheck]) -> Callable[..., list[RiskContext]]:
        """Return what makes all a check may be shown for a decision, with `changes` made to it.

        Nothing was approved before, or something on either side. Order books and the other traders
        of the venue account are there where the kind asks for them.
        """

        def make(decision: Decision, **changes: Any) -> list[RiskContext]:
            asked: dict[str, Any] = {}
            if kind.needs_order_books:
                asked["book"] = samples.order_book()
            if kind.sees_venue_account:
                asked["venue"] = _venue()
            earlier = [samples.approved_entry(is_long=is_long) for is_long in (True, False)]
            return [
                samples.risk_context(decision, **asked | {"approved": approved} | changes)
                for approved in ((), tuple(earlier))
            ]

        return make

    def test_verdicts_are_of_their_declared_types(
        self,
        check: RiskCheck,
        decisions: list[Decision],
        kind: PolicyKind[Any, RiskCheck],
        shown: Callable[..., list[RiskContext]],
    ) -> None:
        """A verdict passes the checks of the engine's border, whatever was judged."""
        for decision in (*decisions, samples.decision(Signal.CLOSE)):
            for around in shown(decision):
                try:
                    validated(check.check(decision, around), kind.type)
                except (TypeError, ValueError) as error:
                    raise AssertionError(str(error)) from error

    def test_what_is_not_there_is_not_needed(
        self,
        check: RiskCheck,
        decisions: list[Decision],
        kind: PolicyKind[Any, RiskCheck],
        shown: Callable[..., list[RiskContext]],
    ) -> None:
        """A market may have no book of a coin, or an empty side; a trader may be alone."""
        book = samples.order_book()
        lacking: list[dict[str, Any]] = []
        if kind.needs_order_books:
            lacking += [{"book": None}, {"book": attrs.evolve(book, bids=())}]
            lacking += [{"book": attrs.evolve(book, bids=(), asks=())}]
        if kind.sees_venue_account:
            lacking += [{"venue": samples.venue_view(samples.account())}]
        for decision in decisions:
            for changes in lacking:
                for around in shown(decision, **changes):
                    check.check(decision, around)

    def test_same_question_same_verdict(
        self,
        check: RiskCheck,
        decisions: list[Decision],
        shown: Callable[..., list[RiskContext]],
    ) -> None:
        """A check has no memory: asked again, in any order, it says the same."""
        asked = [(d, around) for d in decisions for around in shown(d)]
        first = [check.check(*question) for question in asked]
        again = [check.check(*question) for question in reversed(asked)]
        assert first == again[::-1]

    def test_verdict_says_what_and_why(
        self,
        check: RiskCheck,
        decisions: list[Decision],
        shown: Callable[..., list[RiskContext]],
    ) -> None:
        """A veto has a code and a sentence; a shrink asks for less than there was."""
        for decision in decisions:
            for around in shown(decision):
                verdict = check.check(decision, around)
                if verdict.kind is not VerdictKind.ALLOW:
                    assert verdict.code, "no reason code"
                    assert verdict.message, "no sentence for the journal"
                if verdict.kind is VerdictKind.SHRINK:
                    assert _is_less(verdict, around.size_usd, around.leverage)

    def test_closing_is_allowed(
        self, check: RiskCheck, shown: Callable[..., list[RiskContext]]
    ) -> None:
        """Getting out is never forbidden, whatever the market looks like."""
        state = samples.account(holdings=(samples.holding(),))
        around = samples.context(state=state)
        close = samples.decision(Signal.CLOSE)
        changes: dict[str, Any]
        for changes in ({}, {"quote": None}, {"quote": None, "instrument": None, "book": None}):
            for seen in shown(close, context=around, **changes):
                assert check.check(close, seen).kind is VerdictKind.ALLOW

    def test_what_is_shown_is_only_looked_at(
        self,
        check: RiskCheck,
        decisions: list[Decision],
        shown: Callable[..., list[RiskContext]],
    ) -> None:
        """Decision, accounts, books and bars are the same afterwards, for others see them, too."""
        for decision in decisions:
            for around in shown(decision):
                before = fingerprint((decision, around))
                check.check(decision, around)
                assert fingerprint((decision, around)) == before, "it changed what it was shown"

    def test_verdict_comes_at_once(
        self,
        check: RiskCheck,
        decisions: list[Decision],
        shown: Callable[..., list[RiskContext]],
    ) -> None:
        """A check only reckons: while it does, nobody watches stops."""
        for decision in decisions:
            for around in shown(decision):
                quick("check", lambda d=decision, a=around: check.check(d, a))  # type: ignore[misc]


def _venue() -> VenueView:
    """Make a venue account on which two traders hold the same coin, and one is entering another."""
    long = samples.account(holdings=(samples.holding(),))
    short = attrs.evolve(
        samples.account(
            holdings=(samples.holding(size="-0.02"), samples.holding("ETH", "1", "2500"))
        ),
        trader=TraderId("other"),
    )
    return samples.venue_view(short, long, entries=(samples.open_entry("DOGE", "-5000", "0.2"),))


def _is_less(verdict: Verdict, size: Any, leverage: int) -> bool:
    """Tell whether a shrink lowers size or leverage, and neither to less than nothing."""
    size_lower = verdict.size_usd is not None and 0 <= verdict.size_usd < size
    leverage_lower = verdict.leverage is not None and 1 <= verdict.leverage < leverage
    return size_lower or leverage_lower
