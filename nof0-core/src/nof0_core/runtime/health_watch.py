"""How every service says it is, for people who watch a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

import attrs

from nof0_core.border.foreign import ENDING, Origin, causes
from nof0_core.border.health import checked_figures, checked_health
from nof0_core.border.values import SHOWN
from nof0_core.clock import Clock, SystemClock, stopwatch
from nof0_core.config.model import Config
from nof0_core.domain.health import Health, ServiceHealth
from nof0_core.domain.measured import ExporterState
from nof0_core.plugins.env import Logger
from nof0_core.protocols import with_figures, with_health
from nof0_core.runtime.opening import Opening
from nof0_core.runtime.plugin_alerts import PluginAlerts, SectionAlerts
from nof0_core.runtime.section_tasks import SectionTasks

SHARE = 20
"""A service is not asked again before so many times as long as it took to answer, …"""
FREE = 0.005
"""… unless it took no longer than so many seconds of real time."""
_NAMES = {"llm": "backend"}
"""Families that have another name before people."""
_OPENING = "is not open yet"


@attrs.define(kw_only=True, eq=False)
class Watched:
    """One service that was opened. What it said last stands until it is asked again."""

    service: object
    alerts: SectionAlerts
    tasks: SectionTasks | None = None
    said: tuple[Health, str] = (Health.OK, "")
    figures: Mapping[str, float] = attrs.field(factory=dict)
    next_at: float = 0.0

    @classmethod
    def alone(cls, service: object, origin: Origin, log: Logger) -> Watched:
        """Watch something outside the sections; what is wrong with it is in the log alone."""
        alerts = PluginAlerts(clock=SystemClock(), are_events=False)
        return cls(service=service, alerts=alerts.of("companion", origin, log))

    def ask(self) -> tuple[Health, str]:
        """Return how it is; one that answers slowly is asked less often."""
        asked, counts = with_health(self.service), with_figures(self.service)
        if (asked is not None or counts is not None) and stopwatch() >= self.next_at:
            began = stopwatch()
            said = self._answer(asked.health) if asked is not None else (Health.OK, "")
            bad = self._count(counts.figures) if counts is not None else ""
            self.said = self._bad(bad) if bad else said
            took = stopwatch() - began
            self.next_at = began + (SHARE * took if took > FREE else 0.0)
        waiting = self.tasks.waiting if self.tasks is not None else ""
        if not waiting:
            return self.said
        health, sentence = self.said
        both = "; ".join(each for each in (sentence, waiting) if each)
        return (Health.DEGRADED if health is Health.OK else health), both

    def _answer(self, ask: Callable[[], object]) -> tuple[Health, str]:
        try:
            said = ask()
        except ENDING:
            raise
        except BaseException as error:  # noqa: BLE001 - a plugin's code raises anything
            return self._bad(f"health() raised {causes(error, self.alerts.redact)}")
        try:
            health, sentence = checked_health(said)
        except ValueError as error:
            return self._bad(f"health() {error}")
        return health, self.alerts.in_one_line(sentence)

    def _count(self, ask: Callable[[], object]) -> str:
        """Take in what `figures` says; return what is wrong with it."""
        self.figures = {}
        try:
            told = ask()
        except ENDING:
            raise
        except BaseException as error:  # noqa: BLE001 - a plugin's code raises anything
            return f"figures() raised {causes(error, self.alerts.redact)}"
        try:
            figures = checked_figures(told)
        except ValueError as error:
            return f"figures() {error}"
        if any(self.alerts.redact(name) != name for name in figures):
            return "figures() answered a name with a secret in it"
        self.figures = figures
        return ""

    def _bad(self, bad: str) -> tuple[Health, str]:
        self.alerts.tell("bad_health", bad, in_background=True)
        return Health.DEGRADED, self.alerts.in_one_line(bad)


class HealthWatch:
    """Every section of a configuration and how it is: open, as it says; else down, with the reason.

    Nothing that is decided depends on it. `late` are the sections that do not open, `exporters` how
    those are; both are asked at each look.
    """

    def __init__(
        self,
        *,
        config: Config,
        clock: Clock,
        opened: Mapping[tuple[str, str], Watched],
        late: Callable[[], Sequence[Opening]],
        exporters: Callable[[], Sequence[ExporterState]],
    ) -> None:
        self._config = config
        self._clock = clock
        self._opened = opened
        self._late = late
        self._exporters = exporters
        self._beside: dict[tuple[str, str], Watched] = {}
        self._since: dict[tuple[str, str], tuple[Health, datetime]] = {}

    def watch_companion(self, name: str, watched: Watched) -> None:
        """Watch something that runs beside the engine, too."""
        self._beside["companion", name] = watched

    def all(self) -> tuple[ServiceHealth, ...]:
        """Return all services by family, each in the order of the configuration."""
        now = self._clock.now()
        return tuple(self._seen(key, *how, now) for key, how in self._each())

    def _figures(self, key: tuple[str, str]) -> Mapping[str, float]:
        watched = self._opened.get(key) or self._beside.get(key)
        return watched.figures if watched is not None else {}

    def _each(self) -> Iterator[tuple[tuple[str, str], tuple[Health, str]]]:
        late = {opening.name: opening for opening in self._late()}
        troubles = {state.exporter: state.trouble for state in self._exporters()}
        families: dict[str, Sequence[str]] = {
            "market": list(self._config.markets),
            "exchange": list(self._config.exchanges),
            "llm": list(self._config.backends),
            "exporter": [section.name for section in self._config.exporters],
        }
        for family, names in families.items():
            for name in names:
                key, opening = (family, name), late.get(f"{family} {name}")
                if opening is not None:
                    why = (
                        opening.why or f"waits for {', '.join(sorted(opening.needs & late.keys()))}"
                    )
                    yield key, (Health.DOWN, f"does not open: {why}"[:SHOWN])
                elif (watched := self._opened.get(key)) is not None:
                    yield key, watched.ask()
                else:
                    yield key, (Health.DOWN, troubles.get(name) or _OPENING)
        for key, watched in self._beside.items():
            yield key, watched.ask()

    def _seen(
        self,
        key: tuple[str, str],
        health: Health,
        sentence: str,
        now: datetime,
    ) -> ServiceHealth:
        known = self._since.get(key)
        if known is None or known[0] is not health:
            self._since[key] = known = (health, now)
        family, section = key
        return ServiceHealth(
            section=section,
            family=_NAMES.get(family, family),
            health=health,
            sentence=sentence,
            since=known[1],
            figures=self._figures(key),
        )
