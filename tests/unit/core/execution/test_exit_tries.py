"""An exit the venue does not take and that may wait: the engine seldom asks again."""

from __future__ import annotations

from decimal import Decimal as D
from itertools import pairwise

import pytest
from msgspec.structs import replace

from nof0_core.domain.order import TriggerKind
from nof0_core.domain.position import ExitPlan
from nof0_core.execution.exit_tries import ExitTries
from nof0_core.ids import cycle_id
from nof0_core.ledger import Position
from nof0_core.testing.environment import START

pytestmark = pytest.mark.anyio
TARGET = [TriggerKind.TARGET]
BOTH = [TriggerKind.STOP, TriggerKind.TARGET]


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


def rounds_of_tries(tries, rounds, *, is_refused=True):
    found = []
    for number in range(rounds):
        tries.begin_round()
        if tries.due(POSITION, TARGET):
            found.append(number)
            tries.begin(POSITION, TARGET)
            assert not tries.due(POSITION, TARGET)
            tries.end(POSITION, TriggerKind.TARGET, is_refused=is_refused)
    return found


@pytest.mark.parametrize("is_refused", [True, False], ids=["refused", "taken and lost"])
def test_the_distance_doubles_up_to_the_longest(is_refused):
    found = rounds_of_tries(ExitTries(), 2_000, is_refused=is_refused)
    gaps = [after - before for before, after in pairwise(found)]
    assert gaps[not is_refused :][:6] == [2, 4, 8, 16, 32, 60]
    assert set(gaps[7:]) == {60}


def test_syncs_that_are_left_out_up_to_the_next_try_count_as_done():
    tries, done, left_out = ExitTries(), ExitTries(), []
    found, number = [], -1
    while number < 300:
        left = tries.syncs_left(POSITION, TriggerKind.TARGET)
        tries.begin_round(left - 1)
        number += left
        found += [number + each for each in rounds_of_tries(tries, 1)]
        left_out.append(left)
    assert found == rounds_of_tries(done, number + 1)
    assert left_out[:5] == [1, 2, 4, 8, 16]
    assert tries.syncs_left(replace(POSITION, quantity=D(2)), TriggerKind.TARGET) == 1


def test_another_price_or_size_waits_for_the_next_sync_only():
    tries = ExitTries()
    rounds_of_tries(tries, 100)
    tries.begin_round()
    assert not tries.due(POSITION, TARGET)
    other = replace(POSITION, plan=ExitPlan(take_profit=D(120_000)))
    assert tries.due(other, TARGET) == TARGET
    assert tries.due(replace(POSITION, quantity=D("0.5")), TARGET) == TARGET


def test_a_stop_beside_a_larger_one_waits_less_long():
    stop, found, tries = [TriggerKind.STOP], [], ExitTries()
    for number in range(100):
        tries.begin_round()
        if tries.due(POSITION, stop):
            found.append(number)
            tries.begin(POSITION, stop)
            tries.end(POSITION, TriggerKind.STOP, is_refused=True)
    gaps = [after - before for before, after in pairwise(found)]
    assert gaps[:3] == [2, 4, 8]
    assert set(gaps[3:]) == {8}


def test_each_kind_waits_by_itself():
    tries = ExitTries()
    rounds_of_tries(tries, 100)
    tries.begin_round()
    assert tries.due(POSITION, BOTH) == [TriggerKind.STOP]
    tries.begin(POSITION, [TriggerKind.STOP])
    tries.end(POSITION, TriggerKind.STOP, is_refused=True)
    assert tries.due(POSITION, BOTH) == []
    tries.begin_round()
    tries.begin_round()
    assert TriggerKind.STOP in tries.due(POSITION, BOTH)


def test_one_that_stood_for_long_begins_anew():
    tries = ExitTries()
    rounds_of_tries(tries, 1_000)
    tries.begin(POSITION, TARGET)
    for _ in range(61):
        tries.begin_round()
    assert rounds_of_tries(tries, 4) == [0, 2]


def test_positions_that_are_gone_are_forgotten():
    tries = ExitTries()
    rounds_of_tries(tries, 100)
    tries.forget_all_but(())
    assert tries.due(POSITION, TARGET) == TARGET
