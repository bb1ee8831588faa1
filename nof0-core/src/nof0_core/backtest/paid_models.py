"""Models that are asked over the network: what that may cost, and answers kept as they come."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs

from nof0_core.backtest.window import Window
from nof0_core.config.model import Config, Section, TraderConfig
from nof0_core.domain.model import ModelSpec
from nof0_core.plugins.env import BackendRef
from nof0_core.plugins.kinds import BackendKind
from nof0_core.runtime.daily_cost import cost_of

TAPE = "tape"


@attrs.frozen(kw_only=True)
class Estimate:
    """What the models of one trader may cost in a window, at most: one answer in each cycle.

    `usd` None: the model has no price. Repairs and fallbacks come on top; answers that are on the
    tape already cost nothing.
    """

    trader: str
    model: str
    cycles: int
    usd: Decimal | None

    def __str__(self) -> str:
        cost = "at an unknown price" if self.usd is None else f"up to {self.usd:.2f} USD"
        return f"{self.trader}: {self.model} is asked {self.cycles} times, {cost}"


def asked_models(config: Config) -> set[str]:
    """Return the backends whose models are going to be asked, and are no yardsticks."""
    return {
        name
        for name, section in config.backends.items()
        if section.opens_backends and _is_asked(config, section)
    }


def estimates(config: Config, window: Window) -> list[Estimate]:
    """Say for each trader with a model that has to be asked what the window may cost."""
    asked, found = asked_models(config), []
    for trader in config.traders:
        if trader.model.backend in asked:
            cycles = (window.end - window.start) // trader.decision_interval + 1
            usd = None if trader.model.price is None else cost_of(config, trader, cycles)
            found.append(
                Estimate(trader=str(trader.id), model=trader.model.name, cycles=cycles, usd=usd)
            )
    return found


def taped(config: Config, file: Path, *, is_recording: bool) -> Config:
    """Put a tape in front of every backend that is asked.

    Recording, what is on the tape is played and the rest is asked and written down as it comes;
    otherwise nothing is asked.

    Raises:
        UnknownKindError: the tape is not installed.
    """
    asked = asked_models(config)
    if not asked:
        return config
    kind: Any = config.registry.kind("llm", TAPE)
    backends: dict[str, Section] = {
        name: section
        for name, section in config.backends.items()
        if is_recording or name not in asked
    }
    names: dict[str, str] = {}
    for name in sorted(asked):
        front = names[name] = _free_name(name, config.backends)
        section = config.backends[name]
        made = kind.config(
            backend=BackendRef(name), file=file, mode="record" if is_recording else "replay"
        )
        backends[front] = attrs.evolve(
            section,
            name=front,
            kind=kind,
            config=made,
            backends=(name,),
            markets=(),
            opens_backends=is_recording,
            timeout=None,
        )

    def fronted(model: ModelSpec) -> ModelSpec:
        return attrs.evolve(model, backend=names.get(model.backend, model.backend))

    def trader(one: TraderConfig) -> TraderConfig:
        fallbacks = tuple(fronted(model) for model in one.fallbacks)
        return attrs.evolve(one, model=fronted(one.model), fallbacks=fallbacks)

    return attrs.evolve(config, backends=backends, traders=tuple(map(trader, config.traders)))


def _is_asked(config: Config, section: Section) -> bool:
    kind = section.kind
    if not isinstance(kind, BackendKind):
        return False
    behind = [config.backends[name] for name in section.backends if name in config.backends]
    if behind and kind.params is None:
        # A wrapper is what it wraps.
        return any(_is_asked(config, each) for each in behind)
    return kind.is_paid or (kind.reads_prompt and not kind.is_baseline)


def _free_name(name: str, taken: Mapping[str, object]) -> str:
    found = f"{name}-answers"
    while found in taken:
        found += "-"
    return found
