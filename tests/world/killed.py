"""A run of the execution engine that ends at one step of an order's life, under one fault."""

from __future__ import annotations

import random
from decimal import Decimal as D
from decimal import localcontext

import anyio
import attrs
from world.faults import Kind, Verb
from world.loop import live_in, nap, now
from world.trial import ProvingVenue, Trial, TrialVenue
from world.under_faults import plan_for

from nof0_core.border import foreign
from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.order import OrderPurpose
from nof0_core.money import EXACT
from nof0_core.testing import samples

STEPS = {
    "leverage asked": 2,
    "leverage set": 2,
    "entry written": 2,
    "entry on disk": 2,
    "entry sent": 2,
    "entry answered": 2,
    "exit written": 3,
    "exit on disk": 3,
    "exit sent": 2,
    "exit answered": 2,
    "close written": 1,
    "close on disk": 1,
    "close sent": 1,
    "close answered": 1,
    "cancel asked": 1,
    "cancel sent": 1,
    "cancel answered": 1,
    "answer recorded": 4,
    "fill recorded": 2,
    "mode recorded": 1,
    "fills answered": 3,
    "report answered": 3,
}
"""The steps, and which time each is reached the run ends: something is held by then."""
ETH = samples.decision(
    symbol="ETH", entry_price=D(4000), stop_loss=D(3960), take_profit=D(4160)
)  # fmt: skip
TRADERS = ("ann", "bob")


class Killed(BaseException):
    """The process is no more."""


# What kills ends everything, wherever it comes from.
foreign.ENDING = (*foreign.ENDING, Killed)


@attrs.frozen(kw_only=True)
class End:
    """What was wrong after the next start; whether the step was reached, with what held then."""

    wrong: list[str]
    was_reached: bool
    held: int


def end_at(step: str, verb: Verb, kind: Kind, root, *, is_orderly: bool) -> End:
    """Let a run end at a step: killed, or stopped in order; then start again, faults going on."""
    seed = f"{verb}/{kind}/{step}/{is_orderly}"
    return live_in(seed, _Run(step, verb, kind, seed, root, is_orderly=is_orderly).live)


class _Run:
    def __init__(self, step, verb, kind, seed, root, *, is_orderly) -> None:
        self.step, self.left = step, STEPS[step]
        self.is_orderly = is_orderly
        self.plan = plan_for(verb, kind, seed)
        self.until = max(fault.until for fault in self.plan.faults)
        self.rng = random.Random(f"end/{seed}")
        self.was_reached = False
        self.stopped = anyio.Event()
        venue = ProvingVenue if verb is Verb.PROVE else TrialVenue
        self.make = lambda: Trial(root, self.plan, venue)

    async def live(self) -> End:
        with localcontext(EXACT):
            trial = self.trial = self.make()
            trial.at = self._at
            try:
                await self._first()
            except BaseException as error:
                if not _is_killed(error):
                    raise
            trial.at = lambda _: None
            held = sum(1 for size in trial.venue.sizes.values() if size)
            if self.is_orderly:
                with anyio.move_on_after(10):
                    await trial.sync()
                trial.recorder.events.close()
                trial.part()
            elif not trial.line.is_cut:
                trial.crash()
            await nap(self.rng.uniform(0.1, 5))
            trial.start()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(trial.live)
                await nap(max(0.0, self.until - now()))
                await trial.calm_down()
                wrong = trial.faults()
                tasks.cancel_scope.cancel()
        return End(wrong=wrong, was_reached=self.was_reached, held=held)

    def _at(self, step) -> None:
        if step != self.step or self.was_reached:
            return
        self.left -= 1
        if self.left:
            return
        self.was_reached = True
        if self.is_orderly:
            self.stopped.set()
        else:
            self.trial.crash()
            raise Killed

    async def _first(self) -> None:
        """Trade until the step comes by, or all is done."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.trial.live)
            tasks.start_soon(self._trade)
            await self.stopped.wait()
            tasks.cancel_scope.cancel()

    async def _trade(self) -> None:
        """Enter, net, let a stop fire, close, enter again, flatten, turn round."""
        trial = self.trial
        await trial.sync()
        await trial.open("ann")
        await trial.trade("bob", ETH)
        await nap(3)
        await trial.open("bob", Signal.SELL_TO_ENTER)
        await nap(3)
        trial.venue.move("ETH", 3950)
        await nap(3)
        await trial.trade("bob", Decision(signal=Signal.CLOSE, symbol="BTC"))
        await nap(3)
        trial.venue.move("ETH", 4000)
        await trial.trade("bob", ETH)
        await trial.execution.close("ann", "BTC", trial.quotes(), OrderPurpose.FLATTEN)
        await nap(3)
        await trial.open("ann")
        await trial.trade(
            "ann",
            Decision(signal=Signal.CLOSE, symbol="BTC"),
            samples.decision(Signal.SELL_TO_ENTER),
        )
        await nap(10)
        self.stopped.set()


def _is_killed(error: BaseException) -> bool:
    """Tell whether all that came out of a run is that it was killed, and that it was then gone."""
    if isinstance(error, BaseExceptionGroup):
        return any(_is_killed(inner) for inner in error.exceptions)
    return isinstance(error, Killed)
