"""The right of one engine among several to write and to trade, renewed while it lives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import anyio
import attrs

from nof0_core.clock import pause, steady
from nof0_core.errors import LeaseLostError, ProviderError, UsageError
from nof0_core.execution.mandate import Mandate
from nof0_core.plugins.env import Logger

if TYPE_CHECKING:
    from nof0_core.storage.leases import Grant, Holder, Lease, LeaseTable, Wanted

Alarm = Callable[[str, str], object]


@attrs.frozen(kw_only=True)
class LeaseTimes:
    """Seconds of real time. The holder's count from before a request that was answered.

    A lease lasts `length` on the server's clock and is renewed `every` so often; without an answer
    for `entries` no entry leaves, without one for `orders` nothing does. Where a venue knows no
    expiry, whoever takes over waits `grace` more: what the one before had on its way has landed.
    """

    length: float = 20.0
    every: float = 5.0
    entries: float = 15.0
    orders: float = 18.0
    grace: float = 25.0


TIMES = LeaseTimes()


class HeldLease:
    """What a process may do under its leases, and for how long; kept up by `keep`.

    One that is not binding only tells others that this engine lives: it stops no order, and the
    database may be away for as long as it likes.
    """

    def __init__(
        self,
        table: LeaseTable,
        *,
        wanted: Sequence[Wanted],
        holder: Holder,
        prepare: Callable[[], Awaitable[None]],
        log: Logger,
        times: LeaseTimes = TIMES,
        clock: Callable[[], float] = steady,
    ) -> None:
        """Remember whom to ask; the first of `wanted` is that of the engine."""
        self.times = times
        self.alert: Alarm = lambda code, text: log.warning(text, code=code)
        self.lost = anyio.Event()
        self.why_lost = ""
        self._table = table
        self._wanted = wanted
        self._holder = holder
        self._prepare = prepare
        self._log = log
        self._clock = clock
        self._tokens: Mapping[str, int] = {}
        self._taken_over: tuple[Lease, ...] = ()
        self._since = clock()
        self._until: datetime | None = None
        self._is_told = False

    @property
    def is_binding(self) -> bool:
        """Tell whether nothing may be done without it."""
        return self._holder.is_binding

    @property
    def token(self) -> int:
        """Return the number of the engine's lease, 0 for none."""
        return self._tokens.get(self._wanted[0].name, 0)

    @property
    def is_taken_over(self) -> bool:
        """Tell whether another instance had a lease before and did not give it back."""
        return bool(self._taken_over)

    def mandate(self, *, is_wall_time: bool) -> Mandate:
        """Return what orders are asked against; `is_wall_time`: expiry times mean something."""
        if not self.is_binding:
            return Mandate()
        return Mandate(
            entries=lambda: self._refusal(self.times.entries),
            orders=lambda: self._refusal(self.times.orders),
            until=(lambda: self._until) if is_wall_time else (lambda: None),
        )

    async def acquire(self, *, is_waiting: bool) -> None:
        """Take the leases; where it `is_waiting`, as soon as they are free.

        Raises:
            UsageError: others hold them.
            ProviderError: they are binding, and the database is away or has other tables.
        """
        is_told = False
        while True:
            try:
                await self._take()
            except _Held as held:
                if not is_waiting:
                    raise held.refusal() from None
                if not is_told:
                    self._log.warning("waiting for others to go", held=str(held))
                    is_told = True
            except ProviderError as error:
                if not self.is_binding:
                    self._log.warning(
                        "nobody can be told that this engine runs; trading goes on",
                        reason=str(error),
                    )
                    return
                if not is_waiting:
                    raise self._away(error) from error
                if not is_told:
                    self._log.warning("waiting for the database", reason=str(error))
                    is_told = True
            else:
                return
            await pause(self.times.every / 2)

    async def keep(self) -> None:
        """Renew the leases until they are lost."""
        while not self.lost.is_set():
            began = self._clock()
            await self.renew()
            took = self._clock() - began
            await pause(max(0.0, self.times.every - took))

    async def renew(self) -> None:
        """Renew the leases once; that nobody answers is told when entries have to stop for it."""
        began = self._clock()
        try:
            with anyio.fail_after(self.times.every):
                if self._tokens:
                    self._until = await self._table.renew(self._tokens)
                else:
                    await self._take()
        except LeaseLostError as error:
            self._lose(str(error))
            return
        except (_Held, ProviderError, TimeoutError) as error:
            self._tell(str(error) or "the database did not answer in time")
            return
        self._since = began
        if self._is_told:
            self._is_told = False
            self.alert(
                "lease_confirmed", "the database has confirmed the lease; orders may leave again"
            )

    async def release(self) -> None:
        """Give the leases back, if the database can be told."""
        if not self._tokens or self.lost.is_set():
            return
        try:
            with anyio.fail_after(self.times.every):
                await self._table.release(self._tokens)
        except (ProviderError, TimeoutError) as error:
            self._log.warning("the lease was not given back and runs out", reason=str(error))

    async def _take(self) -> None:
        from nof0_core.storage.leases import LeaseHeldError

        await self._prepare()
        began = self._clock()
        try:
            grant: Grant = await self._table.acquire(self._wanted, self._holder)
        except LeaseHeldError as error:
            raise _Held(error.holders) from None
        self._tokens, self._until, self._since = grant.tokens, grant.until, began
        self._taken_over = grant.taken_over
        for lease in grant.taken_over:
            self._log.warning(f"the {lease.name} was taken over", before=lease.place)

    def _refusal(self, most: float) -> str:
        if self.why_lost:
            return self.why_lost
        age = self._clock() - self._since
        return "" if age < most else f"the lease was not confirmed for {age:.0f} s"

    def _tell(self, reason: str) -> None:
        age = self._clock() - self._since
        if self._is_told or not self.is_binding or age < self.times.entries:
            return
        self._is_told = True
        self.alert(
            "lease_unconfirmed",
            f"no answer from the database for {age:.0f} s: entries are stopped, and after "
            f"{self.times.orders:.0f} s all orders, for another engine may take over ({reason}); "
            "stops at the venue stand",
        )

    def _lose(self, reason: str) -> None:
        self.why_lost = reason
        effect = "this engine ends" if self.is_binding else "it writes nothing to the database now"
        self.alert("lease_lost", f"{reason}: {effect}")
        self.lost.set()

    def _away(self, error: ProviderError) -> ProviderError:
        message = f"nobody can tell whether another engine trades: {error}"
        hints = ("start the database and try again", "`nof0 run --standby` waits for it")
        return ProviderError(message, hints=(*error.hints, *hints))


class _Held(Exception):  # noqa: N818 - never leaves this module
    """Others hold leases."""

    def __init__(self, holders: Sequence[Lease]) -> None:
        self.holders = holders
        super().__init__("; ".join(f"{one.name}: {_whose(one)}" for one in holders))

    def refusal(self) -> UsageError:
        # Whoever holds the engine holds its accounts, too.
        first = next((one for one in self.holders if one.kind == "engine"), self.holders[0])
        message = f"another engine holds the {first.name}: {_whose(first)}"
        left = (first.until - first.now) / timedelta(seconds=1)
        hints = [f"if it is dead, its lease runs out in {max(0.0, left):.0f} s"]
        hints += ["`nof0 engines` shows who holds what", "`nof0 run --standby` waits for its end"]
        return UsageError(message, hints=hints)


def _whose(lease: Lease) -> str:
    return f"{lease.place} (engine {lease.engine})"
