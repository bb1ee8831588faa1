"""Each built-in check allows what it should and refuses or shrinks the rest."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import attrs
import pytest

from nof0_core.domain.decision import ALLOW, VerdictKind
from nof0_core.domain.position import MarginMode
from nof0_core.protocols.risk import ApprovedEntry, RiskContext
from nof0_core.risk.gate import RiskGate
from nof0_core.risk.kinds import RISK_CHECKS


def judge(decision, context):
    (judgement,), approved = RiskGate().judge([decision], context)
    assert bool(approved) == judgement.is_approved
    return judgement


def codes(judgement):
    return [verdict.code for verdict in judgement.verdicts]


def test_a_sound_long_and_a_sound_short_pass_untouched(context, long_btc, short_eth):
    judgements, approved = RiskGate().judge([long_btc(), short_eth()], context())

    assert [codes(j) for j in judgements] == [[], []]
    assert [a.size_usd for a in approved] == [Decimal(1000), Decimal(1000)]
    assert [a.leverage for a in approved] == [5, 5]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"position_size_usd": None}, id="no size"),
        pytest.param({"position_size_usd": Decimal("NaN")}, id="NaN size"),
        pytest.param({"position_size_usd": Decimal("Infinity")}, id="infinite size"),
        pytest.param({"position_size_usd": Decimal(-5)}, id="negative size"),
        pytest.param({"position_size_usd": Decimal(10) ** 13}, id="size of ten trillion"),
        pytest.param({"position_size_usd": 1000.0}, id="size as a float"),
        pytest.param({"entry_price": None}, id="no entry price"),
        pytest.param({"stop_loss": Decimal(0)}, id="stop at zero"),
        pytest.param({"take_profit": Decimal("-Infinity")}, id="infinite target"),
        pytest.param({"leverage": None}, id="no leverage"),
        pytest.param({"leverage": 0}, id="leverage 0"),
        pytest.param({"leverage": True}, id="leverage true"),
        pytest.param({"leverage": 2.5}, id="leverage 2.5"),
        pytest.param({"confidence": None}, id="no confidence"),
        pytest.param({"confidence": float("nan")}, id="NaN confidence"),
        pytest.param({"confidence": 101.0}, id="confidence above 100"),
        pytest.param({"signal": "buy_everything"}, id="unknown signal"),
    ],
)
def test_numbers_out_of_contract_are_malformed(context, long_btc, changes):
    assert codes(judge(long_btc(**changes), context())) == ["malformed"]


def test_a_symbol_of_another_trader_is_refused(context, long_btc):
    judgement = judge(long_btc(), context(symbols=("ETH",)))

    assert codes(judgement) == ["symbol_not_allowed"]


def test_confidence_below_the_minimum_is_refused_and_at_it_allowed(context, long_btc):
    limits = {"min_confidence": 75}

    assert judge(long_btc(confidence=75.0), context(**limits)).is_approved
    refused = judge(long_btc(confidence=74.9), context(**limits))
    assert codes(refused) == ["confidence_below_minimum"]
    assert refused.verdicts[0].numbers == {"confidence": Decimal("74.9"), "minimum": Decimal(75)}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"stop_loss": None}, "stop_missing"),
        ({"take_profit": None}, "target_missing"),
        ({"stop_loss": Decimal(100_000)}, "stop_on_wrong_side"),
        ({"stop_loss": Decimal(101_000)}, "stop_on_wrong_side"),
        ({"take_profit": Decimal(99_000)}, "target_on_wrong_side"),
        # On BTC's tick of 1 USD this rounds to the mark itself.
        ({"stop_loss": Decimal("99999.8")}, "stop_on_wrong_side"),
    ],
)
def test_exits_of_a_long_must_be_there_and_on_their_sides(context, long_btc, changes, code):
    assert codes(judge(long_btc(**changes), context())) == [code]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"stop_loss": Decimal(3990)}, "stop_on_wrong_side"),
        ({"take_profit": Decimal(4010)}, "target_on_wrong_side"),
    ],
)
def test_exits_of_a_short_are_mirrored(context, short_eth, changes, code):
    assert codes(judge(short_eth(**changes), context())) == [code]


def test_sides_are_judged_against_the_mark_not_the_models_price(context, long_btc):
    decision = long_btc(entry_price=Decimal(103_000), stop_loss=Decimal(101_000))

    assert codes(judge(decision, context())) == ["stop_on_wrong_side"]


def test_exits_that_are_switched_off_are_neither_needed_nor_placed(context, long_btc):
    off = {"stop_loss_enabled": False, "take_profit_enabled": False}
    _, (bare,) = RiskGate().judge([long_btc(stop_loss=None, take_profit=None)], context(**off))
    _, (ignored,) = RiskGate().judge([long_btc(stop_loss=Decimal(150_000))], context(**off))

    for approved in (bare, ignored):
        assert (approved.stop_loss, approved.take_profit) == (None, None)
        assert approved.reward_risk is None
        assert approved.risk_usd == Decimal(1000)


def test_reward_risk_is_taken_after_fees_and_slippage(context, long_btc):
    # fee 4.5 bps, slippage 5 bps, mark 100 000: entry 100 050.
    # Stop 98 000 -> 97 951; loss 2 099 + 0.00045 x 198 001 = 2 188.10045.
    # Target 106 000 -> 105 947; gain 5 897 - 0.00045 x 205 997 = 5 804.30135.
    # 5 804.30135 / 2 188.10045 = 2.65266...
    judgement = judge(long_btc(), context(min_risk_reward=Decimal("2.65")))

    assert judgement.is_approved
    assert judgement.reward_risk == Decimal("2.6526")
    # 0.01 BTC lose 21.8810045 USD, rounded up to 6 decimals.
    assert judgement.risk_usd == Decimal("21.881005")
    refused = judge(long_btc(), context(min_risk_reward=Decimal("2.66")))
    assert codes(refused) == ["reward_risk_below_minimum"]


def test_expected_slippage_never_exceeds_the_cap(context, long_btc):
    free = judge(long_btc(), context(slippage_bps=Decimal(0), taker_fee_bps=Decimal(0)))

    assert (free.reward_risk, free.risk_usd) == (Decimal(3), Decimal(20))


def test_reward_risk_of_a_short_mirrors_that_of_a_long(context, short_eth):
    # entry 3 998; stop 4 080 -> 4 082.04: loss 84.04 + 0.00045 x 8 080.04 = 87.676018
    # target 3 760 -> 3 761.88: gain 236.12 - 0.00045 x 7 759.88 = 232.628054
    assert judge(short_eth(), context()).reward_risk == Decimal("2.6532")


def test_a_target_that_does_not_pay_its_costs_has_negative_reward(context, long_btc):
    refused = judge(long_btc(take_profit=Decimal(100_100)), context(min_risk_reward=Decimal(0)))

    assert codes(refused) == ["reward_risk_below_minimum"]
    assert refused.verdicts[0].numbers["reward_risk"] < 0


def test_an_invented_entry_price_is_refused(context, long_btc):
    assert judge(
        long_btc(entry_price=Decimal(105_000)), context(price_band_pct=Decimal(5))
    ).is_approved
    refused = judge(long_btc(entry_price=Decimal(105_001)), context(price_band_pct=Decimal(5)))
    assert codes(refused) == ["price_out_of_band"]


@pytest.mark.parametrize(
    ("age", "found"),
    [
        (timedelta(minutes=5), []),
        (timedelta(minutes=5, microseconds=1), ["stale_data"]),
        (-timedelta(minutes=5), []),
        (-timedelta(minutes=5, microseconds=1), ["future_data"]),
    ],
)
def test_prices_too_far_from_now_stop_an_entry(context, long_btc, quote, age, found):
    seen = quote("BTC", time=quote("BTC").time - age)

    judgement = judge(long_btc(), context(quotes={"BTC": seen}))
    assert codes(judgement) == found
    assert [v.numbers for v in judgement.verdicts] == [
        {"age_s": Decimal(str(age.total_seconds()))} for _ in found
    ]


STEP = Decimal("0.000001")
"""The smallest difference an amount of USD is rounded to."""


@pytest.mark.parametrize("over", [-STEP, Decimal(0), STEP])
@pytest.mark.parametrize(
    ("limit", "bound", "code", "numbers"),
    [
        ("max_position_size_usd", Decimal(1000), "size_capped", {"wanted": Decimal(1000)}),
        # 10 000 USD of equity.
        (
            "max_position_equity_multiple",
            Decimal("0.1"),
            "above_value_band",
            {"wanted": Decimal(1000)},
        ),
        # 1 000 USD at 5x take 200 USD, which is 2 % of the equity.
        (
            "max_margin_usage_pct",
            Decimal(2),
            "margin_capped",
            {"wanted": Decimal(1000), "margin_used": Decimal(0)},
        ),
    ],
)
def test_what_is_wanted_is_shrunk_from_the_first_bit_above_the_limit(
    context, long_btc, limit, bound, code, numbers, over
):
    judgement = judge(long_btc(), context(**{limit: bound - over}))

    assert codes(judgement) == ([code] if over > 0 else [])
    assert [dict(v.numbers) for v in judgement.verdicts] == ([numbers] if over > 0 else [])
    assert (judgement.size_usd < Decimal(1000)) is (over > 0)


@pytest.mark.parametrize("over", [-STEP, Decimal(0), STEP])
@pytest.mark.parametrize(
    ("limit", "bound", "code"),
    [
        # What the decision has: reward/risk 2.6526, 10 % of equity, day volume 1 000 000 000.
        ("min_risk_reward", Decimal("2.6526"), "reward_risk_below_minimum"),
        ("min_position_equity_multiple", Decimal("0.1"), "below_value_band"),
        ("liquidity_threshold_usd", Decimal(1_000_000_000), "liquidity_below_minimum"),
        ("min_confidence", Decimal(80), "confidence_below_minimum"),
    ],
)
def test_what_is_needed_is_refused_from_the_first_bit_below_the_limit(
    context, long_btc, limit, bound, code, over
):
    value = bound + over if limit != "min_confidence" else float(bound + over)
    assert codes(judge(long_btc(), context(**{limit: value}))) == ([code] if over > 0 else [])


@pytest.mark.parametrize("away", [Decimal(-1), Decimal(1)])
def test_the_price_band_ends_where_it_says_on_both_sides(context, long_btc, away):
    band = context(price_band_pct=Decimal(5))
    edge = Decimal(100_000) + away * 5000
    assert codes(judge(long_btc(entry_price=edge), band)) == []
    refused = judge(long_btc(entry_price=edge + away * STEP), band)
    assert codes(refused) == ["price_out_of_band"]
    assert refused.verdicts[0].numbers["mark"] == Decimal(100_000)


@pytest.mark.parametrize(
    ("limit", "bound", "code", "numbers"),
    [
        ("max_positions", 1, "too_many_positions", {"positions": 1, "maximum": 1}),
        ("max_new_positions_per_cycle", 0, "too_many_new_positions", {"maximum": 0}),
    ],
)
def test_counts_end_at_the_limit(context, long_btc, holding, limit, bound, code, numbers):
    held = (holding("DOGE", "100"),)

    assert codes(judge(long_btc(), context(holdings=held, **{limit: bound + 1}))) == []
    refused = judge(long_btc(), context(holdings=held, **{limit: bound}))
    assert codes(refused) == [code]
    assert refused.verdicts[0].numbers == numbers


def test_missing_prices_and_rules_stop_an_entry(context, long_btc, quote):
    assert codes(judge(long_btc(), context(quotes={"BTC": None}))) == ["no_market_data"]
    assert codes(judge(long_btc(), context(instruments={}))) == ["unknown_instrument"]
    broken = context(quotes={"BTC": quote("BTC", mark=Decimal("NaN"))})
    assert codes(judge(long_btc(), broken)) == ["no_market_data"]


@pytest.mark.parametrize(
    ("figures", "code"),
    [
        ({"day_volume_usd": Decimal(2_000_000), "open_interest": None}, None),
        ({"day_volume_usd": Decimal(999_999), "open_interest": None}, "liquidity_below_minimum"),
        ({"day_volume_usd": None, "open_interest": Decimal(10)}, None),
        (
            {"day_volume_usd": Decimal(2_000_000), "open_interest": Decimal(9)},
            "liquidity_below_minimum",
        ),
        ({"day_volume_usd": None, "open_interest": None}, "liquidity_unknown"),
    ],
)
def test_thin_markets_are_refused(context, long_btc, quote, figures, code):
    thin = context(
        quotes={"BTC": quote("BTC", **figures)}, liquidity_threshold_usd=Decimal(1_000_000)
    )

    assert codes(judge(long_btc(), thin)) == ([code] if code else [])


@pytest.mark.parametrize("equity", [Decimal(0), Decimal(-50), Decimal("NaN")])
def test_an_account_without_equity_opens_nothing(context, long_btc, equity):
    assert codes(judge(long_btc(), context(equity=equity))) == ["equity_not_positive"]


@pytest.mark.parametrize("size", ["0.01", "-0.01"])
def test_a_coin_that_is_held_is_neither_added_to_nor_hedged(context, long_btc, holding, size):
    judgement = judge(long_btc(), context(holdings=(holding("BTC", size),)))

    assert codes(judgement) == ["already_positioned"]


def test_positions_are_counted_with_those_approved_in_the_same_answer(
    context, long_btc, short_eth, holding
):
    full = context(holdings=(holding("DOGE", "100"),), max_positions=2)
    judgements, approved = RiskGate().judge([long_btc(), short_eth()], full)

    assert [codes(j) for j in judgements] == [[], ["too_many_positions"]]
    assert [a.decision.symbol for a in approved] == ["BTC"]


def test_new_positions_per_cycle_are_limited(context, long_btc, short_eth):
    one = context(max_new_positions_per_cycle=1)
    judgements, _ = RiskGate().judge([long_btc(), short_eth()], one)

    assert [codes(j) for j in judgements] == [[], ["too_many_new_positions"]]


def test_size_is_shrunk_to_the_cap(context, long_btc):
    judgement = judge(long_btc(), context(max_position_size_usd=Decimal(500)))

    assert judgement.size_usd == Decimal(500)
    (verdict,) = judgement.verdicts
    assert (verdict.kind, verdict.check, verdict.size_usd) == (
        VerdictKind.SHRINK,
        "position_size",
        Decimal(500),
    )


@pytest.mark.parametrize(
    ("symbol", "leverage", "limits", "used"),
    [
        ("BTC", 30, {"major_coin_leverage": 20}, 20),
        ("BTC", 50, {"major_coin_leverage": 100}, 40),
        ("DOGE", 10, {"altcoin_leverage": 5}, 5),
        ("BTC", 15, {"altcoin_leverage": 5}, 15),
        ("BTC", 15, {"altcoin_leverage": 5, "majors": frozenset({"ETH"})}, 5),
        ("DOGE", 9, {"altcoin_leverage": 5, "majors": frozenset({"DOGE"})}, 9),
    ],
)
def test_leverage_is_lowered_to_the_lowest_cap(context, long_btc, symbol, leverage, limits, used):
    prices = {
        "BTC": {},
        "DOGE": {
            "entry_price": Decimal("0.25"),
            "stop_loss": Decimal("0.245"),
            "take_profit": Decimal("0.27"),
        },
    }
    decision = long_btc(symbol=symbol, leverage=leverage, **prices[symbol])
    judgement = judge(decision, context(**limits))

    assert judgement.leverage == used
    assert judgement.size_usd == Decimal(1000)
    assert codes(judgement) == (["leverage_capped"] if used != leverage else [])


def test_the_margin_tier_of_the_notional_caps_leverage(context, long_btc):
    large = long_btc(
        symbol="DOGE",
        leverage=10,
        position_size_usd=Decimal(20_000_000),
        entry_price=Decimal("0.25"),
        stop_loss=Decimal("0.245"),
        take_profit=Decimal("0.27"),
    )

    assert judge(large, context(equity=Decimal(10_000_000))).leverage == 5


def test_margin_left_shrinks_the_size(context, long_btc, holding):
    # 60 % of 10 000 less 5 000 in use leaves 1 000 of margin: 5 000 USD at 5x.
    used = holding("DOGE", "40000", margin=Decimal(5000))
    judgement = judge(
        long_btc(position_size_usd=Decimal(9000)),
        context(holdings=(used,), max_margin_usage_pct=Decimal(60)),
    )

    assert judgement.size_usd == Decimal(5000)
    assert codes(judgement) == ["margin_capped"]


def test_margin_of_entries_in_the_same_answer_is_taken_off(context, long_btc, short_eth):
    limits = context(max_margin_usage_pct=Decimal(10))  # 1 000 USD
    judgements, _ = RiskGate().judge(
        [
            long_btc(position_size_usd=Decimal(4000)),
            short_eth(position_size_usd=Decimal(4000)),
        ],
        limits,
    )

    # 4 000 at 5x take 800, the 200 left are 1 000 USD at 5x.
    assert [j.size_usd for j in judgements] == [Decimal(4000), Decimal(1000)]


def test_no_margin_left_is_a_refusal(context, long_btc, holding):
    used = holding("DOGE", "40000", margin=Decimal(6000))
    judgement = judge(long_btc(), context(holdings=(used,), max_margin_usage_pct=Decimal(60)))

    assert codes(judgement) == ["no_margin_left"]


def test_with_all_equity_as_margin_fees_still_fit(context, long_btc):
    judgement = judge(long_btc(position_size_usd=Decimal(100_000)), context())

    margin, costs = (
        judgement.size_usd / 5,
        judgement.size_usd * (Decimal("0.00045") + Decimal("0.0005")),
    )
    assert margin + costs <= 10_000 < (margin + costs) * Decimal("1.001")


def test_the_value_band_shrinks_from_above_and_refuses_from_below(context, long_btc):
    capped = judge(long_btc(), context(max_position_equity_multiple=Decimal("0.05")))
    refused = judge(long_btc(), context(min_position_equity_multiple=Decimal("0.2")))

    assert (codes(capped), capped.size_usd) == (["above_value_band"], Decimal(500))
    assert codes(refused) == ["below_value_band"]


# A lot is 0.00001 BTC: 1 USD.
@pytest.mark.parametrize(
    ("wanted", "limits", "codes_", "size"),
    [
        pytest.param("1000.5", {"low": "0.1"}, [], "1000", id="cut to the lower end itself"),
        pytest.param("1000.5", {"low": "0.10003"}, ["below_value_band"], None, id="cut below it"),
        pytest.param("2000", {"high": "0.10007"}, ["above_value_band"], "1000", id="cut in a band"),
        pytest.param(
            "2000",
            {"low": "0.10003", "high": "0.10007"},
            ["below_value_band"],
            None,
            id="a band between two lots",
        ),
    ],
)
def test_whole_lots_are_within_the_value_band(context, long_btc, wanted, limits, codes_, size):
    bounds = {
        f"{'min' if end == 'low' else 'max'}_position_equity_multiple": Decimal(at)
        for end, at in limits.items()
    }
    judgement = judge(long_btc(position_size_usd=Decimal(wanted)), context(**bounds))
    assert codes(judgement) == codes_
    assert judgement.size_usd == (Decimal(size) if size else None)
    if size is None:
        [verdict] = judgement.verdicts
        assert verdict.message == (
            "0.01000 BTC in whole lots are 1000.00 USD, less than 0.10003 x equity (1000.30 USD)"
        )


def test_the_smallest_shrink_counts_and_what_is_left_must_be_an_order(context, long_btc):
    limits = {
        "max_position_size_usd": Decimal(500),
        "max_position_equity_multiple": Decimal("0.03"),
    }
    assert judge(long_btc(), context(**limits)).size_usd == Decimal(300)

    tiny = judge(long_btc(), context(max_position_size_usd=Decimal(9)))
    assert codes(tiny) == ["size_capped", "below_min_notional"]


def test_the_smallest_order_is_reckoned_at_the_worst_allowed_price(context, short_eth):
    # 10.04 USD less 50 bps of slippage are 9.99.
    exits = {"stop_loss": Decimal(4080), "take_profit": Decimal(3760)}

    assert not judge(short_eth(position_size_usd=Decimal("10.04"), **exits), context()).is_approved
    assert judge(short_eth(position_size_usd=Decimal("10.4"), **exits), context()).is_approved


def test_size_is_whole_lots_at_the_mark(context, long_btc):
    judgement = judge(long_btc(position_size_usd=Decimal("1000.99")), context())

    assert judgement.size_usd == Decimal(1000)  # 0.01000 BTC, the next lot is 1 USD away


def test_a_stop_beyond_liquidation_is_refused(context, long_btc):
    # 40 000 USD on 10 000 of equity: maintenance 500, costs 38;
    # available 9 462 -> 100 000 x (1 - 9 462 / 40 000 / 0.9875) = 76 045.6
    large = {"position_size_usd": Decimal(40_000), "take_profit": Decimal(190_000)}

    kept = judge(long_btc(stop_loss=Decimal(76_100), **large), context(price_band_pct=Decimal(5)))
    lost = judge(long_btc(stop_loss=Decimal(76_000), **large), context(price_band_pct=Decimal(5)))

    assert kept.is_approved
    assert codes(lost) == ["stop_beyond_liquidation"]
    price = lost.verdicts[0].numbers["liquidation_price"]
    assert abs(price - Decimal("76045.57")) < Decimal("0.01")


def test_liquidation_counts_what_is_held_already(context, long_btc, holding):
    held = holding("DOGE", "300000", margin=Decimal(500))  # 75 000 USD: maintenance 3 750
    decision = long_btc(
        position_size_usd=Decimal(40_000), stop_loss=Decimal(80_000), take_profit=Decimal(190_000)
    )

    assert judge(decision, context()).is_approved
    assert codes(judge(decision, context(holdings=(held,)))) == ["stop_beyond_liquidation"]


def test_an_isolated_stop_must_come_before_the_end_of_its_own_margin(context, long_btc):
    # 1 000 USD at 10x: 100 of margin, costs 0.95, maintenance 12.5;
    # 100 000 x (1 - 86.55 / 1 000 / 0.9875) = 91 235.4, though the account has 10 000
    isolated = context(margin_mode=MarginMode.ISOLATED)
    wanted = {
        "position_size_usd": Decimal(1000),
        "leverage": 10,
        "take_profit": Decimal(190_000),
    }

    lost = judge(long_btc(stop_loss=Decimal(91_200), **wanted), isolated)

    assert judge(long_btc(stop_loss=Decimal(91_300), **wanted), isolated).is_approved
    assert judge(long_btc(stop_loss=Decimal(91_200), **wanted), context()).is_approved
    assert codes(lost) == ["stop_beyond_liquidation"]
    assert "the position would be liquidated at 91235.4" in lost.verdicts[0].message


def test_margin_of_isolated_positions_does_not_back_cross_ones(context, long_btc, holding):
    held = {"quantity": "15000", "margin": Decimal(5000)}
    decision = long_btc(
        position_size_usd=Decimal(20_000), stop_loss=Decimal(70_000), take_profit=Decimal(250_000)
    )
    isolated = holding("DOGE", margin_mode=MarginMode.ISOLATED, **held)

    assert judge(decision, context(holdings=(holding("DOGE", **held),))).is_approved
    assert codes(judge(decision, context(holdings=(isolated,)))) == ["stop_beyond_liquidation"]


def test_every_independent_reason_is_heard(context, long_btc):
    decision = long_btc(confidence=10.0, entry_price=Decimal(150_000))
    judgement = judge(decision, context(min_risk_reward=Decimal(9), max_positions=0))

    assert codes(judgement) == [
        "confidence_below_minimum",
        "price_out_of_band",
        "reward_risk_below_minimum",
        "too_many_positions",
    ]


def test_kinds_build_the_checks_the_gate_runs():
    types = [kind.type for kind in RISK_CHECKS]

    assert len(set(types)) == len(types) == 24
    for kind in RISK_CHECKS:
        assert kind.build(kind.config()).type == kind.type
        assert attrs.fields(kind.config) == ()


@pytest.mark.parametrize("kind", RISK_CHECKS, ids=lambda kind: kind.type)
def test_no_built_in_check_holds_up_the_close_of_a_position(kind, context, close, holding):
    bad = context(
        equity=Decimal(-1), holdings=(holding(),), quotes={"BTC": None}, max_positions=0, symbols=()
    )
    entry = ApprovedEntry(
        symbol="ETH", is_long=True, size_usd=Decimal(1111), leverage=1, margin=Decimal(1111)
    )
    risk = RiskContext(
        context=bad,
        quote=None,
        instrument=None,
        holding=holding(),
        size_usd=Decimal(0),
        leverage=1,
        approved=9 * (entry,),
    )
    assert kind.build(kind.config()).check(close(), risk) is ALLOW
