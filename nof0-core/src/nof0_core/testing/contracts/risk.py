"""What must hold for every risk check."""

from __future__ import annotations

from typing import Any

import pytest

from nof0_core.border.verdict import validated
from nof0_core.domain.decision import Decision, Signal, Verdict, VerdictKind
from nof0_core.plugins.kinds import PolicyKind
from nof0_core.protocols import RiskCheck
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

    def test_verdicts_are_of_their_declared_types(
        self, check: RiskCheck, decisions: list[Decision], kind: PolicyKind[Any, RiskCheck]
    ) -> None:
        """A verdict passes the checks of the engine's border, whatever was judged."""
        for decision in (*decisions, samples.decision(Signal.CLOSE)):
            verdict = check.check(decision, samples.risk_context(decision))
            try:
                validated(verdict, kind.type)
            except (TypeError, ValueError) as error:
                raise AssertionError(str(error)) from error

    def test_same_question_same_verdict(self, check: RiskCheck, decisions: list[Decision]) -> None:
        """A check has no memory: asked again, in any order, it says the same."""
        first = [check.check(d, samples.risk_context(d)) for d in decisions]
        again = [check.check(d, samples.risk_context(d)) for d in reversed(decisions)]
        assert first == again[::-1]

    def test_verdict_says_what_and_why(self, check: RiskCheck, decisions: list[Decision]) -> None:
        """A veto has a code and a sentence; a shrink asks for less than there was."""
        for decision in decisions:
            around = samples.risk_context(decision)
            verdict = check.check(decision, around)
            if verdict.kind is not VerdictKind.ALLOW:
                assert verdict.code, "no reason code"
                assert verdict.message, "no sentence for the journal"
            if verdict.kind is VerdictKind.SHRINK:
                assert _is_less(verdict, around.size_usd, around.leverage)

    def test_closing_is_allowed(self, check: RiskCheck) -> None:
        """Getting out is never forbidden, whatever the market looks like."""
        state = samples.account(holdings=(samples.holding(),))
        around = samples.context(state=state)
        close = samples.decision(Signal.CLOSE)
        for changes in ({}, {"quote": None}, {"quote": None, "instrument": None}):
            seen = samples.risk_context(close, context=around, **changes)
            assert check.check(close, seen).kind is VerdictKind.ALLOW

    def test_what_is_shown_is_only_looked_at(
        self, check: RiskCheck, decisions: list[Decision]
    ) -> None:
        """Decision, account and bars are the same afterwards: other checks are shown them, too."""
        for decision in decisions:
            around = samples.risk_context(decision)
            before = fingerprint((decision, around))
            check.check(decision, around)
            assert fingerprint((decision, around)) == before, "the check changed what it was shown"

    def test_verdict_comes_at_once(self, check: RiskCheck, decisions: list[Decision]) -> None:
        """A check only reckons: while it does, nobody watches stops."""
        for decision in decisions:
            around = samples.risk_context(decision)
            quick("check", lambda d=decision, a=around: check.check(d, a))  # type: ignore[misc]


def _is_less(verdict: Verdict, size: Any, leverage: int) -> bool:
    """Tell whether a shrink lowers size or leverage, and neither to less than nothing."""
    size_lower = verdict.size_usd is not None and 0 <= verdict.size_usd < size
    leverage_lower = verdict.leverage is not None and 1 <= verdict.leverage < leverage
    return size_lower or leverage_lower
