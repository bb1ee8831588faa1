"""One test of the execution engine, done while the venue goes wrong in one way."""

from __future__ import annotations

import random
from collections import Counter
from decimal import localcontext

import anyio
import attrs
import pytest
from world.bodies import Body
from world.faults import Fault, FaultPlan, Kind, Verb
from world.loop import live_in, nap, now
from world.trial import ProvingVenue, Trial, TrialVenue

from nof0_core.money import EXACT

OFTEN = frozenset({Verb.REPORT, Verb.FILLS, Verb.PLACE})
"""What is asked many times in any test."""
PATIENCE = 300.0
"""How long a test may take in virtual seconds before it is broken off."""


class NothingByHand:
    """In place of `monkeypatch`: time is not set by hand here, it passes."""

    def setattr(self, *_):
        """Leave it."""


@attrs.frozen(kw_only=True)
class Outcome:
    """What was wrong, how often faults struck, and with what the test could not go on."""

    wrong: list[str]
    struck: Counter
    stopped: BaseException | None


def plan_for(verb: Verb, kind: Kind, seed: str, *, at_once: bool = False) -> FaultPlan:
    """Draw when calls of one verb go wrong: from the beginning, or after a few of them.

    What became of orders is asked for only where answers were lost.
    """
    rng = random.Random(f"when/{seed}")
    until = rng.choice((20.0, 45.0, 75.0))
    # Where nothing ever worked no order leaves: it is mostly later that there is something to lose.
    skip = rng.choice((0, 1, 1, 2, 3, 4) if verb in OFTEN else (0, 1))
    faults = [Fault(verb=verb, kind=kind, until=until, skip=0 if at_once else skip)]
    if verb in (Verb.PROVE, Verb.ORDER):
        lost = Kind.LOST if verb is Verb.PROVE else rng.choice((Kind.LOST, Kind.ANSWER_LOST))
        faults.append(
            Fault(verb=Verb.PLACE, kind=lost, until=until, skip=rng.randrange(2), times=2)
        )
    return FaultPlan(*faults, seed=seed)


def play(body: Body, verb: Verb, kind: Kind, root, *, at_once: bool = False) -> Outcome:
    """Do what a test does under one fault, in virtual time."""
    seed = f"{verb}/{kind}/{body.name}"
    plan = plan_for(verb, kind, seed, at_once=at_once)
    return live_in(seed, _play, body, plan, verb, root)


async def _play(body, plan, verb, root) -> Outcome:
    with localcontext(EXACT):
        until = max(fault.until for fault in plan.faults)
        trial = Trial(root, plan, ProvingVenue if verb is Verb.PROVE else TrialVenue)
        trial.ends_engine = body.ends_engine
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(trial.live)
            stopped = await _act(body, trial, root)
            await nap(max(0.0, until - now()))
            await trial.calm_down()
            wrong = trial.faults()
            tasks.cancel_scope.cancel()
    return Outcome(wrong=wrong, struck=plan.struck, stopped=stopped)


async def _act(body, trial, root) -> BaseException | None:
    fixtures = {
        "scene": trial, "running": trial, "live": trial, "gate": trial.gate, "tmp_path": root,
        "monkeypatch": NothingByHand(),
    }  # fmt: skip
    try:
        with anyio.move_on_after(PATIENCE) as scope:
            if "live" in body.wants:
                await trial.sync()
            if "gate" in body.wants:
                trial.gate.shut()
            if body.name.startswith("streams:"):
                await body.function(trial, **body.given)
            else:
                await body.function(**{w: fixtures[w] for w in body.wants}, **body.given)
    except (Exception, KeyboardInterrupt, pytest.fail.Exception) as error:  # noqa: BLE001
        return error
    finally:
        trial.gate.open(10**9)
    return TimeoutError("broken off") if scope.cancelled_caught else None
