"""A target the venue does not take: the engine watches it, and seldom asks again."""

from __future__ import annotations

from decimal import Decimal as D
from itertools import pairwise

import pytest
from msgspec.structs import replace

from nof0_core.domain.order import TriggerKind
from nof0_core.domain.position import ExitPlan
from nof0_core.execution.target_tries import LONGEST, TargetTries
from nof0_core.ids import cycle_id
from nof0_core.ledger import Position
from nof0_core.testing.environment import START

pytestmark = pytest.mark.anyio
TARGET = [TriggerKind.TARGET]


def targets(scene):
    """Return the targets that were sent."""
    triggers = [request.trigger for request in scene.venue.requests if request.trigger]
    return [trigger for trigger in triggers if trigger.kind is TriggerKind.TARGET]


async def test_a_refused_target_is_sent_again_after_ever_more_syncs(scene):
    scene.venue.refuse_targets = True
    await scene.open("ann")
    for _ in range(40):
        await scene.sync()
    # After 2, 4, 8 and 16 syncs, at the latest.
    assert 4 <= len(targets(scene)) <= 6
    assert [order.trigger.kind for order in scene.resting()] == [TriggerKind.STOP]
    assert scene.alerts() == []


async def test_a_target_that_is_taken_at_last_stands(scene):
    scene.venue.refuse_targets = True
    await scene.open("ann")
    for _ in range(10):
        await scene.sync()
    scene.venue.refuse_targets = False
    for _ in range(16):
        await scene.sync()
    kinds = {order.trigger.kind for order in scene.resting()}
    assert kinds == {TriggerKind.STOP, TriggerKind.TARGET}


async def test_the_engine_watches_a_target_that_waits_for_its_next_try(scene):
    scene.venue.refuse_targets = True
    await scene.open("ann")
    for _ in range(10):
        await scene.sync()
    scene.venue.prices["BTC"] = D(104_500)
    await scene.sync()
    assert scene.state.position("ann", "BTC") is None
    scene.assert_agrees()


POSITION = Position(
    trader="ann",
    venue_account="paper",
    symbol="BTC",
    quantity=D(1),
    cost=D(100_000),
    leverage=2,
    confidence=70.0,
    risk_usd=D(1_000),
    plan=ExitPlan(stop_loss=D(99_000), take_profit=D(220_000)),
    cycle=cycle_id("ann", START),
    opened_by=None,
    opened_seq=3,
    opened_at=START,
    entry_trade_id="1",
    entry_order_id="1",
    is_taker=True,
    fees=D(0),
    entry_fees=D(0),
)


def rounds_of_tries(tries, rounds):
    found = []
    for number in range(rounds):
        tries.begin_round()
        if tries.may_try(POSITION, TARGET):
            found.append(number)
            tries.begin(POSITION)
            assert not tries.may_try(POSITION, TARGET)
            tries.end(POSITION, is_refused=True)
    return found


def test_the_distance_doubles_up_to_the_longest():
    found = rounds_of_tries(TargetTries(), 2_000)
    gaps = [after - before for before, after in pairwise(found)]
    assert gaps[:6] == [2, 4, 8, 16, 32, LONGEST]
    assert set(gaps[6:]) == {LONGEST}


def test_syncs_that_are_left_out_up_to_the_next_try_count_as_done():
    tries, done, left_out = TargetTries(), TargetTries(), []
    found, number = [], -1
    while number < 300:
        left = tries.syncs_left(POSITION)
        tries.begin_round(left - 1)
        number += left
        found += [number + each for each in rounds_of_tries(tries, 1)]
        left_out.append(left)
    assert found == rounds_of_tries(done, number + 1)
    assert left_out[:5] == [1, 2, 4, 8, 16]
    assert tries.syncs_left(replace(POSITION, quantity=D(2))) == 1


def test_another_price_or_size_and_a_stop_wait_for_the_next_sync_only():
    tries = TargetTries()
    rounds_of_tries(tries, 100)
    tries.begin_round()
    assert not tries.may_try(POSITION, TARGET)
    assert tries.may_try(POSITION, [TriggerKind.STOP, TriggerKind.TARGET])
    other = replace(POSITION, plan=ExitPlan(take_profit=D(120_000)))
    assert tries.may_try(other, TARGET)


def test_an_accepted_one_begins_anew():
    tries = TargetTries()
    rounds_of_tries(tries, 100)
    tries.begin(POSITION)
    tries.end(POSITION, is_refused=False)
    assert rounds_of_tries(tries, 4) == [0, 2]


def test_positions_that_are_gone_are_forgotten():
    tries = TargetTries()
    rounds_of_tries(tries, 100)
    tries.forget_all_but(())
    assert tries.may_try(POSITION, TARGET)
