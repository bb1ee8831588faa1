"""Requests that only read, sent through the SDK."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import timedelta
from threading import Lock
from typing import Any

import anyio
import attrs
from anyio import CapacityLimiter, to_thread

from nof0_core.clock import Clock
from nof0_core.errors import ProviderError, TransientError
from nof0_core.plugins.env import Env
from nof0_provider_hyperliquid.transport.budget import NetworkBudget
from nof0_provider_hyperliquid.transport.failures import RateLimitedError, failure, unreadable
from nof0_provider_hyperliquid.transport.session import open_info
from nof0_provider_hyperliquid.transport.weights import info_weight
from nof0_provider_hyperliquid.transport.windows import NoRoomError, Priority, Urgency, urgency_now

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
"""Seconds between two attempts: by chance up to these, twice as many each time."""
AT_ONCE = 8
"""So many requests of a client are under way at most, and as many of those that are urgent."""


@attrs.frozen(kw_only=True)
class Patience:
    """How long one request may take in real time, and how often it is repeated.

    A read that would have to wait longer than `room` for the budget fails at once. None: it waits.
    """

    request: timedelta = timedelta(seconds=10)
    retries: int = 3
    room: timedelta | None = None


class InfoClient:
    """Asks `/info`; everything it raises is nof0's.

    Answers are JSON as it came: decimals stay the strings they are.
    """

    def __init__(
        self,
        base_url: str,
        *,
        budget: NetworkBudget,
        patience: Patience,
        env: Env,
        urgency: Urgency = Priority.READS,
    ) -> None:
        """Prepare; nothing is asked. `urgency` is that of requests that do not say theirs."""
        self._base_url = base_url.rstrip("/")
        self._budget = budget
        self._patience = patience
        self._section = env.section
        self._clock: Clock = env.clock
        self._log = env.log
        # Pauses are up to the machine; the section's own numbers must not depend on them.
        self._rng = random.Random(env.rng.random())
        self._urgency = urgency
        # Bars of many coins, all slow, must not keep prices waiting.
        self._limiters = {is_urgent: CapacityLimiter(AT_ONCE) for is_urgent in (False, True)}
        self._lock = Lock()
        self._idle: list[Any] = []
        self._is_closed = False

    async def info(
        self,
        request: Mapping[str, object],
        *,
        rows: int = 0,
        priority: Priority | None = None,
    ) -> Any:
        """Return what the venue answers, after as many attempts as it takes.

        Args:
            request: the body, with its `type`.
            rows: how many rows are expected, for the weight; corrected by the answer.
            priority: who goes first where the budget is short; None: the client's.

        Raises:
            TransientError: for what may pass, after all retries.
            DataError: the venue does not accept the request, or is not there.
        """
        urgency = self._urgency if priority is None else priority
        attempt = 0
        while True:
            try:
                return await self._once(request, rows, urgency)
            except NoRoomError:
                raise
            except TransientError as error:
                if attempt >= self._patience.retries:
                    raise
                pause = self._pause(attempt, error)
            attempt += 1
            self._log.debug("asked again", type=request.get("type"), attempt=attempt)
            await self._clock.sleep_until(self._clock.now() + pause)

    def close(self) -> None:
        """Close connections that are not in use; those in use close when they are done."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for info in idle:
            info.session.close()

    async def _once(
        self,
        request: Mapping[str, object],
        rows: int,
        urgency: Urgency,
    ) -> Any:
        kind = str(request.get("type"))
        weight = info_weight(kind, rows)
        # A download has time; all others are wanted now.
        room = None if urgency is Priority.DOWNLOADS else self._patience.room
        async with self._budget.spend(weight, urgency, patience=room) as spending:
            try:
                answer = await self._ask(dict(request), urgency_now(urgency) <= Priority.STATE)
            except RateLimitedError as error:
                spending.amount = 0  # it was not served; what follows goes slower for a minute
                self._budget.refused(error.retry_after or timedelta(seconds=FIRST_PAUSE))
                raise
            rows = len(answer) if isinstance(answer, list) else 0
            spending.amount = info_weight(kind, rows)
            return answer

    async def _ask(self, request: dict[str, object], is_urgent: bool) -> Any:  # noqa: FBT001
        seconds = self._patience.request.total_seconds()
        with anyio.move_on_after(seconds):
            try:
                answer = await to_thread.run_sync(
                    self._post,
                    request,
                    abandon_on_cancel=True,
                    limiter=self._limiters[is_urgent],
                )
            except Exception as error:
                raise self._told(failure(error), request) from error
            if (problem := unreadable(answer)) is not None:
                raise self._told(problem, request)
            return answer
        raise self._told(TransientError(f"no answer within {seconds:g} s"), request)

    def _post(self, request: dict[str, object]) -> Any:
        with self._lock:
            info = self._idle.pop() if self._idle else None
        # A session is used by one thread at a time.
        info = info or open_info(self._base_url, self._patience.request.total_seconds())
        try:
            return info.post("/info", request)
        finally:
            with self._lock:
                keep = not self._is_closed
                if keep:
                    self._idle.append(info)
            if not keep:
                info.session.close()

    def _told(self, error: ProviderError, request: Mapping[str, object]) -> ProviderError:
        error.args = (f"{self._base_url}: {request.get('type')}: {error}",)
        error.section = self._section
        return error

    def _pause(self, attempt: int, error: TransientError) -> timedelta:
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt)
        # Full jitter (Brooker 2015): those who were refused together do not come back together.
        pause = timedelta(seconds=self._rng.uniform(0, longest))
        return pause if error.retry_after is None else max(pause, error.retry_after)
