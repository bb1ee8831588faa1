"""Opening the sections of the configuration, each with an environment of its own."""

from __future__ import annotations

import inspect
import random
from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias

from nof0_core.border.backend import ShownCopies
from nof0_core.border.foreign import Origin, reraise
from nof0_core.border.shape import shape_faults
from nof0_core.clock import Clock
from nof0_core.config.model import Config, Section
from nof0_core.domain.model import ModelSpec
from nof0_core.errors import Nof0Error, PluginError, TransientError
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
)
from nof0_core.protocols.llm import Budget
from nof0_core.redaction import Redactor
from nof0_core.runtime import origins
from nof0_core.runtime.first_calls import FirstCalls
from nof0_core.runtime.holding import Holder, holding, misused

_FAULTS: Mapping[str, Callable[[object], tuple[str, ...]]] = {
    "exchange": exchange_faults,
    "market": market_faults,
    "exporter": exporter_faults,
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
    ) -> None:
        self._config = config
        self._clock = clock
        self._log = log
        self._budget = budget or Unlimited()
        self._first_calls = first_calls
        self._holder = holder
        self._opener = opener
        self._shared: dict[Hashable, object] = {}
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
        try:
            context = self._opener(family, section, self._env(family, section))
            _check_context(origin, context)
            service = await self._holder.enter(origin, context)
        except BaseException as error:
            if misuse := misused(error):
                raise PluginError(origin.at_fault(misuse)) from error
            reraise(error, origin=origin, verb="open", allowed=(Nof0Error,), make=TransientError)
        self._check(family, section, service)
        if family == "llm" and not origin.is_ours:
            return ShownCopies(service)
        return service

    async def open_exporter(self, section: Section) -> Any:
        """Open an exporter, once: whoever asks for it tries again.

        Raises:
            BaseException: what the exporter raises.
        """
        origin = origins.of_section(self._config, "exporter", section)
        context = self._opener("exporter", section, self._env("exporter", section))
        _check_context(origin, context)
        try:
            service = await self._holder.enter(origin, context, is_bystander=True)
        except BaseException as error:
            if misuse := misused(error):
                raise PluginError(origin.at_fault(misuse)) from error
            raise
        self._check("exporter", section, service)
        return service

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

    def _env(self, family: str, section: Section) -> Env:
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
        )

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
        if key not in self._shared:
            origin = Origin(part=f"shared {key}", redact=Redactor(self._config.secrets).text)
            self._shared[key] = await self._holder.enter(origin, open_it())
        return self._shared[key]


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
) -> AsyncIterator[tuple[Sections, FirstCalls]]:
    """Give what opens sections, and what makes first calls to them; close them at the end.

    Args:
        config: whose sections they are.
        driver: owns the time they live in.
        log: makes a logger for a part of the program.
        budget: what their calls to models are counted by; None: nobody counts.
        opener: opens one of them.
    """
    engine, limits, hangs_end = log("engine"), driver.limits, driver.tempo.hangs_end
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
            ),
            first_calls,
        )
