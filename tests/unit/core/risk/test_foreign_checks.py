"""What a plugin's check raises, or says and changes later, is a veto with a name or nothing."""

from __future__ import annotations

import asyncio  # noqa: TID251 - a native cancellation is what is tried
from decimal import Decimal
from types import SimpleNamespace

import pytest

from nof0_core.border.foreign import Origin
from nof0_core.domain.decision import Verdict, VerdictKind
from nof0_core.risk.gate import RiskGate


class Says:
    """A check that always gives the same answer."""

    def __init__(self, verdict):
        self.verdict = verdict

    def check(self, decision, context):
        return self.verdict


BAD = Origin(part="risk check spread", plugin="nof0-bad 1.2", place="manager.yaml:30")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (SystemExit(3), "SystemExit: 3"),
        (KeyError("x"), "KeyError: 'x'"),
        (asyncio.CancelledError(), "CancelledError, though nobody cancelled it"),
        (ExceptionGroup("all", [KeyError("x"), ValueError("y")]), "KeyError: 'x'; ValueError: y"),
    ],
    ids=repr,
)
def test_what_a_check_raises_is_a_veto_that_says_whose_defect_it_is(context, long_btc, fault, said):
    def fail(*_):
        raise fault

    asked = RiskGate([("spread", SimpleNamespace(check=fail))], [BAD])
    (judgement,), _ = asked.judge([long_btc()], context())

    assert [(v.check, v.code, v.message) for v in judgement.verdicts] == [
        (
            "spread",
            "check_failed",
            f"check raised {said}: a defect of nof0-bad 1.2 (risk check spread, manager.yaml:30)",
        )
    ]


def test_who_wants_to_end_the_engine_is_not_taken_for_a_check_that_failed(context, long_btc):
    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        RiskGate([("spread", SimpleNamespace(check=stop))]).judge([long_btc()], context())


class Greedy(Decimal):
    """A number that says it is smaller than any other."""

    def __lt__(self, _):
        return True

    def __gt__(self, _):
        return False


def test_a_number_that_lies_when_it_is_compared_is_no_number(context, long_btc):
    check = Says(Verdict(kind=VerdictKind.SHRINK, code="more", size_usd=Greedy(9999)))
    _, approved = RiskGate((("greed", check),)).judge([long_btc()], context())

    assert approved == ()


def test_a_check_that_changes_its_word_later_changes_nothing(context, long_btc):
    numbers = {"spread": Decimal(9)}
    word = Verdict(kind=VerdictKind.VETO, code="wide", numbers=numbers)
    (judgement,), _ = RiskGate((("spread", Says(word)),)).judge([long_btc()], context())
    numbers["spread"] = Decimal(0)
    object.__setattr__(word, "kind", VerdictKind.ALLOW)

    [kept] = judgement.verdicts
    assert (kept.kind, kept.numbers) == (VerdictKind.VETO, {"spread": Decimal(9)})
