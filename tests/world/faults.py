"""A venue that is slow, away, wrong or silent, at each verb and when a plan says so."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any, TypeAlias

import anyio
import attrs

from nof0_core.clock import pause
from nof0_core.errors import DataError, OutcomeUnknownError, RejectedError, TransientError
from nof0_core.ids import ClientOrderId
from nof0_core.protocols import ExchangeProvider, ExchangeWrapper

STRANGER = ClientOrderId("0x" + "e" * 32)
"""The client order id that an answer for other orders is about."""


class Verb(StrEnum):
    """What a venue can be asked."""

    REPORT = "report"
    PLACE = "place"
    CANCEL = "cancel"
    ORDER = "order"
    FILLS = "fills"
    FUNDING = "funding"
    SET_LEVERAGE = "set_leverage"
    PROVE = "prove"


class Kind(StrEnum):
    """How a call goes wrong. What the venue does of it stands in brackets.

    SLOW: waits, then is carried out (all). SLOW_ANSWER: is carried out, then waits (all, also if
    the caller gives up). HANGS: for ever (nothing). DONE_HANGS: is carried out, then no answer for
    ever (all). LATE: outcome unknown; it arrives later all the same (all, later). HANGS_LATE: no
    answer for ever, arrives later all the same (all, later). LOST: outcome unknown (nothing).
    ANSWER_LOST: outcome unknown (all). TRANSIENT, REJECTED, DATA: that error of a provider
    (nothing). RUNTIME, KEY, GROUP: another library's exception (nothing). DONE_RUNTIME: one after
    the fact (all). OTHERS: the answer is about other orders (all). EMPTY: the answer is empty
    (all). GARBAGE: the answer is None (all).
    """

    SLOW = "slow"
    SLOW_ANSWER = "slow_answer"
    HANGS = "hangs"
    DONE_HANGS = "done_hangs"
    LATE = "late"
    HANGS_LATE = "hangs_late"
    LOST = "lost"
    ANSWER_LOST = "answer_lost"
    TRANSIENT = "transient"
    REJECTED = "rejected"
    DATA = "data"
    RUNTIME = "runtime"
    KEY = "key"
    GROUP = "group"
    DONE_RUNTIME = "done_runtime"
    OTHERS = "others"
    EMPTY = "empty"
    GARBAGE = "garbage"

    @property
    def is_barrier(self) -> bool:
        """Whether nothing that is asked meanwhile reaches the venue in time."""
        return self in _BARRIERS


@attrs.frozen
class _Raised:
    """An error to be made anew each time it is raised."""

    kind: type[Exception]
    args: tuple[Any, ...]

    def error(self) -> Exception:
        return self.kind(*self.args)


_UNKNOWN = _Raised(OutcomeUnknownError, ("connection dropped",))
_BUG = _Raised(RuntimeError, ("a bug of the provider",))
_RAISES = {
    Kind.LOST: _UNKNOWN,
    Kind.LATE: _UNKNOWN,
    Kind.TRANSIENT: _Raised(TransientError, ("the venue is away",)),
    Kind.REJECTED: _Raised(RejectedError, ("not today",)),
    Kind.DATA: _Raised(DataError, ("the answer contradicts itself",)),
    Kind.RUNTIME: _BUG,
    Kind.KEY: _Raised(KeyError, ("response",)),
    Kind.GROUP: _Raised(ExceptionGroup, ("unhandled errors", [ValueError("a"), OSError("b")])),
}
_AFTERWARDS = {Kind.ANSWER_LOST: _UNKNOWN, Kind.DONE_RUNTIME: _BUG}
_BARRIERS = frozenset({*_RAISES, Kind.HANGS, Kind.HANGS_LATE, Kind.SLOW})
_LATE = frozenset({Kind.LATE, Kind.HANGS_LATE})
_SPOILT = frozenset({Kind.OTHERS, Kind.EMPTY, Kind.GARBAGE})
_ORDERS = frozenset({Verb.PLACE, Verb.CANCEL, Verb.ORDER, Verb.PROVE})

KINDS: dict[Verb, tuple[Kind, ...]] = {
    verb: tuple(
        kind
        for kind in Kind
        if (kind not in _LATE or verb is Verb.PLACE)
        and (kind is not Kind.OTHERS or verb in _ORDERS)
        and (kind is not Kind.EMPTY or verb not in (Verb.SET_LEVERAGE, Verb.PROVE))
        and (kind is not Kind.GARBAGE or verb not in (Verb.SET_LEVERAGE, Verb.PROVE, Verb.ORDER))
    )
    for verb in Verb
}
"""What can go wrong at each verb. An empty proof is left out: it would be a false one."""


@attrs.frozen(kw_only=True)
class Fault:
    """What goes wrong with the calls of a verb from `since` until before `until`, in seconds.

    Of these calls the first `skip` go well, and the next `times` do not. `seconds` is how long the
    slow and late kinds take, at least and at most.
    """

    verb: Verb
    kind: Kind
    since: float = 0.0
    until: float = math.inf
    skip: int = 0
    times: float = math.inf
    seconds: tuple[float, float] = (1.0, 30.0)


class FaultPlan:
    """Which call of which verb goes wrong, and how; the first fault that fits counts.

    The same seed draws the same lengths. `calls` counts what was asked, `struck` what went wrong.
    """

    def __init__(self, *faults: Fault, seed: int | str = 0) -> None:
        self.faults = list(faults)
        self.calls: Counter[Verb] = Counter()
        self.struck: Counter[tuple[Verb, Kind]] = Counter()
        self._met: Counter[int] = Counter()
        self._rng = random.Random(f"faults/{seed}")

    @classmethod
    def always(cls, kind: Kind, *verbs: Verb, seed: int | str = 0) -> FaultPlan:
        """Make a plan in which each call of some verbs (none named: of all) goes wrong."""
        wanted = verbs or tuple(verb for verb in Verb if kind in KINDS[verb])
        return cls(*(Fault(verb=verb, kind=kind) for verb in wanted), seed=seed)

    @classmethod
    def drawn(
        cls, seed: int | str, *, until: float, count: int, kinds: Iterable[Kind] = tuple(Kind)
    ) -> FaultPlan:
        """Draw `count` faults of some kinds that have all ceased after `until` seconds."""
        rng, allowed = random.Random(f"plan/{seed}"), frozenset(kinds)
        faults = []
        for _ in range(count):
            verb = rng.choice(tuple(Verb))
            kind = rng.choice([kind for kind in KINDS[verb] if kind in allowed])
            since = rng.uniform(0, until)
            length = rng.choice((2.0, 10.0, 30.0, 90.0))
            faults.append(
                Fault(verb=verb, kind=kind, since=since, until=min(until, since + length))
            )
        return cls(*faults, seed=seed)

    def active(self, verb: Verb, now: float) -> Fault | None:
        """Return the fault that calls of a verb would meet at a time, without meeting it."""
        for number, fault in enumerate(self.faults):
            if (
                fault.verb is verb
                and fault.since <= now < fault.until
                and self._met[number] < fault.skip + fault.times
            ):
                return fault
        return None

    def strike(self, verb: Verb, now: float) -> tuple[Kind, float] | None:
        """Return how a call goes wrong and the seconds it takes; None: it goes well."""
        self.calls[verb] += 1
        fault = self.active(verb, now)
        if fault is None:
            return None
        number = self.faults.index(fault)
        self._met[number] += 1
        if self._met[number] <= fault.skip:
            return None
        self.struck[verb, fault.kind] += 1
        return fault.kind, self._rng.uniform(*fault.seconds)


_Late: TypeAlias = tuple[float, Sequence[Any], Callable[[], Awaitable[Any]]]


class FaultyVenue(ExchangeWrapper):
    """An exchange provider in front of which calls go wrong as a plan says.

    `time` gives the seconds the plan counts in (by default those of the event loop since the first
    call). What arrives late does so at the next call after its time, or when somebody calls
    `deliver`. An order that was proved dead never arrives.
    """

    def __init__(
        self,
        inner: ExchangeProvider,
        plan: FaultPlan,
        *,
        time: Callable[[], float] | None = None,
    ) -> None:
        super().__init__(inner)
        self.plan = plan
        self._time = time
        self._began: float | None = None
        self._late: list[_Late] = []
        self._arriving: list[_Late] = []
        self._under_way: dict[int, tuple[Sequence[Any], Callable[[], Awaitable[Any]]]] = {}

    @property
    def pending(self) -> tuple[ClientOrderId, ...]:
        """Return the orders that are still on their way, first come first."""
        return tuple(order.client_id for _, orders, _ in self._late for order in orders)

    async def deliver(self, *, all_of_it: bool = False) -> None:
        """Let arrive what is due by now, or all that is on its way."""
        now = self._now()
        due = [late for late in self._late if all_of_it or late[0] <= now]
        self._late = [late for late in self._late if late not in due]
        for late in sorted(due, key=lambda late: late[0]):
            self._arriving.append(late)
            await late[2]()
            self._arriving.remove(late)

    def abandon(self, rng: random.Random) -> None:
        """Take note that whoever asked is dead: what was being sent arrives all the same, or never.

        That holds for orders and cancels; where it is carried out already that changes nothing.
        """
        self._late += self._arriving
        self._arriving.clear()
        for orders, call in self._under_way.values():
            if rng.random() < 0.5:
                self._late.append((self._now() + rng.uniform(0, 10), orders, call))
        self._under_way.clear()

    async def report(self) -> Any:
        return await self._ask(Verb.REPORT, self.inner.report)

    async def place(self, orders: Any, *, expires_at: Any) -> Any:
        return await self._ask(
            Verb.PLACE, lambda: self.inner.place(orders, expires_at=expires_at), orders
        )

    async def cancel(self, client_ids: Any) -> Any:
        return await self._ask(Verb.CANCEL, lambda: self.inner.cancel(client_ids))

    async def order(self, client_id: ClientOrderId) -> Any:
        return await self._ask(Verb.ORDER, lambda: self.inner.order(client_id))

    async def fills(self, since: Any) -> Any:
        return await self._ask(Verb.FILLS, lambda: self.inner.fills(since))

    async def set_leverage(self, symbol: Any, leverage: Any, margin_mode: Any) -> None:
        await self._ask(
            Verb.SET_LEVERAGE, lambda: self.inner.set_leverage(symbol, leverage, margin_mode)
        )

    async def _funding(self, since: Any) -> Any:
        return await self._ask(Verb.FUNDING, lambda: self.inner.funding(since))

    async def _prove(self, client_id: ClientOrderId) -> Any:
        async def proof() -> Any:
            self._late = [
                late for late in self._late if client_id not in {o.client_id for o in late[1]}
            ]
            return await self.inner.prove(client_id)

        return await self._ask(Verb.PROVE, proof)

    def _now(self) -> float:
        if self._time is not None:
            return self._time()
        if self._began is None:
            self._began = anyio.current_time()
        return anyio.current_time() - self._began

    async def _ask(
        self, verb: Verb, call: Callable[[], Awaitable[Any]], orders: Sequence[Any] = ()
    ) -> Any:
        if self._late:
            await self.deliver()
        if verb not in (Verb.PLACE, Verb.CANCEL):
            return await self._meet(verb, call)
        number = self.plan.calls.total()
        self._under_way[number] = orders, call
        try:
            return await self._meet(verb, call, orders)
        finally:
            self._under_way.pop(number, None)

    async def _meet(
        self, verb: Verb, call: Callable[[], Awaitable[Any]], orders: Sequence[Any] = ()
    ) -> Any:
        struck = self.plan.strike(verb, self._now())
        if struck is None:
            return await call()
        kind, seconds = struck
        if kind in _LATE:
            self._late.append((self._now() + seconds, orders, call))
        await _before(kind, seconds)
        answer = await call()
        await _after(kind, seconds)
        return _spoil(verb, kind, answer) if kind in _SPOILT else answer


async def _before(kind: Kind, seconds: float) -> None:
    if kind in _RAISES:
        raise _RAISES[kind].error()
    if kind is Kind.SLOW:
        await pause(seconds)
    if kind in (Kind.HANGS, Kind.HANGS_LATE):
        await anyio.sleep_forever()


async def _after(kind: Kind, seconds: float) -> None:
    if kind in _AFTERWARDS:
        raise _AFTERWARDS[kind].error()
    if kind is Kind.SLOW_ANSWER:
        await pause(seconds)
    if kind is Kind.DONE_HANGS:
        await anyio.sleep_forever()


def _spoil(verb: Verb, kind: Kind, answer: Any) -> Any:
    """Make of a right answer one for other orders, an empty one, or none at all."""
    if kind is Kind.GARBAGE or (kind is Kind.EMPTY and verb is Verb.ORDER):
        return None
    if kind is Kind.EMPTY:
        return attrs.evolve(answer, positions=(), orders=()) if verb is Verb.REPORT else ()
    if verb in (Verb.ORDER, Verb.PROVE):
        return None if answer is None else attrs.evolve(answer, client_id=STRANGER)
    return [attrs.evolve(outcome, client_id=STRANGER) for outcome in answer]
