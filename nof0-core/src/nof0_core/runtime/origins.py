"""Whose code a run calls, in the words of messages: the section or policy, its plugin, its line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nof0_core.border.foreign import Origin
from nof0_core.config.model import Config, Place, Section, TraderConfig
from nof0_core.plugins.ours import is_ours
from nof0_core.redaction import Redactor


def of_section(config: Config, family: str, section: Section) -> Origin:
    """Return whose code a section of YAML runs."""
    return _origin(config, family, section.kind.type, f"{family} {section.name}", section.place)


def of_backends(config: Config) -> Mapping[str, Origin]:
    """Return whose code each backend is, by its name."""
    return {name: of_section(config, "llm", section) for name, section in config.backends.items()}


def of_checks(config: Config, trader: TraderConfig) -> tuple[Origin, ...]:
    """Return whose code each further risk check of a trader is, in their order."""
    return tuple(
        _origin(config, "risk", type_, f"risk check {type_}", place)
        for (type_, _), place in zip(trader.risk_checks, trader.check_places, strict=True)
    )


def of_allocator(config: Config) -> Origin:
    """Return whose code the allocation strategy is."""
    strategy = config.allocation_strategy
    part = f"allocation strategy {strategy}"
    return _origin(config, "allocator", strategy, part, config.allocation_place)


def _origin(config: Config, family: str, type_: str, part: str, place: Place) -> Origin:
    # Such words stand in the journal, which is the same wherever the configuration is.
    owner = config.registry.owner(family, type_)
    return Origin(
        part=part,
        plugin=str(owner),
        is_ours=is_ours(owner),
        place=f"{Path(place.file).name}:{place.line}",
        redact=Redactor(config.secrets).text,
    )
