"""What is remembered between two looks never lets one miss what a look without memory finds."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from decimal import Decimal as D
from functools import partial

import anyio
import attrs
import pytest

from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.order import OrderStatus, Side
from nof0_core.errors import Nof0Error
from nof0_core.testing import samples

CLOSE = Decision(signal=Signal.CLOSE, symbol="BTC")
SHORT = attrs.evolve(
    samples.decision(Signal.SELL_TO_ENTER), stop_loss=D(101_000), take_profit=D(96_000)
)
LIVES = range(10)
STEPS = 60


def _forgetful(scene):
    """Let the engine remember nothing from one question to the next."""
    execution = scene.execution
    exits, protection = execution._exits, execution._protection
    look = exits._look

    def look_again():
        # Any other object will do: what is held is sorted anew.
        exits._seen = (object(),)
        look()

    exits._look = look_again
    protection.is_well = lambda: False
    return scene


class _Life:
    """What can happen in one scene, by names."""

    def __init__(self, scene, *, is_forgetful):
        self.scene, self.venue = scene, scene.venue
        self.is_forgetful = is_forgetful
        self.remember()

    def remember(self):
        if self.is_forgetful:
            _forgetful(self.scene)

    async def enter(self, trader, number):
        await self._order(trader, samples.decision(Signal.BUY_TO_ENTER))

    async def sell(self, trader, number):
        await self._order(trader, SHORT)

    async def close(self, trader, number):
        await self._order(trader, CLOSE)

    async def move(self, trader, number):
        self.venue.move("BTC", 100_000 + (number - 5) * 400)

    async def jump(self, trader, number):
        """Move the mark beyond what waits, which the venue does not notice."""
        self.venue.prices["BTC"] = D(100_000 + (number - 5) * 1000)

    async def lose(self, trader, number):
        for order in self.scene.resting()[: 1 + number % 2]:
            gone = attrs.evolve(order, status=OrderStatus.CANCELED)
            self.venue.orders[order.client_id] = gone

    async def meddle(self, trader, number):
        self.venue.trade_by_hand("ETH", Side.SELL if number % 2 else Side.BUY, "0.001")

    async def refuse(self, trader, number):
        self.venue.refuse_stops = True

    async def part(self, trader, number):
        self.venue.fill_ratio = D(1) if number % 3 else D("0.5")

    async def silence(self, trader, number):
        self.venue.lose_answers = True

    async def wait(self, trader, number):
        """Whatever was wrong is over."""
        self.venue.refuse_stops = self.venue.lose_answers = False
        clock = self.scene.clock
        await clock.sleep_until(clock.now() + timedelta(minutes=1 + 25 * number))

    async def restart(self, trader, number):
        self.scene.restart()
        self.remember()

    async def guard(self, trader, number):
        await self.scene.execution.guard(self.scene.quotes())

    async def blind(self, trader, number):
        """Guard without a price of what is held."""
        quotes = {symbol: q for symbol, q in self.scene.quotes().items() if symbol != "BTC"}
        await self.scene.execution.guard(quotes)

    async def sync(self, trader, number):
        await self.scene.sync()

    async def _order(self, trader, decision):
        if decision is not CLOSE:
            self.venue.move("BTC", 100_000)
        try:
            approved = self.scene.approve(trader, decision)
        except AssertionError:
            return
        await self.scene.execution.submit(approved, self.scene.quotes())


WORDS = (
    *("enter", "sell", "close", "move", "lose", "wait", "sync", "guard") * 3,
    *("meddle", "refuse", "part", "silence", "jump", "restart", "blind"),
)


async def _live(scene, seed, *, is_forgetful):
    lot, life = random.Random(seed), _Life(scene, is_forgetful=is_forgetful)
    await scene.sync()
    for _ in range(STEPS):
        what, trader, number = lot.choice(WORDS), lot.choice(("ann", "bob")), lot.randrange(11)
        try:
            await getattr(life, what)(trader, number)
        except Nof0Error as error:
            scene.recorder.alert("told", str(error))
    scene.recorder.events.flush()
    return [(event.time, event.stream, event.body) for event in scene.recorder.events.read()]


def _lived(scene, seed, *, is_forgetful):
    return anyio.run(partial(_live, scene, seed, is_forgetful=is_forgetful))


@pytest.mark.parametrize("seed", LIVES)
def test_an_engine_that_remembers_does_what_one_does_that_looks_anew(scene_maker, seed):
    told = _lived(scene_maker(), seed, is_forgetful=False)
    assert told == _lived(scene_maker(), seed, is_forgetful=True)


def test_the_lives_see_orders_of_every_purpose_and_much_that_goes_wrong(scene_maker):
    kinds = Counter()
    for seed in LIVES:
        for _, _, body in _lived(scene_maker(), seed, is_forgetful=False):
            kinds[getattr(body, "code", None) or getattr(body, "purpose", None) or body.type] += 1
    assert {"open", "close", "stop", "target", "stop_refused", "outcome_unknown"} <= set(kinds)
    assert kinds["filled"] > STEPS
    assert kinds["unassigned_unprotected"]
