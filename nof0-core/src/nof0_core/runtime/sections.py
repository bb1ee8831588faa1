"""Opening the sections of the configuration, each with an environment of its own."""

from __future__ import annotations

import inspect
import random
from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Any, Protocol, TypeAlias

import anyio

from nof0_core.border.backend import ShownCopies
from nof0_core.border.foreign import Origin, reraise
from nof0_core.border.shape import shape_faults
from nof0_core.clock import Clock
from nof0_core.config.model import Config, Section
from nof0_core.domain.model import ModelSpec
from nof0_core.domain.restored import RestoredAccount
from nof0_core.errors import Nof0Error, PluginError, TransientError
from nof0_core.ids import Symbol
from nof0_core.manager.drivers import Driver
from nof0_core.plugins.descriptor import with_article
from nof0_core.plugins.env import BackendRef, Env, Logger, MarketRef, ModelRef, Unlimited
from nof0_core.protocols import (
    ExchangeProvider,
    Exporter,
    LLMBackend,
    MarketProvider,
    exchange_faults,
    exporter_faults,
    market_faults,
    service_faults,
)
from nof0_core.protocols.llm import Budget
from nof0_core.redaction import Redactor
from nof0_core.runtime import origins
from nof0_core.runtime.first_calls import FirstCalls
from nof0_core.runtime.health_watch import Watched
from nof0_core.runtime.holding import Holder, holding, misused
from nof0_core.runtime.plugin_alerts import PluginAlerts, SectionAlerts
from nof0_core.runtime.section_tasks import SectionTasks
from nof0_core.state.durability import Durability

_FAULTS: Mapping[str, Callable[[object], tuple[str, ...]]] = {
    "exchange": exchange_faults,
    "market": market_faults,
    "exporter": exporter_faults,
    "llm": service_faults,
}
_PROTOCOLS: Mapping[str, type[Any]] = {
    "exchange": ExchangeProvider,
    "market": MarketProvider,
    "llm": LLMBackend,
    "exporter": Exporter,
}


Opener: TypeAlias = Callable[[str, Section, Env], AbstractAsyncContextManager[Any]]
"""Opens a section of a family (`market`, `exchange`, `llm`, `exporter`) in an environment."""


def as_configured(_: str, section: Section, env: Env) -> AbstractAsyncContextManager[Any]:
    """Open what a section names."""
    opened: AbstractAsyncContextManager[Any] = section.kind.open(section.config, env)
    return opened


class Restored(Protocol):
    """What exchanges have to begin anew with after a restore, until they have."""

    @property
    def accounts(self) -> Mapping[str, RestoredAccount]:
        """Return what the journal knows of their accounts, by section."""

    def begun(self, section: str) -> None:
        """Say that a section has begun anew, for good."""


class Sections:
    """Opens services, which `holder` closes; market sections come before those that refer to them.

    Opening one may fail and take its time as `first_calls` allows.
    """

    def __init__(
        self,
        *,
        config: Config,
        clock: Clock,
        log: Callable[[str], Logger],
        holder: Holder,
        first_calls: FirstCalls,
        budget: Budget | None = None,
        opener: Opener,
        alerts: PluginAlerts,
        is_passing: bool,
        is_lasting: bool = True,
        restored: Restored | None = None,
        lease: Callable[[], int] = lambda: 0,
        lease_until: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        self._lease, self._lease_until = lease, lease_until
        self._config = config
        self._restored = restored
        self._clock = clock
        self._log = log
        self._budget = budget or Unlimited()
        self._first_calls = first_calls
        self._holder = holder
        self._opener = opener
        self._shared: dict[Hashable, object] = {}
        self._sharing: dict[Hashable, anyio.Lock] = {}
        self._alerts = alerts
        self._is_passing = is_passing
        self._is_lasting = is_lasting
        self.opened: dict[tuple[str, str], Watched] = {}
        """What is open, by family and section."""
        self.markets: dict[str, MarketProvider] = {}
        self.backends: dict[str, LLMBackend] = {}

    async def open_all(self, family: str, sections: Mapping[str, Section]) -> dict[str, Any]:
        """Open every section of a family; returns the services by section name.

        Raises:
            Nof0Error: what the provider said, with the place in YAML added to it.
        """
        opened: dict[str, Any] = {}
        if family == "market":
            self.markets = opened
        if family == "llm":
            # Sections come after those they refer to, which they may look up while they open.
            self.backends = opened
        for name, section in sections.items():
            opened[name] = await self.open(family, section)
        return opened

    async def open(self, family: str, section: Section) -> Any:
        """Open one section, as any first call is made."""
        name = f"{family} {section.name}"
        try:
            service = await self._first_calls.make(
                name, "opening", lambda: self.enter(family, section)
            )
        except Nof0Error as error:
            self.add_hint(family, section, error)
            raise
        return service

    def add_hint(self, family: str, section: Section, error: Nof0Error) -> None:
        """Add to an error what was being opened, where that stands and whose it is."""
        place, owner = section.place, self._config.registry.owner(family, section.kind.type)
        hint = f"while opening {family} section {section.name} ({place.file}:{place.line})"
        error.hints = (*error.hints, f"{hint}, of {owner}")

    async def enter(self, family: str, section: Section) -> Any:
        """Open one section, once.

        Raises:
            ProviderError: what the provider said; anything else it raised is a `TransientError`.
            PluginError: what it yields, or its `open`, is not what it must be.
            Nof0Error: what else nof0 has a word for.
        """
        origin = origins.of_section(self._config, family, section)
        alerts, tasks = self._beside(family, section)
        try:
            context = self._opener(family, section, self._env(family, section, alerts, tasks))
            _check_context(origin, context)
            service = await self._holder.enter(origin, context, before_leaving=tasks.end)
        except BaseException as error:
            if misuse := misused(error):
                raise PluginError(origin.at_fault(misuse)) from error
            reraise(error, origin=origin, verb="open", allowed=(Nof0Error,), make=TransientError)
        self._check(family, section, service)
        if family == "exchange" and self._restored is not None:
            self._restored.begun(section.name)
        self._watch(family, section, service, alerts, tasks)
        if family == "llm" and not origin.is_ours:
            return ShownCopies(service)
        return service

    async def open_exporter(self, section: Section) -> Any:
        """Open an exporter, once: whoever asks for it tries again.

        Raises:
            BaseException: what the exporter raises.
        """
        origin = origins.of_section(self._config, "exporter", section)
        alerts, tasks = self._beside("exporter", section)
        context = self._opener("exporter", section, self._env("exporter", section, alerts, tasks))
        _check_context(origin, context)
        try:
            service = await self._holder.enter(
                origin, context, is_bystander=True, before_leaving=tasks.end
            )
        except BaseException as error:
            if misuse := misused(error):
                raise PluginError(origin.at_fault(misuse)) from error
            raise
        self._check("exporter", section, service)
        self._watch("exporter", section, service, alerts, tasks)
        return service

    def look(self, now: datetime) -> None:
        """Start background tasks again that are due in engine time."""
        for watched in self.opened.values():
            if watched.tasks is not None:
                watched.tasks.look(now)

    def _check(self, family: str, section: Section, service: object) -> None:
        """Refuse a service whose methods are not just those its protocol and its words say."""
        owner = self._config.registry.owner(family, section.kind.type)
        name = f"{family} section {section.name}"
        faults = shape_faults(service, _PROTOCOLS[family])
        if faults:
            message = f"{name}: plugin {owner} {'; '.join(faults)}"
            hint = f"nof0_core.protocols.{_PROTOCOLS[family].__name__} says what it must have"
            raise PluginError(message, distribution=owner.distribution, hints=[hint])
        faults = _FAULTS[family](service) if family in _FAULTS else ()
        if faults:
            message = f"{name}: {'; '.join(faults)}"
            hint = f"a method exists if, and only if, its word is there: a defect of {owner}"
            raise PluginError(message, distribution=owner.distribution, hints=[hint])

    def outside_a_run(self, family: str, section: Section) -> tuple[Env, SectionTasks]:
        """Return what a section may use to look around unopened; its tasks are to end."""
        alerts, tasks = self._beside(family, section)
        return self._env(family, section, alerts, tasks), tasks

    def _beside(self, family: str, section: Section) -> tuple[SectionAlerts, SectionTasks]:
        origin = origins.of_section(self._config, family, section)
        log = self._log(f"{family}.{section.name}")
        alerts = self._alerts.of(family, origin, log)
        tasks = SectionTasks(
            origin=origin,
            clock=self._clock,
            is_passing=self._is_passing,
            alerts=alerts,
            log=log,
        )
        return alerts, tasks

    def _watch(
        self,
        family: str,
        section: Section,
        service: object,
        alerts: SectionAlerts,
        tasks: SectionTasks,
    ) -> None:
        self.opened[family, section.name] = Watched(service=service, alerts=alerts, tasks=tasks)

    def _env(
        self, family: str, section: Section, alerts: SectionAlerts, tasks: SectionTasks
    ) -> Env:
        config = self._config
        return Env(
            section=section.name,
            clock=self._clock,
            rng=random.Random(f"{self._config.seed}/{family}/{section.name}"),
            data_dir=self._config.state_dir / family / section.name,
            log=self._log(f"{family}.{section.name}"),
            market=self._market_of(section),
            shared=self._share,
            redact=Redactor(self._config.secrets).text,
            budget=self._budget,
            backend=self._backend,
            model=self._model,
            tasks=tasks,
            alert=alerts,
            models=models_of(config, section) if family == "llm" else (),
            symbols=symbols_of(config, family, section),
            restored=self._restored_account(family, section),
            lease=self._lease,
            lease_until=self._lease_until,
            is_lasting=self._is_lasting,
        )

    def _restored_account(self, family: str, section: Section) -> RestoredAccount | None:
        if family != "exchange" or self._restored is None:
            return None
        return self._restored.accounts.get(section.name)

    def _market_of(self, section: Section) -> Callable[[MarketRef], MarketProvider]:
        def market(ref: MarketRef) -> MarketProvider:
            name = ref or (section.markets[0] if section.markets else "")
            if name in self._config.markets and name not in self.markets:
                message = f"market {name} is not open yet"
                raise TransientError(message)
            return self.markets[name]

        return market

    def _backend(self, ref: BackendRef) -> LLMBackend:
        if ref in self._config.backends and ref not in self.backends:
            message = f"backend {ref} is not open yet"
            raise TransientError(message)
        return self.backends[ref]

    def _model(self, ref: ModelRef) -> ModelSpec:
        return self._config.models[ref]

    async def _share(
        self, key: Hashable, open_it: Callable[[], AbstractAsyncContextManager[object]]
    ) -> object:
        # Sections that open late do so at the same time.
        async with self._sharing.setdefault(key, anyio.Lock()):
            if key not in self._shared:
                origin = Origin(part=f"shared {key}", redact=Redactor(self._config.secrets).text)
                self._shared[key] = await self._holder.enter(origin, open_it())
            return self._shared[key]


def models_of(config: Config, section: Section) -> tuple[ModelSpec, ...]:
    """Return the model entries that a backend's section answers for."""
    return tuple(model for model in config.models.values() if model.backend == section.name)


def symbols_of(config: Config, family: str, section: Section) -> tuple[Symbol, ...]:
    """Return the coins that traders look at or trade on a market or an exchange, in order."""
    own = {"market": lambda t: t.market, "exchange": lambda t: t.exchange}.get(family)
    if own is None:
        return ()
    return tuple(
        dict.fromkeys(s for t in config.traders if own(t) == section.name for s in t.symbols)
    )


def _check_context(origin: Origin, context: object) -> None:
    """Refuse what `open` returned where nothing can be opened of it."""
    if hasattr(type(context), "__aenter__") and hasattr(type(context), "__aexit__"):
        return
    if inspect.iscoroutine(context):
        context.close()
    name = type(context).__name__
    what = f"open returned {with_article(name)}, not an async context manager"
    hint = "put @asynccontextmanager above it, and write async def with one yield"
    raise PluginError(origin.at_fault(what), hints=[hint])


@asynccontextmanager
async def sections_of(
    config: Config,
    driver: Driver,
    log: Callable[[str], Logger],
    *,
    budget: Budget | None = None,
    opener: Opener = as_configured,
    alerts: PluginAlerts | None = None,
    restored: Restored | None = None,
    lease: Callable[[], int] = lambda: 0,
    lease_until: Callable[[], datetime | None] = lambda: None,
) -> AsyncIterator[tuple[Sections, FirstCalls]]:
    """Give what opens sections, and what makes first calls to them; close them at the end.

    Args:
        config: whose sections they are.
        driver: owns the time they live in.
        log: makes a logger for a part of the program.
        budget: what their calls to models are counted by; None: nobody counts.
        opener: opens one of them.
        alerts: what they tell, on its way into the journal; None: there is none.
        restored: what exchanges have to begin anew with; None: nothing.
        lease: gives the number of the lease that is held, 0 for none.
        lease_until: gives the time it is held until, None where nothing depends on one.
    """
    engine, limits, hangs_end = log("engine"), driver.limits, driver.tempo.hangs_end
    alerts = alerts or PluginAlerts(clock=driver.clock, are_events=False)
    first_calls = FirstCalls(hangs_end=hangs_end, log=engine, within=limits.open)
    async with holding(hangs_end=hangs_end, log=engine, within=limits.close) as holder:
        yield (
            Sections(
                config=config,
                clock=driver.clock,
                log=log,
                holder=holder,
                first_calls=first_calls,
                budget=budget,
                opener=opener,
                alerts=alerts,
                is_passing=driver.tempo.is_passing,
                is_lasting=driver.durability is not Durability.MOMENT,
                restored=restored,
                lease=lease,
                lease_until=lease_until,
            ),
            first_calls,
        )
