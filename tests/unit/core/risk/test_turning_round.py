"""An entry may follow a close of its coin in one answer, judged as if that had been filled."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import attrs

from nof0_core.domain.brakes import BrakeState
from nof0_core.domain.decision import ALLOW, Signal, Verdict, VerdictKind
from nof0_core.risk.gate import RiskGate


def codes(judgements):
    return [[verdict.code for verdict in j.verdicts] for j in judgements]


def test_an_entry_may_follow_a_close_of_its_coin(context, close, long_btc, holding):
    held = context(holdings=(holding(quantity="-0.01"),), max_positions=1)
    judgements, approved = RiskGate().judge([close(), long_btc()], held)

    assert codes(judgements) == [[], []]
    assert [a.decision.signal for a in approved] == [Signal.CLOSE, Signal.BUY_TO_ENTER]


def test_a_close_that_comes_after_an_entry_makes_no_room_for_it(context, close, long_btc, holding):
    judgements, approved = RiskGate().judge(
        [long_btc(), close()], context(holdings=(holding(),), max_positions=2)
    )

    assert codes(judgements) == [["already_positioned"], []]
    assert [a.decision.signal for a in approved] == [Signal.CLOSE]


def test_a_close_makes_no_room_for_another_coin(context, close, short_eth, holding):
    """It may not fill."""
    judgements, _ = RiskGate().judge(
        [close(), short_eth()], context(holdings=(holding(),), max_positions=1)
    )

    assert codes(judgements) == [[], ["too_many_positions"]]


def test_an_entry_does_not_follow_a_close_that_was_refused(context, close, long_btc, holding):
    class KeepsAll:
        def check(self, decision, context):
            if decision.signal is Signal.CLOSE:
                return Verdict(kind=VerdictKind.VETO, code="kept", message="not now")
            return ALLOW

    judgements, approved = RiskGate((("keep", KeepsAll()),)).judge(
        [close(), long_btc()], context(holdings=(holding(),), max_positions=2)
    )

    assert codes(judgements) == [["kept"], ["already_positioned"]]
    assert approved == ()


def test_after_a_close_and_an_entry_a_coin_is_decided_on(context, close, long_btc, holding):
    judgements, approved = RiskGate().judge(
        [close(), long_btc(), close(), long_btc()], context(holdings=(holding(),))
    )

    assert codes(judgements) == [[], [], ["duplicate_decision"], ["duplicate_decision"]]
    assert len(approved) == 2


def test_an_entry_that_follows_a_close_has_its_margin_less_what_closing_costs(
    context, close, long_btc, holding
):
    """9,000 of 10,000 USD are bound; closing 90,000 USD costs 4.5 bps and 2 of slippage."""
    held = context(
        holdings=(holding(quantity="0.9", unrealized_pnl=Decimal(500)),),
        max_margin_usage_pct=Decimal(100),
        max_position_size_usd=Decimal(1_000_000),
        taker_fee_bps=Decimal("4.5"),
        expected_slippage_bps=Decimal(2),
    )
    entry = long_btc(position_size_usd=Decimal(500_000), leverage=10)
    shown = []

    class Sees:
        def check(self, decision, context):
            shown.append(context)
            return ALLOW

    (_, judgement), (_, approved) = RiskGate((("sees", Sees()),)).judge([close(), entry], held)

    # equity / (1/leverage + costs of entering)
    equity = Decimal(10_000) - Decimal(90_000) * Decimal("0.00065")
    room = equity / (Decimal("0.1") + Decimal("0.00065"))
    assert "margin_capped" in codes([judgement])[0]
    assert room - 100 < approved.size_usd <= room
    seen = shown[-1]
    assert seen.holding is None
    assert seen.context.account.holdings == ()
    assert (seen.context.account.equity, seen.context.account.margin_used) == (equity, 0)
    account = seen.context.account
    assert account.equity == account.cash + account.unrealized_pnl


def test_without_the_close_there_is_no_margin(context, short_eth, holding):
    held = context(
        holdings=(holding(quantity="0.9"),), max_margin_usage_pct=Decimal(90), max_positions=2
    )
    (judgement,), approved = RiskGate().judge([short_eth()], held)

    assert codes([judgement]) == [["no_margin_left"]]
    assert approved == ()


def test_a_coin_that_rests_after_a_close_is_not_entered_right_after_it(
    context, close, long_btc, holding
):
    held = context(holdings=(holding(),), cooldown_after_close=timedelta(minutes=10))
    judgements, approved = RiskGate().judge(
        [close(), long_btc()], attrs.evolve(held, brakes=BrakeState())
    )

    assert codes(judgements) == [[], ["cooldown"]]
    assert len(approved) == 1
