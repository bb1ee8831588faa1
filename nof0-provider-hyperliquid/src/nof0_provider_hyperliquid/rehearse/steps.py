"""What goes wrong in a rehearsal, one thing after the other, and what must come of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import attrs

from nof0_core.clock import pause, stopwatch
from nof0_provider_hyperliquid.rehearsal.accounts.account import Account
from nof0_provider_hyperliquid.rehearsal.accounts.order import Order
from nof0_provider_hyperliquid.rehearsal.accounts.refusals import MARGIN
from nof0_provider_hyperliquid.rehearsal.faults import Harm
from nof0_provider_hyperliquid.rehearse.scene import Scene, named

SOON = 75.0
"""Seconds in which something has to have its occasion."""
AGAIN = 45.0
"""Seconds in which all has to be in order again."""

STATEMENT = "userFillsByTime"
"""What an engine asks that has just started: what was executed meanwhile."""


@attrs.frozen(kw_only=True)
class StepResult:
    """How one step went; `said` is a sentence about what happened."""

    name: str
    is_passed: bool
    said: str
    seconds: float


@attrs.frozen
class Step:
    """One step: `act` returns whether it was passed, and what happened."""

    name: str
    act: Callable[[Scene], Awaitable[tuple[bool, str]]]

    async def take(self, scene: Scene) -> StepResult:
        """Take it, in so many seconds of real time.

        Raises:
            ProviderError: the engine has ended by itself.
        """
        began = stopwatch()
        is_passed, said = await self.act(scene)
        return StepResult(
            name=self.name, is_passed=is_passed, said=said, seconds=stopwatch() - began
        )


async def enter(scene: Scene) -> tuple[bool, str]:
    """Wait for the first positions, with their stops."""
    if not await scene.until(lambda: any(scene.positions()), SOON):
        return False, "no trader entered anything; see the log of the engine"
    is_covered = await scene.until(scene.is_covered, AGAIN)
    coins = [coin for _, coin, _ in scene.positions()]
    return is_covered, f"entered {named(coins)}" + ("" if is_covered else ", without a stop")


async def refuse_stops(scene: Scene) -> tuple[bool, str]:
    """Let the venue refuse the next two stops or targets."""
    state = scene.venue.exchange.state
    scene.venue.exchange.outsiders.refuse_orders(MARGIN, 2, triggers=True)
    plan = state.planned[-1]
    if not await scene.until(lambda: plan.left == 0, SOON):
        plan.left = 0
        return False, "no stop or target was placed"
    is_covered = await scene.until(scene.is_covered, AGAIN)
    return (
        is_covered,
        "each position got its stop or was closed" if is_covered else "a stop missing",
    )


async def lose_a_stop(scene: Scene) -> tuple[bool, str]:
    """Cancel a stop as somebody else would."""
    chosen: list[tuple[Account, str, Order]] = []

    def is_there() -> bool:
        chosen[:] = [
            (account, coin, stop)
            for account, coin, _ in scene.positions()
            for stop in scene.stops(account, coin)
        ]
        return bool(chosen)

    if not await scene.until(is_there, SOON):
        return False, "no position had a stop"
    account, coin, stop = chosen[0]
    scene.venue.exchange.outsiders.cancel(account.address, stop.oid)
    scene.venue.step()
    is_covered = await scene.until(scene.is_covered, AGAIN)
    what = "was replaced, or its position closed" if is_covered else "is missing still"
    return is_covered, f"the stop of {coin} {what}"


HARMS = (
    (Harm.LOST_BEFORE, "lost on its way"),
    (Harm.LOST_AFTER, "answer lost"),
    (Harm.DELAYED, "late"),
    (Harm.SILENT_AFTER, "no answer"),
)
"""What happens to one order after the other."""


async def time_out(scene: Scene) -> tuple[bool, str]:
    """Lose an order, an answer, delay an order, and stay silent: one order after the other."""
    faults = [(scene.venue.faults.add(harm, "order", times=1), said) for harm, said in HARMS]
    is_met = await scene.until(lambda: not any(fault.left for fault, _ in faults), 2 * SOON)
    scene.venue.faults.clear()
    if not is_met:
        left = ", ".join(said for fault, said in faults if fault.left)
        return False, f"too few orders were sent; did not come to: {left}"
    filled = scene.fills()
    # What became of the last one is decided before anything else is traded.
    went_on = await scene.until(lambda: scene.fills() > filled, SOON)
    is_covered = await scene.until(scene.is_covered, AGAIN)
    if twice := len(scene.venue.audit.duplicates):
        return False, f"{twice} orders were taken twice"
    if not went_on:
        return False, "nothing was traded any more"
    said = ", ".join(said for _, said in faults)
    return is_covered, f"{said}: nothing twice" if is_covered else f"{said}: a stop is missing"


async def kill(scene: Scene) -> tuple[bool, str]:
    """Kill the engine while it holds something, and start it again."""
    if not await scene.until(lambda: any(scene.positions()), SOON):
        return False, "nothing was held"
    await scene.engine.kill()
    held = [coin for _, coin, _ in scene.positions()]
    audit = scene.venue.audit
    asked = audit.count(STATEMENT)
    await scene.engine.start()
    if not await scene.until(lambda: audit.count(STATEMENT) > asked, SOON):
        return False, "the engine did not come back"
    is_covered = await scene.until(scene.is_covered, AGAIN)
    if twice := len(audit.duplicates):
        return False, f"{twice} orders were taken twice"
    said = f"killed holding {named(held)}, came back and read the statement"
    return is_covered, said if is_covered else f"{said}; a stop is missing"


async def close_by_hand(scene: Scene) -> tuple[bool, str]:
    """Close a position as its owner would; its stops must go."""
    if not await scene.until(lambda: any(scene.positions()), SOON):
        return False, "nothing was held"
    account, coin, _ = next(iter(scene.positions()))
    scene.venue.exchange.outsiders.close(account.address, coin)
    scene.venue.step()

    def is_clean() -> bool:
        is_flat = not account.held(coin)
        return not (is_flat and scene.exits(account, coin))

    if await scene.until(is_clean, AGAIN):
        return True, f"{coin} closed by hand; no stop of it is left behind"
    return False, f"{coin} closed by hand; its stop still stands"


async def halt(scene: Scene) -> tuple[bool, str]:
    """Halt: no entry leaves any more; then have all closed."""
    await scene.nof0("halt", "--reason", "rehearsal")
    halted_ms = scene.venue.now_ms()
    await pause(2 * scene.plan.rhythm.total_seconds())
    scene.engine.check()
    if entries := scene.entries_since(halted_ms):
        return False, f"{entries} entries left after the halt"
    await scene.nof0("halt", "--flatten")
    if not await scene.until(lambda: not any(scene.positions()), AGAIN):
        coins = [coin for _, coin, _ in scene.positions()]
        return False, f"no entry after it, but {named(coins)} not closed"
    return True, "no entry left after it, and all was closed"


async def end(scene: Scene) -> tuple[bool, str]:
    """Ask the engine to end."""
    code = await scene.engine.end()
    if code is None:
        return False, "the engine did not end and was killed"
    return code == 0, f"ended with exit code {code}"


STEPS: Sequence[Step] = (
    Step("traders enter", enter),
    Step("stops are refused", refuse_stops),
    Step("a stop is lost", lose_a_stop),
    Step("four orders time out", time_out),
    Step("the engine is killed", kill),
    Step("a position is closed by hand", close_by_hand),
    Step("a halt", halt),
    Step("the end", end),
)
