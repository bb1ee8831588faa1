"""One request for all who ask the same at the same time."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar

import anyio
import attrs

from nof0_core.errors import ProviderError

Answer = TypeVar("Answer")
SHARED_FOR = 1.0
"""How long an answer serves others who ask, real seconds."""


@attrs.frozen
class Seen(Generic[Answer]):
    """An answer, and when it was asked for (seconds of the event loop's clock)."""

    answer: Answer
    asked_at: float


@attrs.define(eq=False)
class _Flight:
    asked_at: float
    done: anyio.Event = attrs.field(factory=anyio.Event)
    seen: Seen[Any] | None = None
    error: ProviderError | None = None


class Flights:
    """Requests under way and answers of the last second, by what was asked.

    Without `is_sharing` (where time stands still while something is asked) each asks for itself.
    """

    def __init__(self, *, is_sharing: bool) -> None:
        self._is_sharing = is_sharing
        self._flights: dict[Hashable, _Flight] = {}

    async def join(
        self, key: Hashable, ask: Callable[[], Awaitable[Answer]], asked_after: float = -math.inf
    ) -> Seen[Answer]:
        """Return the answer to a question asked later than `asked_after`, asking if need be.

        Raises:
            ProviderError: what the request that was joined has ended with.
        """
        now = anyio.current_time()
        if not self._is_sharing:
            return Seen(await ask(), now)
        while (flight := self._flights.get(key)) is not None:
            if flight.asked_at <= asked_after:
                break
            if flight.done.is_set() and (flight.seen is None or now - flight.asked_at > SHARED_FOR):
                break
            await flight.done.wait()
            if flight.error is not None:
                raise flight.error
            if flight.seen is not None:
                return flight.seen
            # Whoever asked was cancelled: somebody else has to.
        flight = self._flights[key] = _Flight(anyio.current_time())
        try:
            flight.seen = Seen(await ask(), flight.asked_at)
        except ProviderError as error:
            flight.error = error
            raise
        finally:
            flight.done.set()
            self._forget_old()
        return flight.seen

    def _forget_old(self) -> None:
        now = anyio.current_time()
        self._flights = {
            key: flight
            for key, flight in self._flights.items()
            if not flight.done.is_set()
            or (flight.seen is not None and now - flight.asked_at <= SHARED_FOR)
        }
