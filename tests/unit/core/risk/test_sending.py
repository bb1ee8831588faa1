"""What was approved leaves only where it would be approved on the prices of sending."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from random import Random

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.limits import RiskLimits
from nof0_core.risk.approval import ApprovedDecision, require_approval
from nof0_core.risk.gate import RiskGate
from nof0_core.risk.sending import rejudged

LIMITS = {"min_risk_reward": Decimal(1)}


def approve(context, decision):
    _, (approved,) = RiskGate().judge([decision], context)
    return approved


@pytest.fixture
def leave(context, long_btc, quote):
    """Send a long of 1000 USD, or what is given, so many seconds after it was decided."""

    def send(
        decision=None, *, mark="100000", after=0, shown=None, free=None, ctx=None, limits=None
    ):
        ctx = ctx or context(**limits or {})
        approved = approve(ctx, decision or long_btc())
        symbol, now = approved.decision.symbol, ctx.time + timedelta(seconds=after)
        price = quote(symbol, mark=Decimal(mark), time=now) if shown is None else shown
        return rejudged(
            approved,
            quote=price,
            instrument=ctx.instruments[symbol],
            limits=ctx.limits,
            now=now,
            free_margin=None if free is None else Decimal(free),
        )

    return send


def test_the_gate_says_of_what_time_the_prices_were(context, long_btc, quote):
    at = context().time - timedelta(seconds=40)
    ctx = context(quotes={"BTC": quote("BTC", time=at)})

    assert approve(ctx, long_btc()).decided_on == at


def test_a_close_without_a_price_was_decided_on_the_look_at_the_account(context, close, holding):
    ctx = context(quotes={"BTC": None}, holdings=(holding(),))

    assert approve(ctx, close()).decided_on == ctx.time


def test_at_the_same_prices_an_entry_leaves_as_it_was_approved(context, long_btc, leave):
    assert leave() == approve(context(), long_btc())


def test_an_entry_leaves_with_the_numbers_of_the_new_mark(leave):
    sent = leave(mark="101000", after=30)

    assert require_approval(sent) is sent
    assert sent.reference_price == Decimal(101_000)
    assert sent.size_usd == Decimal("999.9")  # 0.0099 BTC
    assert sent.risk_usd == Decimal("31.571602")
    assert sent.reward_risk == Decimal("1.5062")
    assert (sent.stop_loss, sent.take_profit) == (Decimal(98_000), Decimal(106_000))


def test_without_a_stop_no_more_is_at_risk_than_the_account_had(context, long_btc, leave):
    ctx = context(equity=Decimal(300), stop_loss_enabled=False)

    assert leave(mark="99000", ctx=ctx).risk_usd == Decimal(300)


@pytest.mark.parametrize(
    ("sending", "sentence"),
    [
        ({"after": 301}, "the answer came too late: the prices it was made on are 0:05:01 old"),
        ({"mark": "98000"}, "the stop of a long must be below the mark 98000"),
        ({"mark": "NaN"}, "no price for BTC"),
        ({"mark": "0"}, "no price for BTC"),
        ({"mark": "104000"}, "reward/risk after costs is 0.29, at least 1 needed"),
        ({"mark": "106100"}, "mark moved 6.10 % since the decision, at most 5 % allowed"),
        ({"mark": "105900"}, "mark moved 5.90 % since the decision, at most 5 % allowed"),
        ({"free": "200"}, "200.95 USD of margin and costs needed, 200.00 USD free"),
        ({"free": "NaN"}, "200.95 USD of margin and costs needed, NaN USD free"),
    ],
)
def test_an_entry_that_would_be_refused_now_does_not_leave(leave, sending, sentence):
    said = leave(**sending)

    assert isinstance(said, str), said
    assert said.startswith(sentence)


def test_the_band_around_the_price_the_model_named_holds_at_sending(leave, long_btc):
    said = leave(long_btc(entry_price=Decimal(104_000)), mark="98600")

    assert said.startswith("entry price 104000 is 5.48 % from the mark 98600")


def test_a_target_that_does_not_pay_the_costs_is_no_target(leave, long_btc):
    ctx = {"stop_loss_enabled": False, "price_band_pct": Decimal(10)}

    said = leave(long_btc(), mark="105900", limits=ctx)

    assert said == "the target 106000 does not pay the costs from the mark 105900"


def test_an_entry_below_the_smallest_order_by_now_does_not_leave(leave, long_btc):
    said = leave(long_btc(position_size_usd=Decimal(11)), mark="100100")

    assert "the venue takes no order below 10.00 USD" in said


def test_enough_margin_with_the_costs_of_entering_is_enough(leave):
    assert isinstance(leave(free="200.95"), ApprovedDecision)


@pytest.mark.parametrize("kind", ["close", "long"])
def test_nothing_leaves_without_a_price_of_now(context, long_btc, close, holding, quote, kind):
    ctx = context(holdings=(holding(),) if kind == "close" else ())
    approved = approve(ctx, close() if kind == "close" else long_btc())
    seconds = timedelta(seconds=1)
    shown = {
        "no price for BTC": (None, quote("ETH"), quote("BTC", mark=Decimal("Infinity"))),
        "prices are 0:05:01 old": (quote("BTC", time=ctx.time - 301 * seconds),),
        "prices are 0:05:01 ahead": (quote("BTC", time=ctx.time + 301 * seconds),),
    }
    for sentence, quotes in shown.items():
        for price in quotes:
            said = rejudged(
                approved,
                quote=price,
                instrument=ctx.instruments["BTC"],
                limits=ctx.limits,
                now=ctx.time,
                free_margin=None,
            )
            assert isinstance(said, str), said
            assert said.startswith(sentence)


def test_a_close_leaves_whatever_the_price_and_never_late(context, close, holding, leave):
    ctx = context(holdings=(holding(),))

    sent = leave(close(), ctx=ctx, mark="50000", after=300, free="0")
    assert sent == approve(ctx, close())
    assert leave(close(), ctx=ctx, after=301).startswith("the answer came too late")


def test_what_the_gate_has_not_made_is_not_judged_again(context, long_btc, quote):
    with pytest.raises(TypeError, match="got Decision"):
        rejudged(
            long_btc(),
            quote=quote("BTC"),
            instrument=context().instruments["BTC"],
            limits=RiskLimits(),
            now=context().time,
            free_margin=None,
        )


def test_what_cannot_be_reckoned_does_not_leave(leave):
    assert leave(mark="1E+60", limits={"price_band_pct": Decimal("1E+70")}).startswith(
        ("it cannot be judged", "the target")
    )


# --- whatever the market does meanwhile ---


def _net(direction, mark, exit_price, limits):
    slip = min(limits.slippage_bps, limits.expected_slippage_bps) / 10_000
    entry, out = mark * (1 + direction * slip), exit_price * (1 - direction * slip)
    return direction * (out - entry) - limits.taker_fee_bps / 10_000 * (out + entry)


def _percent(rnd, least, most):
    return Decimal(rnd.randint(int(least * 100), int(most * 100))) / 10_000


def _entry(rnd, mark):
    signal = rnd.choice([Signal.BUY_TO_ENTER, Signal.SELL_TO_ENTER])
    direction = 1 if signal is Signal.BUY_TO_ENTER else -1
    return Decision(
        signal=signal,
        symbol="BTC",
        leverage=rnd.randint(1, 20),
        position_size_usd=Decimal(rnd.choice([1200, 100_000, 777_777])) / 100,
        entry_price=mark * (1 + _percent(rnd, -2, 2)),
        stop_loss=mark * (1 - direction * _percent(rnd, 0.5, 4)),
        take_profit=mark * (1 + direction * _percent(rnd, 0.5, 12)),
        confidence=90.0,
    )


def _broken(sent, approved, ctx, *, mark, age, late, free):
    """Name the limits that what leaves does not keep, found without the risk package."""
    limits, rules = ctx.limits, ctx.instruments["BTC"]
    direction = 1 if sent.decision.signal is Signal.BUY_TO_ENTER else -1
    size = sent.size_usd / mark
    stop, target = sent.stop_loss, sent.take_profit
    kept = {
        "age": abs(age) <= limits.max_data_age,
        "late": abs(late) <= limits.max_data_age,
        "mark": sent.reference_price == mark,
        "never more": sent.size_usd <= approved.size_usd,
        "lots": size > 0 and size % rules.lot == 0,
        "smallest": sent.size_usd >= rules.min_notional,
        "band": abs(mark - sent.decision.entry_price) * 100 <= limits.price_band_pct * mark,
        "moved": abs(mark - approved.reference_price) * 100
        <= limits.price_band_pct * approved.reference_price,
        "stop": stop is None or direction * (mark - stop) > 0,
        "target": target is None or _net(direction, mark, target, limits) > 0,
        "free": free is None or sent.size_usd / sent.leverage <= free,
        "unchanged": (sent.decision, sent.leverage, sent.decided_on, stop, target)
        == (
            approved.decision,
            approved.leverage,
            approved.decided_on,
            approved.stop_loss,
            approved.take_profit,
        ),
    }
    if stop is not None:
        loss = -_net(direction, mark, stop, limits)
        kept["risk"] = 0 <= sent.risk_usd - loss * size <= Decimal("0.000001")
        if target is not None:
            gain = _net(direction, mark, target, limits)
            kept["reward/risk"] = gain >= limits.min_risk_reward * loss
    return [name for name, is_kept in kept.items() if not is_kept]


@given(seed=st.integers(0, 10**9))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None
)
def test_what_leaves_keeps_every_limit_at_the_new_mark(context, quote, seed):
    rnd = Random(seed)
    ctx = context(
        stop_loss_enabled=rnd.random() < 0.8,
        take_profit_enabled=rnd.random() < 0.8,
        price_band_pct=Decimal(rnd.choice([1, 3, 9])),
        min_risk_reward=Decimal(rnd.choice([0, 1, 2])),
        taker_fee_bps=Decimal(rnd.choice([0, 4, 30])),
    )
    _, found = RiskGate().judge([_entry(rnd, Decimal(100_000))], ctx)
    for approved in found:
        mark = 100_000 * (1 + _percent(rnd, -4, 4))
        speed = rnd.choice([1, 60, 3600])  # engine seconds that pass in one of a scaled clock
        late = timedelta(seconds=rnd.choice([0, 1, 5, 300, 301]) * speed)
        age = timedelta(seconds=rnd.choice([-301, -1, 0, 0, 0, 299, 301]))
        now = ctx.time + late
        free = rnd.choice([None, approved.size_usd / approved.leverage * _percent(rnd, 90, 110)])
        sent = rejudged(
            approved,
            quote=quote("BTC", mark=mark, time=now - age),
            instrument=ctx.instruments["BTC"],
            limits=ctx.limits,
            now=now,
            free_margin=free,
        )
        if isinstance(sent, str):
            assert sent
            continue
        assert require_approval(sent) is sent
        assert _broken(sent, approved, ctx, mark=mark, age=age, late=late, free=free) == []


def test_what_the_property_asks_for_leaves_often_enough(context, quote):
    rnd, ctx, left = Random(3), context(), 0
    for _ in range(200):
        _, found = RiskGate().judge([_entry(rnd, Decimal(100_000))], ctx)
        for approved in found:
            now = ctx.time + timedelta(seconds=60)
            sent = rejudged(
                approved,
                quote=quote("BTC", mark=100_000 * (1 + _percent(rnd, -1, 1)), time=now),
                instrument=ctx.instruments["BTC"],
                limits=attrs.evolve(ctx.limits),
                now=now,
                free_margin=Decimal(10_000),
            )
            left += isinstance(sent, ApprovedDecision)
    assert left > 30
