"""Watching what is left of a user's limits, and of the life of the key that signs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import anyio
import attrs

from nof0_core.clock import Clock
from nof0_core.domain.candles import from_ms
from nof0_core.errors import ProviderError
from nof0_provider_hyperliquid.account.mode import AccountMode
from nof0_provider_hyperliquid.account.signer import SignerReader
from nof0_provider_hyperliquid.account.user_limits import RESERVED, UserLimits
from nof0_provider_hyperliquid.transport.client import InfoClient
from nof0_provider_hyperliquid.wire.reading import record, whole

EVERY = timedelta(minutes=1)
SIGNER_EVERY = timedelta(minutes=2)
"""How often the budgets, and the key, are asked about."""
DAILY = 50_000
"""Actions a day in modes in which spot balances are the collateral ("Account abstraction")."""
LOW = 2_000
"""So few actions that are left are worth an alert."""
ALARMS = (14, 3, 1)
"""Days of life left of a key at which a person is told."""
_MOST = 2**63

Alert = Callable[[str, str], object]


class LimitsWatch:
    """Keeps `limits` up to date; `run` is a background task."""

    def __init__(
        self,
        client: InfoClient,
        *,
        user: str,
        signer: SignerReader,
        mode: Callable[[], AccountMode | None],
        clock: Clock,
        alert: Alert,
    ) -> None:
        self.limits = UserLimits()
        self._client = client
        self._user = user
        self._signer = signer
        self._mode = mode
        self._clock = clock
        self._alert = alert
        self._day: datetime | None = None
        self._used_before = 0
        self._signer_asked: datetime | None = None
        self._lock = anyio.Lock()

    async def run(self) -> None:
        """Look again and again; what cannot be had stays as it was."""
        look = self.ensure
        while True:
            with suppress(ProviderError):  # reports tell of a venue that does not answer
                await look()
            look = self.look
            now, until = self._clock.now(), self.limits.signer_until
            wake = now + EVERY
            await self._clock.sleep_until(min(wake, until) if until and until > now else wake)

    async def ensure(self) -> UserLimits:
        """Ask where nobody has yet; who is asking serves all who wait for the first answer.

        Raises:
            ProviderError: the venue does not tell.
        """
        async with self._lock:
            return self.limits if self.limits.time is not None else await self._look()

    async def look(self) -> UserLimits:
        """Ask now for all that is due.

        Raises:
            ProviderError: the venue does not tell.
        """
        async with self._lock:
            return await self._look()

    async def _look(self) -> UserLimits:
        now = self._clock.now()
        await self._look_at_signer(now)
        request = {"type": "userRateLimit", "user": self._user}
        told = record(await self._client.info(request), "userRateLimit")
        used, cap = (
            whole(told.get(key), f"userRateLimit: {key}", least=0, most=_MOST)
            for key in ("nRequestsUsed", "nRequestsCap")
        )
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        if self._day is None:
            self._used_before = used  # what was used of this day before is not told
        elif self._day != day:
            self._used_before = self.limits.requests_used or used
        self._day = day
        mode = self._mode()
        self.limits = attrs.evolve(
            self.limits,
            time=now,
            requests_used=used,
            requests_cap=cap,
            actions_today=max(0, used - self._used_before),
            actions_daily=DAILY if mode is not None and mode.is_unified else None,
        )
        self._tell_what_is_low()
        return self.limits

    async def look_at_signer(self) -> UserLimits:
        """Ask now what the key is worth.

        Raises:
            ProviderError: the venue does not tell.
        """
        self._signer_asked = None
        await self._look_at_signer(self._clock.now())
        return self.limits

    async def _look_at_signer(self, now: datetime) -> None:
        asked, until = self._signer_asked, self.limits.signer_until
        is_over = until is not None and until <= now
        if asked is not None and abs(now - asked) < SIGNER_EVERY and not is_over:
            return
        found = await self._signer.read()
        self._signer_asked = now
        before = self.limits.signer_problem
        self.limits = attrs.evolve(
            self.limits,
            signer_problem=found.problem,
            signer_until=None if found.until_ms is None else from_ms(found.until_ms),
        )
        if found.problem and found.problem != before:
            self._alert("signer_refused", f"{found.problem}; no entries, stops at the venue stay")
        self._tell_life(now)

    def _tell_life(self, now: datetime) -> None:
        until = self.limits.signer_until
        if until is None or self.limits.signer_problem:
            return
        left = until - now
        due = [days for days in ALARMS if left <= timedelta(days=days)]
        if due:
            self._alert(
                f"signer_expires_{min(due)}d",
                f"the key that signs expires on {until:%Y-%m-%d %H:%M} UTC, in"
                f" {left / timedelta(days=1):.1f} days: approve another one at the venue, put it"
                " into the configuration and start again",
            )

    def _tell_what_is_low(self) -> None:
        limits = self.limits
        for code, left, what in (
            ("address_budget_low", limits.requests_left, "to this address"),
            ("daily_actions_low", limits.actions_left, "of this day (UTC)"),
        ):
            if left is not None and left < LOW:
                self._alert(
                    code,
                    f"{left} actions are left {what}; below {RESERVED} no entry is sent, and the"
                    " rest is kept for exits and cancels",
                )
