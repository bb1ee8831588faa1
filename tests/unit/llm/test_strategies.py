"""What each rule-based trader does, and when it does nothing."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest

from nof0_core.domain.decision import Signal
from nof0_core.errors import LLMError
from nof0_core.risk.gate import RiskGate
from nof0_llm.baseline.backend import STRATEGIES
from nof0_llm.baseline.buy_and_hold import buy_and_hold
from nof0_llm.baseline.coin_flip import coin_flip
from nof0_llm.baseline.ema_cross import ema_cross
from nof0_llm.baseline.mean_reversion import mean_reversion
from nof0_llm.baseline.params import BaselineParams as Params

NAN = float("nan")
UP = {"ema20": [98.0, 98.0, 98.5, 99.5], "ema50": [99.0] * 4, "rsi14": [60.0] * 4}
DOWN = {"ema20": [100.0, 100.0, 99.5, 98.5], "ema50": [99.0] * 4, "rsi14": [40.0] * 4}
SOLD_OUT = {"ema50": [110.0] * 4, "atr14": [2.0] * 4, "rsi14": [40.0, 30.0, 20.0, 25.0]}
BOUGHT_OUT = {"ema50": [90.0] * 4, "atr14": [2.0] * 4, "rsi14": [60.0, 70.0, 80.0, 75.0]}


def said(decisions):
    return [(d.symbol, d.signal.value) for d in decisions]


def test_buy_and_hold_buys_everything_once(context, holding):
    params = Params(size_pct=40, leverage=1)

    assert said(buy_and_hold(context(), params)) == [
        ("BTC", "buy_to_enter"),
        ("ETH", "buy_to_enter"),
    ]
    assert said(buy_and_hold(context(holdings=(holding("BTC"),)), params)) == [
        ("ETH", "buy_to_enter")
    ]
    full = context(holdings=(holding("BTC"), holding("ETH")))
    assert buy_and_hold(full, params) == ()


def test_buy_and_hold_takes_only_its_symbols_and_the_free_slots(context):
    assert said(buy_and_hold(context(), Params(symbols=("ETH",)))) == [("ETH", "buy_to_enter")]
    assert said(buy_and_hold(context(max_positions=1), Params())) == [("BTC", "buy_to_enter")]


def test_buy_and_hold_does_not_buy_again_what_was_stopped_out(context):
    assert buy_and_hold(context(trades=1), Params()) == ()


def test_buy_and_hold_names_exits_only_where_they_are_switched_on(context):
    wide, _ = buy_and_hold(context(), Params(stop_pct=30, reward=2))
    assert (wide.stop_loss, wide.take_profit) == (Decimal(70), Decimal(160))

    off = context(stop_loss_enabled=False, take_profit_enabled=False)
    bare, _ = buy_and_hold(off, Params())
    assert (bare.stop_loss, bare.take_profit, bare.risk_usd) == (None, None, None)


def test_ema_cross_buys_when_fast_crosses_above_slow(context):
    (decision,) = ema_cross(context(indicators={"BTC": UP}), Params(stop_atr=5, reward=2.5))

    assert (decision.symbol, decision.signal) == ("BTC", Signal.BUY_TO_ENTER)
    assert (decision.stop_loss, decision.take_profit) == (Decimal(95), Decimal("112.5"))
    assert decision.position_size_usd == Decimal(200)
    assert decision.risk_usd == Decimal(10)
    assert decision.entry_price == Decimal(100)
    assert (decision.leverage, decision.confidence) == (3, 80.0)
    assert "ema20 crossed above ema50" in decision.reasoning


def test_a_stop_of_the_ema_cross_may_be_in_percent_and_needs_no_atr_then(context):
    params = Params(atr="none", stop_unit="pct", stop_pct=2, reward=3)
    (decision,) = ema_cross(context(indicators={"BTC": UP}), params)
    assert (decision.stop_loss, decision.take_profit) == (Decimal(98), Decimal(106))
    assert "2 % away" in decision.reasoning


def test_ema_cross_sells_short_when_fast_crosses_below_slow(context):
    (decision,) = ema_cross(context(indicators={"ETH": DOWN}), Params(stop_atr=5, reward=2.5))

    assert (decision.symbol, decision.signal) == ("ETH", Signal.SELL_TO_ENTER)
    assert (decision.stop_loss, decision.take_profit) == (Decimal(105), Decimal("87.5"))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="no cross"),
        pytest.param(UP | {"ema20": [98.0, 99.5, 99.5, 99.5]}, id="an old cross"),
        pytest.param(UP | {"ema20": [98.0, 98.5, 99.5, 99.0]}, id="touching, not across"),
        pytest.param(UP | {"rsi14": [72.0] * 4}, id="exhausted"),
        pytest.param(UP | {"rsi14": [48.0] * 4}, id="momentum disagrees"),
        pytest.param(DOWN | {"rsi14": [52.0] * 4}, id="momentum disagrees with short"),
        pytest.param(DOWN | {"rsi14": [28.0] * 4}, id="short exhausted"),
        pytest.param(UP | {"rsi14": [NAN] * 4}, id="no momentum yet"),
        pytest.param(UP | {"ema20": [NAN] * 4}, id="no average yet"),
        pytest.param(UP | {"atr14": [0.0] * 4}, id="no movement"),
    ],
)
def test_ema_cross_waits(context, changes):
    assert ema_cross(context(indicators={"BTC": changes}), Params()) == ()


def test_ema_cross_counts_an_older_cross_where_told_to(context):
    older = context(indicators={"BTC": UP | {"ema20": [98.0, 99.5, 99.5, 99.5]}})

    assert said(ema_cross(older, Params(fresh_bars=3))) == [("BTC", "buy_to_enter")]


def test_ema_cross_leaves_on_the_opposite_trend_only_where_told_to(context, holding):
    held = context(indicators={"BTC": DOWN}, holdings=(holding("BTC", "1"),))

    assert ema_cross(held, Params()) == ()
    assert said(ema_cross(held, Params(exit_on_signal=True))) == [("BTC", "close")]
    short = context(indicators={"BTC": DOWN}, holdings=(holding("BTC", "-1"),))
    assert ema_cross(short, Params(exit_on_signal=True)) == ()


def test_ema_cross_turns_round_in_one_answer_only_where_told_to(context, holding):
    turn = Params(exit_on_signal=True, turn_round=True)
    held = context(indicators={"BTC": DOWN}, holdings=(holding("BTC", "1"),), max_positions=1)

    assert said(ema_cross(held, turn)) == [("BTC", "close"), ("BTC", "sell_to_enter")]
    assert ema_cross(held, Params(turn_round=True)) == ()
    # What may not be entered is closed all the same.
    weak = context(
        indicators={"BTC": DOWN | {"rsi14": [60.0] * 4}}, holdings=(holding("BTC", "1"),)
    )
    assert said(ema_cross(weak, turn)) == [("BTC", "close")]
    ruined = context(equity=Decimal(0), indicators={"BTC": DOWN}, holdings=(holding("BTC", "1"),))
    assert said(ema_cross(ruined, turn)) == [("BTC", "close")]


def test_ema_cross_has_no_room_for_another_coin_while_it_turns_round(context, holding):
    """The close may not fill."""
    full = context(
        indicators={"BTC": DOWN, "ETH": UP}, holdings=(holding("BTC", "1"),), max_positions=1
    )
    found = ema_cross(full, Params(exit_on_signal=True, turn_round=True))

    assert [symbol for symbol, _ in said(found)] == ["BTC", "BTC"]


def test_mean_reversion_buys_far_below_the_mean_once_rsi_turns(context):
    ctx = context(indicators={"BTC": SOLD_OUT})
    (decision,) = mean_reversion(ctx, Params(stop_atr=2, reward=2))

    assert said([decision]) == [("BTC", "buy_to_enter")]
    assert (decision.stop_loss, decision.take_profit) == (Decimal(96), Decimal(108))


def test_mean_reversion_sells_far_above_the_mean_once_rsi_turns(context):
    ctx = context(indicators={"ETH": BOUGHT_OUT})

    assert said(mean_reversion(ctx, Params())) == [("ETH", "sell_to_enter")]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(SOLD_OUT | {"ema50": [107.0] * 4}, id="not far enough"),
        pytest.param(SOLD_OUT | {"rsi14": [40.0, 30.0, 25.0, 20.0]}, id="still falling"),
        pytest.param(SOLD_OUT | {"rsi14": [40.0, 35.0, 31.0, 33.0]}, id="never sold out"),
        pytest.param(BOUGHT_OUT | {"rsi14": [60.0, 70.0, 75.0, 80.0]}, id="still rising"),
        pytest.param(SOLD_OUT | {"atr14": [NAN] * 4}, id="no ATR yet"),
    ],
)
def test_mean_reversion_waits(context, changes):
    assert mean_reversion(context(indicators={"BTC": changes}), Params()) == ()


def test_mean_reversion_leaves_at_the_mean_only_where_told_to(context, holding):
    back = context(indicators={"BTC": {"ema50": [99.0] * 4}}, holdings=(holding("BTC", "1"),))

    assert mean_reversion(back, Params()) == ()
    assert said(mean_reversion(back, Params(exit_on_signal=True))) == [("BTC", "close")]
    away = context(indicators={"BTC": {"ema50": [101.0] * 4}}, holdings=(holding("BTC", "1"),))
    assert mean_reversion(away, Params(exit_on_signal=True)) == ()


def _days(context, params, days, **changes):
    start = context().time
    for step in range(days * 480):
        yield coin_flip(context(time=start + timedelta(minutes=3 * step), **changes), params)


def test_random_trades_about_as_often_as_told(context):
    params = Params(trades_per_day=8, seed=3)
    entries = [d for answer in _days(context, params, 30) for d in answer]

    # 240 expected, standard deviation 15.
    assert 180 < len(entries) < 300
    sides, symbols = Counter(d.signal for d in entries), Counter(d.symbol for d in entries)
    assert all(count > 80 for count in (*sides.values(), *symbols.values()))
    assert len(sides) == len(symbols) == 2


def test_random_holds_about_as_long_as_told(context, holding):
    params = Params(trades_per_day=0.001, hold=timedelta(hours=2))
    held = (holding("BTC"),)
    closes = [d for answer in _days(context, params, 20, holdings=held) for d in answer]

    # 9 600 cycles of 3 minutes at 1/40 each.
    assert 170 < len(closes) < 310
    assert {d.signal for d in closes} == {Signal.CLOSE}


def test_random_depends_on_seed_trader_and_cycle_alone(context):
    def story(seed, trader):
        answers = _days(context, Params(trades_per_day=60, seed=seed), 2, trader=trader)
        return [said(answer) for answer in answers]

    assert story(1, "alpha") == story(1, "alpha")
    assert story(1, "alpha") != story(2, "alpha")
    assert story(1, "alpha") != story(1, "beta")


@pytest.mark.parametrize("name", ["ema_cross", "mean_reversion", "random"])
def test_nobody_enters_without_a_free_slot_or_equity(context, name):
    params = Params(trades_per_day=100_000)
    signals = {"BTC": UP | SOLD_OUT if name == "mean_reversion" else UP}
    strategy = STRATEGIES[name]

    assert len(strategy(context(indicators=signals), params)) == 1
    assert strategy(context(indicators=signals, max_positions=0), params) == ()
    assert strategy(context(indicators=signals, equity="0"), params) == ()


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_entries_pass_the_risk_gate_as_they_are(context, name):
    signals = {"BTC": UP | SOLD_OUT if name == "mean_reversion" else UP}
    ctx = context(indicators=signals)
    decisions = STRATEGIES[name](ctx, Params(trades_per_day=100_000))

    judgements, approved = RiskGate().judge(decisions, ctx)
    assert len(approved) == len(decisions) > 0
    assert [j.verdicts for j in judgements] == [()] * len(decisions)


@pytest.mark.parametrize("name", ["ema_cross", "mean_reversion", "random"])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"interval": "15m"}, r'interval is "15m".*has bars of 3m.*intervals in market.yaml'),
        ({"atr": "atr99"}, r'"atr99" on 3m bars \(there: ema20, .*\): add it to indicators'),
        ({"symbols": ("PEPE",)}, r'"PEPE", which is not among the symbols of trader alpha'),
    ],
)
def test_what_is_missing_is_said_with_where_to_add_it(context, name, changes, message):
    signals = {"BTC": UP | SOLD_OUT if name == "mean_reversion" else UP}
    params = Params(trades_per_day=100_000, **changes)

    with pytest.raises(LLMError, match=message):
        STRATEGIES[name](context(indicators=signals), params)


@pytest.mark.parametrize("name", ["ema_cross", "mean_reversion", "random"])
def test_indicators_without_any_value_are_an_error(context, name):
    cold = {"ema50": [NAN] * 4, "atr14": [NAN] * 4}

    with pytest.raises(LLMError, match="have no value on any coin yet"):
        STRATEGIES[name](
            context(indicators={"BTC": cold, "ETH": cold}), Params(trades_per_day=100_000)
        )


def test_a_cross_over_more_bars_than_are_shown_is_an_error(context):
    with pytest.raises(LLMError, match="raise series_bars"):
        ema_cross(context(), Params(fresh_bars=4))


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_a_coin_without_data_is_left_out(context, name):
    ctx = context(indicators={"BTC": UP, "ETH": UP}, missing=("BTC",))
    decisions = STRATEGIES[name](ctx, Params(trades_per_day=100_000))

    assert "BTC" not in {d.symbol for d in decisions}
