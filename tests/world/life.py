"""One life of the execution engine: everything that can happen, drawn from one seed."""

from __future__ import annotations

import gc
import random
from collections import Counter
from datetime import timedelta
from decimal import Decimal as D
from decimal import localcontext
from functools import partial

import anyio
import attrs
from world.clock import WorldClock
from world.deciding import LIMITS, MAX_DATA_AGE, Deciding
from world.driver import CHECKS, Driver
from world.faults import FaultPlan, FaultyVenue
from world.killer import Killer
from world.loop import WorldError, live_in, nap, now
from world.memory import Memory
from world.observer import Observer
from world.process import Process
from world.report import Report
from world.truth import Truth
from world.venue import ACCOUNT, CAPITAL, OPTIONAL, RATE, WorldVenue
from world.watched import Watched

from nof0_core.domain.event import EngineStarted, Transferred
from nof0_core.domain.order import OrderStyle, Side
from nof0_core.domain.snapshot import Quote
from nof0_core.domain.vocabulary import ClockKind, TransferReason
from nof0_core.execution.engine import ExecutionEngine
from nof0_core.execution.order_factory import OrderPolicy
from nof0_core.ids import ENGINE
from nof0_core.money import EXACT, ZERO
from nof0_core.protocols import Capability
from nof0_core.state.durability import Durability
from nof0_core.state.engine_state import EngineState
from nof0_core.state.recorder import Recorder
from nof0_core.tempo import PASSING
from nof0_core.testing.environment import START, Lines
from nof0_core.testing.market import INSTRUMENTS

ALONE = "NOF0_LIFE={} pytest tests/world/test_lives.py"
REST = {
    "funding_rate": RATE, "open_interest": D(1000), "day_volume_usd": D(1_000_000_000)
}  # fmt: skip
SHARE = D(4000)
"""What each trader begins with, in USD."""
CALM = 180.0
"""Seconds without faults after which ledger and venue must agree."""
POLICY = OrderPolicy(style=OrderStyle.MARKET_IOC, slippage_bps=D(50), limits=LIMITS)
STEPS = tuple(timedelta(seconds=s) for s in (3600, -3600, 86_400, -86_400, 5, -5))


class Life:
    """The world of one seed: venue, person, traders, clock, and an engine that starts and stops."""

    def __init__(self, seed: int, hours: float, checks) -> None:
        self.seed, self.length, self.checks = seed, hours * 3600, checks
        rng = self.rng = random.Random(f"life/{seed}")
        self.clock = WorldClock(START + timedelta(seconds=rng.randrange(86_400)))
        lacking = rng.choice(((), (), (), rng.sample(OPTIONAL, rng.randrange(1, 4))))
        words = frozenset({Capability.TRIGGER_ORDERS, *OPTIONAL} - set(lacking))
        self.venue = WorldVenue(random.Random(f"venue/{seed}"), self.clock, words)
        self.traders = ("ann", "bob", "cid", "dot")[: rng.randrange(2, 5)]
        self.truth = Truth(self.traders)
        self.venue.on_fill = self.truth.on_fill
        self.plan = FaultPlan(seed=seed)
        self.faulty = FaultyVenue(self.venue, self.plan, time=now)
        self.killer = Killer(random.Random(f"killer/{seed}"))
        self.watched = Watched(self.faulty, self.truth, self._as_orders_leave, self.killer.step)
        self.observer = Observer(self.venue, self.truth, self.watched, self.plan, self.clock)
        self.venue.on_loss = self.observer.lose
        self.deciding = Deciding(rng, self.clock, self.truth)
        self.journal = Memory(random.Random(f"disk/{seed}"), self.killer.step)
        self.did: Counter[str] = Counter()
        self.wrong: list[tuple[str, str]] = []
        self.is_halted = self.is_calm = self.is_frozen = False
        self.is_hunted = rng.random() < 0.5
        self.has_person = rng.random() < 0.4
        self.steps_clock = rng.random() < 0.3
        self.quotes_cache: tuple[float, dict] = (-1.0, {})

    # --- the engine ---

    def start(self) -> Driver:
        """Make an engine from what the journal holds."""
        state = EngineState()
        for event in self.journal.events:
            state.apply(event)
        recorder = Recorder(
            events=self.journal,
            durability=Durability.DISK,
            state=state,
            clock=self.clock,
            log=Lines(),
        )
        recorder.listeners.append(self.truth.on_event)
        if not self.journal.events:
            started = EngineStarted(
                version="0", config_digest="", clock=ClockKind.SYSTEM, seed=0, traders=self.traders
            )
            recorder.record(ENGINE, started)
            amounts = {
                "@reserve": CAPITAL - SHARE * len(self.traders),
                **dict.fromkeys(self.traders, SHARE),
            }
            recorder.record(
                ENGINE,
                Transferred(
                    venue_account=ACCOUNT,
                    amounts=amounts,
                    equities=dict.fromkeys(amounts, D(0)),
                    reason=TransferReason.INITIAL,
                ),
            )
            self.journal.sync()
        engine = ExecutionEngine(
            venue_account=ACCOUNT,
            provider=self.watched,
            recorder=recorder,
            instruments=INSTRUMENTS,
            policies=dict.fromkeys(self.traders, POLICY),
            since=START,
            tempo=PASSING,
            refusal=lambda _: "halted" if self.is_halted else "",
        )
        self.state = state
        return Driver(engine, state, ACCOUNT)

    def quotes(self):
        """Return the prices of this moment, as the market tells them."""
        second = now()
        if self.quotes_cache[0] != second:
            time = self.clock.true()
            self.quotes_cache = (
                second,
                {
                    s: Quote(symbol=s, time=time, mark=m, mid=m, oracle=m, **REST)
                    for s, m in self.venue.prices.items()
                },
            )
        return self.quotes_cache[1]

    def _as_orders_leave(self, requests) -> None:
        for request in requests:
            seen = self.truth.data_times.get(request.client_id)
            if seen is None:
                continue
            if self.is_halted:
                self.wrong.append(("halted", f"entry {request.client_id} left while halted"))
            age = self.clock.now() - seen
            if age > MAX_DATA_AGE:
                self.wrong.append(("aged", f"entry {request.client_id} left on data {age} old"))

    # --- who acts ---

    async def _syncs(self, driver: Driver) -> None:
        while True:
            await driver.sync(self.quotes())
            self.did["sync"] += 1
            await nap(15)

    async def _guards(self, driver: Driver) -> None:
        async with anyio.create_task_group() as group:
            while True:
                group.start_soon(driver.guard, self.quotes())
                await nap(3 if self.is_frozen else 1)

    async def _trader(self, driver: Driver, trader: str, rng: random.Random) -> None:
        while True:
            await nap(rng.uniform(2, 30))
            if self.is_frozen:
                continue
            quotes = self.quotes()
            approved = self.deciding.approve(self.state, ACCOUNT, trader, quotes)
            if not approved:
                continue
            if rng.random() < 0.1:
                await nap(rng.choice((5, 40, 70)))
            patience = rng.uniform(0, 3) if rng.random() < 0.1 and not self.is_calm else 300
            with anyio.move_on_after(patience) as scope:
                await driver.submit(approved, self.quotes())
            self.did["submit"] += 1
            self.did["cancelled"] += scope.cancelled_caught

    async def _halts(self, driver: Driver, rng: random.Random) -> None:
        while True:
            await nap(rng.uniform(20, 200))
            if self.is_calm:
                continue
            self.is_halted = True
            self.did["halt"] += 1
            if rng.random() < 0.5:
                self.did["flatten"] += 1
                await driver.flatten(self.traders, self.quotes())
            await nap(rng.uniform(2, 20))
            self.is_halted = False

    async def _engine(self, until: float) -> None:
        """Live as an engine until a moment, then stop in order."""
        driver = self.start()
        self.watched.remember(self.state)
        self.observer.begin()
        async with anyio.create_task_group() as beside:
            # As the manager does: guards go on until the last look is over.
            beside.start_soon(self._guards, driver)
            with anyio.CancelScope(deadline=until):
                async with anyio.create_task_group() as group:
                    group.start_soon(self._syncs, driver)
                    for trader in self.traders:
                        rng = random.Random(f"{trader}/{self.seed}/{until}")
                        group.start_soon(self._trader, driver, trader, rng)
                    rng = random.Random(f"halt/{self.seed}/{until}")
                    group.start_soon(self._halts, driver, rng)
            self.is_halted = False
            await driver.sync(self.quotes())
            beside.cancel_scope.cancel()
        self.journal.sync()

    async def _engines(self, until: float) -> None:
        while now() < until:
            rng = self.rng
            restarts = rng.random() < 0.4 and not self.is_calm
            age = rng.uniform(5, 120) if restarts else until
            engine = Process(partial(self._engine, min(until, now() + age)))
            if self.is_hunted and not self.is_calm:
                self.killer.aim(engine.kill)
            await engine.run()
            self.killer.rest()
            self.observer.leave()
            self.is_halted = False
            if engine.was_killed:
                self._bury()
            self.did["kill" if engine.was_killed else "stop"] += 1
            if now() < until:
                await nap(rng.uniform(0.1, 20 if engine.was_killed and rng.random() < 0.5 else 5))

    def _bury(self) -> None:
        """Let the venue do what was on its way, and the disk lose what it had not confirmed."""
        self.faulty.abandon(self.rng)
        crashed = self.journal
        self.journal = crashed.after_crash(self.rng.randint(0, crashed.at_risk))
        lost = crashed.events[len(self.journal.events) :]
        for event in reversed(lost):
            self.truth.on_event(event, sign=-1)
        self.did["record lost"] += len(lost)

    # --- what happens around it ---

    async def _nature(self) -> None:
        """Each second: prices, funding, late orders, the observer; now and then mischief.

        While the market stands still, every five seconds.
        """
        rng = random.Random(f"nature/{self.seed}")
        while True:
            await nap(5 if self.is_frozen else 1)
            if not self.is_frozen:
                self._prices(rng)
            self.venue.pass_time()
            await self.faulty.deliver()
            if not self.is_calm:
                self._mischief(rng)
            self.observer.look(now())

    def _prices(self, rng) -> None:
        symbol = rng.choice(tuple(self.venue.prices))
        size = rng.choice((2, 2, 5, 5, 20, 60 if rng.random() < 0.1 else 5))
        move = 1 + D(rng.randrange(-10 * size, 10 * size + 1)) / 100_000
        mark = INSTRUMENTS[symbol].round_price(self.venue.prices[symbol] * move)
        self.venue.move(symbol, mark)

    def _mischief(self, rng) -> None:
        venue, chance = self.venue, rng.random()
        if chance < 0.01:
            venue.refuse_stops = not venue.refuse_stops
        elif chance < 0.015:
            venue.refuse_leverage = not venue.refuse_leverage
        elif chance < 0.025:
            venue.thin = rng.choice((0, 2, 5))
        elif chance < 0.035 and venue.resting():
            venue.cancel_by_hand(rng.choice(venue.resting()))
            self.did["stop lost"] += 1
        elif chance < 0.045 and venue.resting():
            venue.fire(rng.choice(venue.resting()))
            self.did["stop fired"] += 1
        elif chance < 0.06 and self.has_person:
            self._person(rng)
        elif chance < 0.065 and self.steps_clock:
            self.clock.step(-self.clock.offset if self.clock.offset else rng.choice(STEPS))
            self.did["clock set"] += 1

    def _person(self, rng) -> None:
        symbol = rng.choice(tuple(self.venue.prices))
        held = self.venue.sizes.get(symbol, ZERO)
        if rng.random() < 0.2:
            self.venue.move_cash(D(rng.randrange(-1000, 1000)))
            self.did["cash moved"] += 1
        elif held and rng.random() < 0.8:
            side = Side.SELL if held > 0 else Side.BUY
            self.venue.trade_by_hand(symbol, side, abs(held))
            self.did["closed by hand"] += 1
        else:
            size = INSTRUMENTS[symbol].round_size(200 / self.venue.prices[symbol])
            self.venue.trade_by_hand(symbol, rng.choice(tuple(Side)), size)
            self.did["opened by hand"] += 1

    # --- the whole ---

    async def _seasons(self) -> None:
        """Trouble, then calm, as often as there is time; after each both sides agree."""
        for number in range(max(1, round(self.length / 360))):
            self.is_calm = False
            begin = now()
            trouble = self.rng.uniform(60, 150)
            drawn = FaultPlan.drawn(
                f"{self.seed}/{number}", until=trouble, count=self.rng.randrange(7)
            )
            self.plan.faults += [
                attrs.evolve(f, since=f.since + begin, until=f.until + begin) for f in drawn.faults
            ]
            await nap(trouble)
            self._calm_down()
            await nap(self.rng.uniform(0, CALM / 2))
            self.is_frozen = True
            await nap(begin + trouble + CALM - now())
            if self.venue.settled > now() - 60:
                await nap(60)  # What the hour has just brought may not be booked yet.
            self._agree()
            self.is_frozen = False

    def _calm_down(self) -> None:
        self.killer.rest()
        self.is_calm = True
        self.venue.refuse_stops = self.venue.refuse_leverage = False
        self.venue.thin = 0
        self.clock.step(-self.clock.offset)

    def _agree(self) -> None:
        totals = self.state.totals(ACCOUNT)
        ledger = {s: q for s, q in totals.quantities.items() if q}
        venue = {s: q for s, q in self.venue.sizes.items() if q}
        if ledger != venue:
            self.wrong.append(("agrees", f"the ledger has {ledger}, the venue {venue}"))
        moved = self.venue.moved
        missing = self.venue.raw - totals.raw_usd
        if missing not in {sum(moved[i:], ZERO) for i in range(len(moved) + 1)}:
            self.wrong.append(("agrees", f"{missing} USD are at the venue and not in the ledger"))

    async def run(self) -> Report:
        with localcontext(EXACT):
            async with anyio.create_task_group() as group:
                group.start_soon(self._nature)
                async with anyio.create_task_group() as engines:
                    engines.start_soon(self._engines, float("inf"))
                    await self._seasons()
                    engines.cancel_scope.cancel()
                group.cancel_scope.cancel()
        wrong = [*self.wrong, *self.truth.faults, *self.watched.faults, *self.observer.faults]
        found = [f"{check}: {text}" for check, text in wrong if check in self.checks]
        if found:
            message = "\n".join(
                [f"seed {self.seed} (alone: {ALONE.format(self.seed)}):", *found[:8]]
            )
            raise WorldError(message)
        return Report(
            seed=self.seed,
            journal=self.journal,
            fills=len(self.venue.executed),
            orders=len(self.venue.orders),
            seconds=round(now()),
            faults=self.plan.struck,
            did=self.did,
            kills=self.killer.struck,
            excuses=self.observer.counts,
        )


def live(seed: int, hours: float = 0.1, checks=CHECKS) -> Report:
    """Live one life of so many virtual hours.

    Raises:
        WorldError: an invariant in `checks` was broken; the message names the seed.
    """
    assert checks <= CHECKS
    gc.disable()  # To look for rubbish once, after a life, is cheaper than hundreds of times in it.
    try:
        return live_in(seed, Life(seed, hours, checks).run)
    except WorldError:
        raise
    except Exception as error:
        message = f"seed {seed} (alone: {ALONE.format(seed)}): {_innermost(error)!r}"
        raise WorldError(message) from error
    finally:
        gc.enable()


def _innermost(error: Exception) -> Exception:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
