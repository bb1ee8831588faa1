"""Who decides in a rehearsal."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.domain.decision import Signal
from nof0_core.ids import Symbol, TraderId
from nof0_core.testing.samples import account, context, holding
from nof0_provider_hyperliquid.rehearse.model import RehearsalModel, entry
from nof0_provider_hyperliquid.rehearse.settings import RehearsalModelConfig

pytestmark = pytest.mark.anyio
D = Decimal


@pytest.fixture
def anyio_backend():
    return "asyncio"


def asked(name="a", holdings=()):
    made = attrs.evolve(context(), trader=TraderId(name), account=account(holdings=tuple(holdings)))
    return SimpleNamespace(context=made, model=SimpleNamespace(name="m"))


async def decided(model, *args, **more):
    answer = await model.complete(asked(*args, **more))
    return answer.decisions[0] if answer.decisions else None


async def test_it_enters_holds_closes_and_enters_on_the_other_side():
    model = RehearsalModel(RehearsalModelConfig(traders=("a",), hold=2))
    assert (await decided(model)).signal is Signal.BUY_TO_ENTER
    held = [holding()]
    assert await decided(model, holdings=held) is None
    assert (await decided(model, holdings=held)).signal is Signal.CLOSE
    assert (await decided(model)).signal is Signal.SELL_TO_ENTER


async def test_every_second_trader_takes_the_other_side_of_the_same_coin():
    model = RehearsalModel(RehearsalModelConfig(traders=("a", "b", "c"), hold=1))
    first, second, third = [await decided(model, name) for name in "abc"]
    assert first.symbol == second.symbol == third.symbol
    assert [each.signal for each in (first, second, third)] == [
        Signal.BUY_TO_ENTER,
        Signal.SELL_TO_ENTER,
        Signal.BUY_TO_ENTER,
    ]


async def test_each_begins_a_decision_after_the_one_before_it():
    model = RehearsalModel(RehearsalModelConfig(traders=("a", "b", "c"), hold=3))
    rounds = [[await decided(model, name) is not None for name in "abc"] for _ in range(3)]
    assert rounds == [[True, False, False], [True, True, False], [True, True, True]]


@given(
    equity=st.integers(20, 1_000_000),
    most=st.none() | st.integers(15, 5_000),
    reward=st.integers(0, 6),
    cap=st.integers(1, 50),
    is_long=st.booleans(),
)
def test_an_entry_keeps_to_the_limits_of_its_trader(equity, most, reward, cap, is_long):
    made = context()
    limits = attrs.evolve(
        made.limits,
        max_position_size_usd=None if most is None else D(most),
        min_risk_reward=D(reward),
        major_coin_leverage=cap,
        altcoin_leverage=cap,
    )
    made = attrs.evolve(made, limits=limits, account=account(str(equity)))
    found = entry(made, Symbol("BTC"), is_long=is_long)
    assert 1 <= found.leverage <= cap
    assert most is None or found.position_size_usd <= most
    mark = made.snapshots[Symbol("BTC")].quote.mark
    side = 1 if is_long else -1
    risk, gain = side * (mark - found.stop_loss), side * (found.take_profit - mark)
    assert risk > 0
    assert gain >= reward * risk


def test_exits_that_are_switched_off_are_left_out():
    made = context()
    limits = attrs.evolve(made.limits, stop_loss_enabled=False, take_profit_enabled=False)
    found = entry(attrs.evolve(made, limits=limits), Symbol("BTC"), is_long=True)
    assert (found.stop_loss, found.take_profit) == (None, None)
