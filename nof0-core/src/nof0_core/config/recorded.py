"""A configuration as the journal has it, made usable again: traders, their models and risk checks.

It is all that a decision depends on, and none of its files has to be there any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs

from nof0_core.config.duration import parse_duration
from nof0_core.config.effective import (
    HIDDEN,
    Document,
    indicators_of,
    intervals_of,
    limits_of,
    symbols_of,
    trader_of,
)
from nof0_core.config.environ import Environment
from nof0_core.config.model import IndicatorConfig, Place, TraderConfig
from nof0_core.config.policies import make_checks
from nof0_core.config.session import Session
from nof0_core.config.tree import Items, Node, Problems, Scalar, Table
from nof0_core.domain.candles import Interval
from nof0_core.domain.model import ModelSpec
from nof0_core.domain.order import OrderStyle
from nof0_core.errors import UnknownKindError, UsageError
from nof0_core.ids import TraderId
from nof0_core.plugins.kinds import BackendKind
from nof0_core.plugins.registry import PluginRegistry

SHOWN = "the journal"
"""What stands in messages where a file would."""


@attrs.frozen(kw_only=True)
class TemplateFile:
    """The file a prompt template was read from, and the SHA-256 (hex) of its text then."""

    file: Path
    digest: str


@attrs.frozen(kw_only=True)
class RecordedTrader:
    """One trader of a recorded configuration, with what its prompts are made of.

    `system` and `user` are its templates; their texts stand beside the configuration. `rule` is
    what answered for its model where answers follow from what a trader is shown alone (a baseline):
    its kind and config, None for any other or where no plugin offers it here.
    """

    config: TraderConfig
    system: TemplateFile
    user: TemplateFile
    indicators: tuple[IndicatorConfig, ...]
    intervals: tuple[Interval, ...]
    schema_version: str | None
    max_prompt_tokens: int | None
    rule: tuple[BackendKind[Any], Any] | None


def recorded_trader(document: Document, name: str, registry: PluginRegistry) -> RecordedTrader:
    """Make a trader of the document that a `config_loaded` record has.

    Args:
        document: as `nof0_core.config.effective` makes it.
        name: the trader's id.
        registry: the plugins, which offer its risk checks.

    Raises:
        UsageError: it is not in there, what is there cannot be read, or a risk check of it is not
            installed or cannot be built; says which, and what to do.
    """
    try:
        entry = trader_of(document, name)
        made = _trader(document, entry, registry)
        system, user = (_template(entry[f"{kind}_template"]) for kind in ("system", "user"))
        executor = document["Executor"]
        return RecordedTrader(
            config=made,
            system=system,
            user=user,
            indicators=indicators_of(document, name),
            intervals=tuple(map(Interval, intervals_of(document))),
            schema_version=executor.get("prompt_schema_version"),
            max_prompt_tokens=executor.get("max_prompt_tokens"),
            rule=_rule(document, made.model, registry),
        )
    except UsageError:
        raise
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        what = f"{type(error).__name__}: {error}"
        message = f"what {SHOWN} has of the configuration of {name} cannot be read: {what}"
        raise UsageError(message) from error


def pricing_of(document: Document) -> Mapping[str, str]:
    """Return which market section each venue account was valued with.

    That is the one its own configuration names, else the one of its first trader.
    """
    markets = document["Market"]["providers"]
    chosen: dict[str, str] = {}
    for name, section in document["Exchange"]["providers"].items():
        options = section["options"]
        named = [options.get("market"), *(o for o in options.values() if isinstance(o, str))]
        users = [t["market"] for t in document["Manager"]["traders"] if t["exchange"] == name]
        chosen[name] = next((one for one in named if one in markets), next(iter(users), ""))
    return chosen


def _trader(document: Document, entry: Document, registry: PluginRegistry) -> TraderConfig:
    name = TraderId(entry["id"])
    checks = _checks(name, entry["risk_checks"], registry)
    return TraderConfig(
        id=name,
        name=entry["name"],
        exchange=entry["exchange"],
        market=entry["market"],
        order_style=OrderStyle(entry["order_style"]),
        slippage_bps=Decimal(entry["slippage_bps"]),
        system_template=Path(entry["system_template"]["file"]),
        user_template=Path(entry["user_template"]["file"]),
        model=_model(document, entry["model"], registry),
        decision_interval=parse_duration(entry["decision_interval"]),
        decision_timeout=parse_duration(entry["decision_timeout"]),
        allocation_pct=Decimal(entry["allocation_pct"]),
        auto_start=entry["auto_start"],
        symbols=symbols_of(document, name),
        journal_dir=None,
        limits=limits_of(document, name),
        risk_checks=tuple((type_, made) for type_, made, _ in checks),
        check_places=tuple(place for _, _, place in checks),
    )


def _template(entry: Document) -> TemplateFile:
    return TemplateFile(file=Path(entry["file"]), digest=entry["digest"])


def _checks(
    trader: str, entries: list[Document], registry: PluginRegistry
) -> list[tuple[str, Any, Place]]:
    session = _session(registry)
    nodes = []
    for number, entry in enumerate(entries):
        place = Place(file=SHOWN, line=0, path=f"{trader}.risk_checks[{number}]")
        if HIDDEN in str(entry["options"]):
            message = f"the risk check {entry['type']} of {trader} has a secret: it is not in "
            raise UsageError(message + SHOWN)
        nodes.append(_node({"type": entry["type"], **entry["options"]}, place))
    made = make_checks(session, nodes)
    for found in session.problems:
        missing = found.path.endswith(".type") or found.message.startswith("no installed")
        hints = found.hints
        if missing:
            hints = (*hints, "name the run's configuration as CONFIG if the check is a file of it")
        message = f"{trader}: its risk checks cannot be heard again: {found.message}"
        raise UsageError(message, hints=hints)
    return [(policy.type, policy.made, policy.place) for policy in made]


def _model(document: Document, name: str, registry: PluginRegistry) -> ModelSpec:
    entry = document["LLM"]["models"][name]
    spec = ModelSpec(
        name=name,
        backend=entry["backend"],
        provider=entry.get("provider", ""),
        model_name=entry.get("model_name", ""),
    )
    found = _rule(document, spec, registry)
    if found is None or found[0].params is None:
        return spec
    place = Place(file=SHOWN, line=0, path=f"models.{name}.params")
    params = _session(registry).take(_node(entry["params"], place), found[0].params)
    return attrs.evolve(spec, params=params)


def _rule(
    document: Document, model: ModelSpec, registry: PluginRegistry
) -> tuple[BackendKind[Any], Any] | None:
    section = document["LLM"]["backends"].get(model.backend) or {"type": model.backend}
    try:
        kind = registry.kind("llm", section["type"])
    except UnknownKindError:
        return None
    if not isinstance(kind, BackendKind) or kind.wakes is None:
        return None
    place = Place(file=SHOWN, line=0, path=f"backends.{model.backend}")
    config = _session(registry).take(_node(section.get("options", {}), place), kind.config)
    return None if config is None else (kind, config)


def _session(registry: PluginRegistry) -> Session:
    session = Session(registry=registry, environment=Environment({}, {}), problems=Problems())
    session.directories[SHOWN] = Path.cwd()
    return session


def _node(value: object, place: Place) -> Node:
    """Make a tree of what JSON has."""
    if isinstance(value, Mapping):
        entries = {
            str(key): _node(inner, attrs.evolve(place, path=f"{place.path}.{key}"))
            for key, inner in value.items()
        }
        return Table(place=place, entries=entries)
    if isinstance(value, list):
        return Items(place=place, items=tuple(_node(inner, place) for inner in value))
    if value is None:
        return Scalar(place=place, text=None, kind="null")
    if isinstance(value, bool):
        return Scalar(place=place, text=str(value).lower(), kind="bool")
    if isinstance(value, int | float):
        kind = "int" if isinstance(value, int) else "float"
        return Scalar(place=place, text=repr(value), kind=kind)
    # A duration or an amount is a text here.
    return Scalar(place=place, text=str(value), kind="text", is_loose=True)
