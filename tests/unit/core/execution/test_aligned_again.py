"""Once nobody holds the other side of a coin any more, what is left has its stop at the venue."""

from __future__ import annotations

import itertools
from decimal import Decimal as D

import pytest

from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.order import OrderPurpose, TriggerKind
from nof0_core.domain.position import ProtectionMode

pytestmark = pytest.mark.anyio
CLOSE = Decision(signal=Signal.CLOSE, symbol="BTC")
VERBS = ("place", "cancel", "report", "fills", "order", "funding")


async def decided(scene):
    await scene.trade("bob", CLOSE)


async def flattened(scene):
    await scene.execution.flatten(["bob"], scene.quotes())


async def by_a_person(scene):
    await scene.execution.close("bob", "BTC", scene.quotes(), OrderPurpose.FLATTEN)


async def stopped(scene):
    scene.venue.move("BTC", D(101_500))
    await scene.execution.guard(scene.quotes())


async def in_two_parts(scene):
    scene.venue.fill_ratio = D("0.5")
    await scene.trade("bob", CLOSE)
    scene.venue.fill_ratio = D(1)
    await scene.trade("bob", CLOSE)


async def at_the_second_try(scene):
    scene.venue.is_down = True
    await flattened(scene)
    scene.venue.is_down = False
    await scene.sync()
    await flattened(scene)


def assert_ann_is_protected(scene):
    """Ann's exits, of the right size, are all that stands."""
    position = scene.state.position("ann", "BTC")
    assert scene.state.position("bob", "BTC") is None
    assert position.protection is ProtectionMode.VENUE
    kinds = {(order.trigger.kind, order.size) for order in scene.resting()}
    assert kinds == {(kind, position.quantity) for kind in TriggerKind}
    assert len(scene.resting()) == 2
    scene.assert_agrees()


@pytest.mark.parametrize(
    "end", [decided, flattened, by_a_person, stopped, in_two_parts, at_the_second_try]
)
@pytest.mark.parametrize("starts", ["never", "before", "after"])
async def test_however_the_other_side_went(scene, end, starts):
    await scene.open("ann")
    await scene.open("bob", Signal.SELL_TO_ENTER)
    if starts == "before":
        scene.restart()
    await end(scene)
    if starts == "after":
        scene.restart()
    await scene.sync()
    assert_ann_is_protected(scene)


def die_at(scene, number, *, is_done):
    """Let the engine die at a call to the venue, before or after that has carried it out."""
    calls, died = itertools.count(), []

    def dying(verb):
        ask = getattr(scene.venue, verb)

        async def call(*arguments, **named):
            if next(calls) != number:
                return await ask(*arguments, **named)
            died.append(verb)
            if is_done:
                await ask(*arguments, **named)
            raise KeyboardInterrupt

        return call

    for verb in VERBS:
        setattr(scene.venue, verb, dying(verb))
    return died


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize("is_done", [True, False], ids=["done", "not done"])
async def test_wherever_the_engine_died_meanwhile(scene, number, is_done):
    await scene.open("ann")
    await scene.open("bob", Signal.SELL_TO_ENTER)
    died = die_at(scene, number, is_done=is_done)
    try:
        await flattened(scene)
        await scene.sync()
    except KeyboardInterrupt:
        pass
    assert died
    for verb in VERBS:
        delattr(scene.venue, verb)
    scene.restart()
    if scene.state.position("bob", "BTC") is not None:
        await scene.sync()
        await flattened(scene)
    await scene.sync()
    assert_ann_is_protected(scene)
