"""Alerts of services: told at once, written into the journal by the engine's own tasks."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime, timedelta

import anyio
import attrs

from nof0_core.border.foreign import Origin
from nof0_core.border.values import SEARCHED, SHOWN, shown
from nof0_core.cancellation import has_event_loop
from nof0_core.clock import Clock
from nof0_core.domain.event import Alerted
from nof0_core.plugins.env import Logger

TOLD_AGAIN = timedelta(hours=1)
"""The same thing is told so often, in engine time; what comes between is counted."""
KINDS = 20
"""So many different things of one section are told within that time."""
WAITING = 1000
"""So many alerts wait for the journal; what comes then is in the log alone."""
IN_BACKGROUND: ContextVar[bool] = ContextVar("in_background", default=False)
"""Set in background tasks: when they say something is up to the machine."""

_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")


@attrs.define(kw_only=True)
class _Told:
    since: datetime
    unsaid: int = 0


class PluginAlerts:
    """All alerts of the services of one engine, on their way into its journal.

    Nothing is written in a plugin's own call, which could catch what the journal raises: alerts
    wait, also those that came before the journal had begun, until the engine takes them with
    `drain`.
    `are_events` says whether also those are events whose moment is up to the machine.
    """

    def __init__(self, *, clock: Clock, are_events: bool) -> None:
        self.clock = clock
        self._are_events = are_events
        self._waiting: deque[Alerted] = deque()
        self._come = anyio.Event()

    def of(self, family: str, origin: Origin, log: Logger) -> SectionAlerts:
        """Make what one section tells by."""
        return SectionAlerts(self, family, origin, log)

    def add(self, alert: Alerted, *, is_certain: bool) -> None:
        """Let one wait for the journal; `is_certain`: the machine has no part in its moment."""
        if not (self._are_events or is_certain) or len(self._waiting) >= WAITING:
            return
        self._waiting.append(alert)
        if has_event_loop():
            # What a thread says is found at the next look.
            self._come.set()

    def drain(self, record: Callable[[Alerted], object]) -> None:
        """Hand over what waits, oldest first."""
        while self._waiting:
            record(self._waiting.popleft())

    async def keep_draining(self, record: Callable[[Alerted], object]) -> None:
        """Hand over whatever comes."""
        while True:
            self._come = anyio.Event()
            self.drain(record)
            await self._come.wait()


class SectionAlerts:
    """What one section tells: each thing once an hour, in one line, without secrets."""

    def __init__(self, alerts: PluginAlerts, family: str, origin: Origin, log: Logger) -> None:
        self._alerts = alerts
        self._family = family
        self._origin = origin
        self._log = log
        self._told: dict[str, _Told] = {}

    def __call__(self, code: str, text: str) -> None:
        """Tell a person; this is `Env.alert`, and raises nothing."""
        if type(code) is not str or _CODE.fullmatch(code) is None:
            self.tell("bad_alert", f"alert was given the code {shown(code)}, which is no word")
        elif type(text) is not str:
            self.tell("bad_alert", f"alert {code} was given {shown(text)}, which is no text")
        else:
            self.tell(code, text)

    def tell(self, code: str, text: str, *, subject: str = "", in_background: bool = False) -> None:
        """Tell a person, unless the same code was told of the same subject within the hour."""
        now = self._alerts.clock.now()
        told = self._fresh(f"{code} {subject}", now)
        if told is None:
            return
        again = f" (and {told.unsaid} times within the hour)" if told.unsaid else ""
        self._told[f"{code} {subject}"] = _Told(since=now)
        message = f"{self._origin.part}: {self.in_one_line(text)}{again}"
        message += f" ({self._origin.plugin})" if self._origin.plugin else ""
        code = f"plugin_{code}"
        self._log.warning(message, code=code)
        is_certain = self._family != "exporter" and not (in_background or IN_BACKGROUND.get())
        self._alerts.add(Alerted(code=code, message=message), is_certain=is_certain)

    def redact(self, text: str) -> str:
        """Return a text without secrets."""
        return self._origin.redact(text)

    def in_one_line(self, text: str) -> str:
        """Return a text of a plugin without secrets, in at most 200 letters that can be shown."""
        words = " ".join(self._origin.redact(text[:SEARCHED]).split())
        line = "".join(letter if letter.isprintable() else "?" for letter in words)
        return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"

    def _fresh(self, key: str, now: datetime) -> _Told | None:
        """Return what is known of a key that may be told now; None for one that is counted only."""
        known = self._told.get(key)
        if known is not None and known.since <= now < known.since + TOLD_AGAIN:
            known.unsaid += 1
            return None
        if known is None and len(self._told) >= KINDS:
            self._told = {k: t for k, t in self._told.items() if now < t.since + TOLD_AGAIN}
            if len(self._told) >= KINDS:
                return None
        return known or _Told(since=now)
