"""One request for all who ask at the same time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import anyio

from nof0_core.clock import Clock
from nof0_core.errors import ProviderError

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Asks once for all who wait, and serves the answer to whoever comes within `fresh`.

    Whoever waited for a request that failed gets its error instead of repeating it; one that is
    cancelled leaves the asking to the next.
    """

    def __init__(
        self, ask: Callable[[], Awaitable[T]], *, clock: Clock, fresh: timedelta = timedelta(0)
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._fresh = fresh
        self._lock = anyio.Lock()
        self._rounds = 0
        self._answer: tuple[datetime, T] | None = None
        self._error: ProviderError | None = None

    async def get(self) -> T:
        """Return an answer that is fresh, or was under way when it was asked for.

        Raises:
            ProviderError: as the request.
        """
        seen = self._rounds
        if (found := self._served()) is not None:
            return found[1]
        async with self._lock:
            if self._rounds != seen:
                # It was answered while we waited.
                if self._error is not None:
                    raise self._error
                if self._answer is not None:
                    return self._answer[1]
            return await self._fetch()

    async def _fetch(self) -> T:
        try:
            answer = await self._ask()
        except ProviderError as error:
            self._rounds += 1
            self._error = error
            raise
        self._rounds += 1
        self._error = None
        self._answer = (self._clock.now(), answer)
        return answer

    def _served(self) -> tuple[datetime, T] | None:
        if self._answer is None or self._error is not None:
            return None
        age = self._clock.now() - self._answer[0]
        return self._answer if timedelta(0) <= age < self._fresh else None
