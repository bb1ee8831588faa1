"""The execution engine in front of a venue that goes wrong, in virtual time, and what must hold."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal as D

import anyio
import attrs
from world.bodies import load
from world.clock import WorldClock
from world.faults import FaultPlan, FaultyVenue, Verb
from world.loop import nap, now
from world.observer import UNKNOWN, Observer
from world.truth import Truth
from world.watched import Sent, Watched

from nof0_core.domain.event import ExitPlanSet, Filled, OrderAnswered, OrderIntended
from nof0_core.domain.order import OrderPurpose, OrderStatus, TriggerKind
from nof0_core.domain.position import ProtectionMode
from nof0_core.errors import EndOfDataError, JournalError, ProviderError
from nof0_core.ids import is_shared
from nof0_core.journal import Journal
from nof0_core.protocols import Capability, ExchangeWrapper
from nof0_core.testing import samples
from nof0_core.testing.environment import START

CALM = 180.0
"""Seconds without a fault after which all must be well."""
OVERLAPPING = 5
"""How many guards may be under way, as in the manager."""
LONG = 5.0
"""A longer wait of a test is passed over beyond this many seconds: nothing happens in it."""
DOCUMENTED = {"submit": (TypeError,), "sync": (EndOfDataError,)}
"""What a call of the engine may raise; a `JournalError` ends it, whatever is called."""
QUOTES = {symbol: samples.snapshot(symbol).quote for symbol in ("BTC", "ETH")}
ZERO = D(0)
_suite = load("conftest")


class GoneError(Exception):
    """An engine that is no more has tried to write."""


class TrialClock(WorldClock):
    """The clock of a trial, which a test may set."""

    @property
    def moment(self):
        return self.now()

    @moment.setter
    def moment(self, value):
        self.offset = value - self.true()

    async def sleep_until(self, moment):
        begin = now()
        while (left := (moment - self.now()).total_seconds()) > 0:
            if now() - begin >= LONG:
                self.moment = moment
                return
            await nap(min(left, LONG))


class TrialVenue(_suite.Venue):
    """The venue of the suite, telling what truly happens at it."""

    def __init__(self, clock) -> None:
        super().__init__(clock)
        self.on_fill: Callable = lambda *_: None
        self.on_loss: Callable = lambda _: None
        self.is_asked_by_engine = False

    def resting(self):
        return [o for o in self.orders.values() if o.status is OrderStatus.RESTING]

    @property
    def is_spoilt(self):
        """Whether a test itself keeps orders from being carried out or asked for."""
        return bool(self.is_down or self.lose_orders or {"place", "order"} & self.__dict__.keys())

    async def cancel(self, client_ids):
        if not self.is_asked_by_engine:
            for order in [self.orders[c] for c in client_ids if c in self.orders]:
                self.on_loss(order)
        return await super().cancel(client_ids)

    def heal(self):
        """Let everything a test has spoilt be as it was."""
        for name in ("report", "place", "cancel", "order", "fills", "funding", "set_leverage"):
            self.__dict__.pop(name, None)
        self.__dict__.pop("_execute", None)
        self.lose_answers = self.lose_orders = self.refuse_stops = self.is_down = False
        self.refuse_leverage = False
        self.fill_ratio = D(1)

    def _execute(self, order, size):
        if order.trigger is not None:
            self.on_loss(order)
        if order.is_reduce_only:
            # However late it comes, and whoever sets it off: it never opens anything.
            held = self.sizes.get(order.symbol, ZERO) * -order.side.sign
            size = min(size, max(ZERO, held))
        super()._execute(order, size)

    def _book(self, order, symbol, side, size):
        before = self.sizes.get(symbol, ZERO)
        super()._book(order, symbol, side, size)
        self.on_fill(order, self.executed[-1], before, self.sizes[symbol])


class ProvingVenue(TrialVenue):
    """It can also prove what became of an order."""

    capabilities = TrialVenue.capabilities | {Capability.PROOF}

    async def prove(self, client_id):
        return self.orders.get(client_id)


class TrialJournal(Journal):
    """A journal on disk without waits. `at(step)` hears of each step; `is_over` lets none write."""

    is_over = False

    def prepare(self, at, gate):
        self._at, self._gate = at, gate
        self._intents = []

    def append(self, time, stream, body, *, took=0.0):
        if self.is_over:
            raise GoneError
        event = super().append(time, stream, body, took=took)
        if isinstance(body, OrderIntended):
            self._intents.append(body)
        self._at(_step_of(body))
        return event

    def sync(self):
        self.flush()

    async def sync_beside(self):
        await self._gate.pass_through()
        if self.is_over:
            raise GoneError
        self.flush()
        await nap(0.001)
        written, self._intents = self._intents, []
        for intent in written:
            self._at(f"{kind_of(intent.purpose)} on disk")


class VirtualGate:
    """The gate of the suite in virtual time: it holds the disk only once a test has used it."""

    def __init__(self) -> None:
        self._free: float = float("inf")
        self._waiting = 0
        self._changed = anyio.Event()

    async def busy(self):
        while not self._waiting:
            await self._changed.wait()
        self._waiting -= 1

    def shut(self):
        self._free = 0

    def open(self, trips=1):
        self._free += trips
        self._change()

    async def pass_through(self):
        if self._free <= 0:
            self._waiting += 1
            self._change()
        with anyio.move_on_after(60):  # A test that was broken off opens it no more.
            while self._free <= 0:
                await self._changed.wait()
        self._free -= 1

    def _change(self):
        self._changed.set()
        self._changed = anyio.Event()


class Inside(ExchangeWrapper):
    """Behind the fault: what reaches the venue."""

    def __init__(self, inner, at) -> None:
        super().__init__(inner)
        self._at = at

    async def place(self, orders, *, expires_at):
        outcomes = await self.inner.place(orders, expires_at=expires_at)
        self._at("order sent", orders)
        return outcomes

    async def cancel(self, client_ids):
        self.inner.is_asked_by_engine = True
        try:
            outcomes = await self.inner.cancel(client_ids)
        finally:
            self.inner.is_asked_by_engine = False
        self._at("cancel sent")
        return outcomes

    async def set_leverage(self, symbol, leverage, margin_mode):
        await self.inner.set_leverage(symbol, leverage, margin_mode)
        self._at("leverage set")


class Line(Watched):
    """Before the fault: what the engine asks. Once cut it carries nothing and says nothing."""

    is_cut = False
    at: Callable

    async def place(self, orders, *, expires_at):
        await self._open()
        outcomes = await super().place(orders, expires_at=expires_at)
        await self._open()
        self.at("order answered", orders)
        return outcomes

    async def cancel(self, client_ids):
        await self._open()
        self.at("cancel asked")
        outcomes = await super().cancel(client_ids)
        await self._open()
        self.at("cancel answered")
        return outcomes

    async def set_leverage(self, symbol, leverage, margin_mode):
        await self._open()
        self.at("leverage asked")
        await super().set_leverage(symbol, leverage, margin_mode)
        await self._open()

    async def report(self):
        await self._open()
        report = await super().report()
        self.at("report answered")
        return report

    async def fills(self, since):
        await self._open()
        fills = await super().fills(since)
        self.at("fills answered")
        return fills

    async def order(self, client_id):
        await self._open()
        return await super().order(client_id)

    async def _open(self):
        if self.is_cut:
            await anyio.sleep_forever()


class TrialObserver(Observer):
    """What a test itself keeps from working is no fault of the engine either.

    While orders cannot be asked for none is known to be dead, nor for as long after as that takes.
    """

    _mute = 0.0

    def begin(self):
        """A new engine begins to ask anew."""
        self._mute = now()
        super().begin()

    def look(self, now):
        asks = (Verb.ORDER, Verb.PROVE)
        if self.venue.is_spoilt or any(self.plan.active(verb, now) for verb in asks):
            self._mute = now
        super().look(now)

    def _is_closing(self, key, now):
        unknown = [s for s in self.watched.closes.get(key, ())[-3:] if s.ended > now]
        return super()._is_closing(key, now) or bool(unknown and now < self._mute + UNKNOWN)

    def _is_blocked(self, key, now):
        return self.venue.is_spoilt or super()._is_blocked(key, now)


class Trial(_suite.Scene):
    """The scene of the suite on such a venue, with guards and syncs beside whatever is done.

    `wrong` has what must not be. `at(step)` is called at each step of an order's life.
    """

    def __init__(self, root, plan: FaultPlan, venue=TrialVenue) -> None:
        self.plan = plan
        self.truth = Truth(("ann", "bob"))
        self.gate = VirtualGate()
        self.wrong: list[str] = []
        self.ends_engine = self.has_ended = self.is_running = False
        self.restarts = 0
        self.at: Callable[[str], None] = lambda _: None
        self.line = None
        self.syncing: anyio.CancelScope | None = None
        """Around the sync that goes on: with its engine it ends."""
        super().__init__(root, TrialClock(START), venue)
        self.venue.on_fill = self.truth.on_fill
        self.observer = TrialObserver(self.venue, self.truth, self.line, plan, self.clock)
        self.venue.on_loss = self.observer.lose
        self.recorder.commit()
        self.is_running = True

    # --- an engine of it ---

    def open_journal(self):
        journal = TrialJournal.open(self.root)
        journal.prepare(self._step, self.gate)
        return journal

    def provider(self):
        inside = Inside(self.venue, self._step)
        self.faulty = FaultyVenue(inside, self.plan, time=now)
        line = Line(self.faulty, self.truth, lambda _: None)
        line.at = self._step
        if self.line is not None:
            for name in ("sent", "closes", "faults"):  # A new engine was told nothing yet.
                setattr(line, name, getattr(self.line, name))
            self.faulty._late = self.late
        self.line, self.late = line, self.faulty._late
        return line

    def _open(self):
        super()._open()
        self.recorder.listeners.append(self.truth.on_event)
        for name in ("submit", "sync", "guard", "close", "flatten", "settle_hour"):
            setattr(self.execution, name, self._told(name, getattr(self.execution, name)))

    def _told(self, name, call):
        engine = self.execution

        async def and_told(*args):
            try:
                return await call(*args)
            except JournalError as error:
                if engine is self.execution and not self.line.is_cut:
                    self.has_ended = True
                    if not self.ends_engine:
                        self.wrong.append(f"raised: {name}: {error!r}")
                raise
            except DOCUMENTED.get(name, ()):
                raise
            except Exception as error:
                if engine is self.execution and not self.line.is_cut:
                    self.wrong.append(f"raised: {name}: {error!r}")
                raise

        return and_told

    def _step(self, step, orders=()):
        if orders:
            record = self.state.order(orders[0].client_id)
            kind = kind_of(record.purpose) if record is not None else "order"
            step = step.replace("order", kind)
        self.at(step)

    def restart(self):
        """Stop the engine in the middle of what it does, once all is on disk, and start another."""
        self.recorder.events.close()
        self.part()
        self._open()

    def crash(self):
        """Let the process die: what was handed to the operating system by now is all that stays."""
        self.restarts += 1
        survived = self.root.with_name(f"journal{self.restarts}")
        shutil.copytree(self.root, survived)
        self.part()
        self.root = survived

    def part(self):
        """Let nothing of the engine that was reach the venue or the disk any more."""
        self.recorder.events.is_over = True
        self.line.is_cut = True
        if self.syncing is not None:
            self.syncing.cancel()
        self.late = self.faulty._late
        self.has_ended = False

    def start(self):
        """Start an engine after `crash`."""
        self._open()
        self._attend()
        for record in self.state.open_orders("paper"):
            # Intended, never sent: the new engine has to wait as if it had been.
            if kind_of(record.purpose) == "close" and record.client_id not in self.line.sent:
                closes = self.line.closes.setdefault((record.trader, record.symbol), [])
                closes.append(Sent(record.request, record.trader, now()))

    def _attend(self):
        if self.is_running:
            self.observer.watched = self.line
            self.observer.begin()

    def quotes(self):
        time = self.clock.now()
        return {
            symbol: attrs.evolve(QUOTES[symbol], mark=mark, oracle=mark, time=time)
            for symbol, mark in self.venue.prices.items()
        }

    def approve(self, trader, *decisions):
        approved = super().approve(trader, *decisions)
        for one in approved:
            if one.decision.signal.is_entry:
                self.truth.approve(one, self.clock.now(), one.stop_loss)
        return approved

    # --- what goes on beside ---

    async def live(self):
        """Guard each second, sync each 15, and look at the venue each second, for ever."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._syncs)
            under_way = [0]

            async def guard():
                under_way[0] += 1
                try:
                    await self._try(lambda: self.execution.guard(self.quotes()))
                finally:
                    under_way[0] -= 1

            while True:
                await nap(1)
                await self._deliver()
                if self.observer.watched is not self.line:
                    self._attend()
                self.observer.look(now())
                if under_way[0] < OVERLAPPING:
                    tasks.start_soon(guard)

    async def _syncs(self):
        await nap(7)
        while True:
            with anyio.move_on_after(120) as self.syncing:
                await self._try(self.sync)
            await nap(15)

    async def _try(self, call: Callable[[], Awaitable]):
        """Do a duty. What it raises was noted; an engine that has ended does none."""
        if self.line.is_cut or self.has_ended:
            return
        with suppress(Exception, KeyboardInterrupt):  # They are noted: see `_told`.
            await call()

    @property
    def has_disk(self):
        """Whether no test has taken the journal away: then there is nothing to start from."""
        return not self.ends_engine or (self.root / "ann").exists()

    async def _deliver(self, *, all_of_it=False):
        with suppress(ProviderError):  # It comes while a test lets the venue refuse it.
            await self.faulty.deliver(all_of_it=all_of_it)

    async def calm_down(self):
        """Let all faults cease, then time pass."""
        self.venue.heal()
        self.gate.open(10**9)
        self.refused = ""
        self.plan.faults.clear()
        await self._deliver(all_of_it=True)
        await nap(CALM)
        if self.has_ended and self.has_disk:
            # A person starts it again.
            self.restart()
            await nap(CALM)

    # --- what must hold ---

    def faults(self) -> list[str]:
        """Say what is wrong at the end, sentence by sentence."""
        if not self.has_disk:
            return self.wrong
        told = [*self.truth.faults, *self.line.faults, *self.observer.faults]
        wrong = [*self.wrong, *(f"{check}: {text}" for check, text in told)]
        totals = self.state.totals("paper")
        ledger = {s: q for s, q in totals.quantities.items() if q}
        venue = {s: q for s, q in self.venue.sizes.items() if q}
        if ledger != venue:
            wrong.append(f"agrees: the ledger has {ledger}, the venue {venue}")
        if totals.raw_usd != self.venue.raw:
            wrong.append(f"agrees: the ledger has {totals.raw_usd} USD, the venue {self.venue.raw}")
        for client_id, order in self.venue.orders.items():
            if self.state.order(client_id) is None:
                wrong.append(f"intent: nobody intended {client_id}")
            if order.filled_size > order.size:
                wrong.append(f"twice: {client_id} executed {order.filled_size} of {order.size}")
        if open_ones := [o for o in self.state.open_orders("paper") if o.is_unknown]:
            wrong.append(f"unknown: nobody knows what became of {open_ones[0].client_id}")
        return [*wrong, *self._unprotected()]

    def _unprotected(self):
        self.recorder.events.flush()
        reasons = {
            (event.body.trader, event.body.symbol): event.body.reason
            for event in self.recorder.events.read(types=["exit_plan"])
        }
        for position in self.state.positions("paper"):
            key = position.trader, position.symbol
            if is_shared(position.trader):
                continue
            if position.protection is ProtectionMode.VENUE:
                size = sum(
                    (
                        order.size
                        for order in self.venue.resting()
                        if order.trigger.kind is TriggerKind.STOP
                        and self.truth.owner(order.client_id) == position.trader
                        and order.symbol == position.symbol
                    ),
                    ZERO,
                )
                if position.plan.stop_loss is not None and size != abs(position.quantity):
                    yield f"protected: stops of {key} stand for {size} of {position.quantity}"
            elif not reasons.get(key):
                yield f"protected: nothing says why {key} has no stop at the venue"


def kind_of(purpose: OrderPurpose) -> str:
    """Return the kind of order that names its steps."""
    if purpose is OrderPurpose.OPEN:
        return "entry"
    return "exit" if purpose in (OrderPurpose.STOP, OrderPurpose.TARGET) else "close"


def _step_of(body):
    """Name what was just appended."""
    if isinstance(body, OrderIntended):
        return f"{kind_of(body.purpose)} written"
    if isinstance(body, OrderAnswered):
        return "answer recorded"
    if isinstance(body, Filled):
        return "fill recorded"
    return "mode recorded" if isinstance(body, ExitPlanSet) else "other recorded"
