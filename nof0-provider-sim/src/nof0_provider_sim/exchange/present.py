"""One call's time at the venue: it is alone there, at the present, and what it did is kept."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from decimal import Context, getcontext, localcontext, setcontext
from types import TracebackType

import anyio
import attrs

from nof0_core.clock import Clock
from nof0_core.domain.candles import to_ms
from nof0_core.ids import Symbol
from nof0_core.money import EXACT
from nof0_provider_sim.exchange.execution import Execution
from nof0_provider_sim.exchange.feed import Feed
from nof0_provider_sim.exchange.store import NoStore, Store
from nof0_provider_sim.exchange.venue import Venue


@attrs.frozen(kw_only=True, eq=False)
class Room:
    """Where calls take turns: the venue with its clock, its prices and its file."""

    clock: Clock
    feed: Feed
    execution: Execution
    venue: Venue
    store: Store | NoStore
    turn: anyio.Lock = attrs.field(init=False, factory=lambda: anyio.Lock(fast_acquire=True))


class Present(AbstractAsyncContextManager[None]):
    """Holds the venue at the present, or at `arrival_ms` if later, and saves what happens.

    Quotes of the coins held and of `wanted` are fresh then. Nothing inside may await: it would see
    another task's decimal context. Written out, since a generator for each call would cost as much
    as many a call.
    """

    __slots__ = ("_arrival_ms", "_before", "_room", "_wanted")

    def __init__(self, room: Room, wanted: set[Symbol], arrival_ms: int) -> None:
        self._room = room
        self._wanted = wanted
        self._arrival_ms = arrival_ms
        self._before: Context | None = None

    async def __aenter__(self) -> None:
        """Wait for the turn, then let time pass until the present."""
        room = self._room
        if room.feed.is_at_hand:
            # Nobody waits for anything at the venue, so nobody can come in between.
            self._begin()
            return
        await room.turn.acquire()
        try:
            await self._refresh()
            self._begin()
        except BaseException:
            room.turn.release()
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Save what happened; also when the venue refused: what time has brought is real."""
        try:
            self._keep()
        finally:
            if not self._room.feed.is_at_hand:
                self._room.turn.release()

    def _begin(self) -> None:
        self._before = getcontext()
        # A copy: whoever computes leaves flags behind.
        setcontext(EXACT.copy())
        try:
            self._room.venue.advance(self._now())
        except BaseException:
            self._keep()
            raise

    async def _refresh(self) -> None:
        room, now = self._room, self._now()
        await room.feed.refresh(room.execution.state.symbols(), self._wanted, now)
        if room.feed.is_live:
            with localcontext(EXACT):
                self._wanted |= room.venue.stirred()
            await room.feed.refresh_books(self._wanted, now)

    def _now(self) -> int:
        return max(self._arrival_ms, to_ms(self._room.clock.now()))

    def _keep(self) -> None:
        room, before = self._room, self._before
        assert before is not None  # noqa: S101 - it was set before time passed
        try:
            fresh = room.execution.drain()
            if fresh:
                room.execution.state.end_call()
                room.store.append(fresh)
        finally:
            setcontext(before)
