"""Models as llm.yaml lists them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import attrs

from nof0_core.config.asking import ask
from nof0_core.config.backends import Backends
from nof0_core.config.files.llm import CORE_KEYS, SAMPLING, LlmFile, ModelEntry, TotalBudget
from nof0_core.config.misplaced import of_model
from nof0_core.config.model import Section
from nof0_core.config.names import check_model_name
from nof0_core.config.references import circle, named_in
from nof0_core.config.session import Session
from nof0_core.config.tree import Node, Table, find
from nof0_core.domain.model import DailyBudget, ModelPrice, ModelSpec
from nof0_core.plugins.env import ModelRef
from nof0_core.plugins.kinds import BackendKind


@attrs.define(kw_only=True)
class Models:
    """What llm.yaml says.

    `names` are all entries, `entries` those that are right by themselves, `specs` those whose
    backend is there too. `default` may be empty. `used` are those that somebody asks, `paid` those
    whose answers cost money, `baselines` those that are yardsticks. `kinds` are those that judge
    each of `specs`.
    """

    table: Table
    names: tuple[str, ...] = ()
    default: str = ""
    entries: dict[str, ModelEntry] = attrs.field(factory=dict)
    specs: dict[str, ModelSpec] = attrs.field(factory=dict)
    used: frozenset[str] = frozenset()
    paid: set[str] = attrs.field(factory=set)
    baselines: set[str] = attrs.field(factory=set)
    kinds: dict[str, BackendKind[Any]] = attrs.field(factory=dict)
    budget: TotalBudget = attrs.field(factory=TotalBudget)

    def stand_ins(self, model: str, named: tuple[str, ...] | None) -> tuple[str, ...]:
        """Return who answers where a model does not: those named, else by priority, from 1 on."""
        if named is None:
            ranked = sorted(
                (entry.priority, self.names.index(name), name)
                for name, entry in self.entries.items()
                if entry.priority
            )
            named = tuple(name for _, _, name in ranked)
        return tuple(dict.fromkeys(n for n in named if n != model and n in self.names))


def read_models(session: Session, table: Table) -> Models:
    """Check the file's own part and each model by itself."""
    table = _in_place(session, table)
    own = {key: node for key, node in table.entries.items() if key in CORE_KEYS}
    file = session.take(attrs.evolve(table, entries=own), LlmFile)
    nodes = table.table("models").entries
    if not nodes and isinstance(table.get("models"), Table):
        session.problems.add(table.below("models"), "must have at least one model")
    models = Models(table=table, names=tuple(nodes))
    if file is not None:
        models.budget = file.budget
    for name, node in nodes.items():
        check_model_name(session, node.place, name)
        # One by one, so that a wrong entry does not hide what depends on the others.
        entry = session.take(node, ModelEntry)
        if entry is not None:
            models.entries[name] = entry
    default = table.get("default_model")
    if default is not None and not default.is_empty:
        models.default = session.take(default, str) or ""
        if models.default and models.default not in nodes:
            session.unknown(default.place, "model", models.default, nodes)
    return models


def _in_place(session: Session, table: Table) -> Table:
    """Return the file without keys of models that belong elsewhere, which are noted."""
    inner = table.get("models")
    if not isinstance(inner, Table):
        return table
    entries = {
        name: of_model(session, table, node) if isinstance(node, Table) else node
        for name, node in inner.entries.items()
    }
    return attrs.evolve(
        table, entries={**table.entries, "models": attrs.evolve(inner, entries=entries)}
    )


def make_specs(
    session: Session, models: Models, backends: Backends, used: AbstractSet[str]
) -> None:
    """Fill `models.specs`, noting what is wrong between a model and its backend.

    Models nobody uses may lack what is not installed. A model that another one names in its
    `params` is used if that one is.
    """
    waiting = [name for name in models.entries if name in used]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop(0)
        if name in seen or name not in models.entries:
            continue
        seen.add(name)
        spec = _make_spec(session, models, backends, name, is_needed=True)
        if backends.need(models.entries[name].backend) and spec is not None:
            waiting += [ref for refs in named_in(spec.params, ModelRef).values() for ref in refs]
    models.used = frozenset(seen)
    for name in models.entries:
        if name not in seen:
            _make_spec(session, models, backends, name, is_needed=False)
    models.specs = {name: models.specs[name] for name in models.entries if name in models.specs}
    backends.finish()
    _check_references(session, models)


def shaping(
    models: Models, sections: Mapping[str, Section], used: Iterable[str]
) -> tuple[list[Section], list[ModelSpec]]:
    """Return sections and models that have a part in what a run comes to, in the order of llm.yaml.

    What stands behind a section that may answer without asking (a tape) has none: a run with and
    one without it come out the same.

    Args:
        models: with their specs.
        sections: backends that are used, by name.
        used: models the traders name, in any order; they are not among those returned.
    """
    named = set(used)
    roots = [name for name in models.entries if name in named]
    found: dict[str, Section] = {}
    asked: dict[str, ModelSpec] = {}

    def reach(backend: str) -> bool:
        section = sections.get(backend)
        if section is None:
            return False
        found[backend] = section
        if isinstance(section.kind, BackendKind) and section.kind.opens_backends is not None:
            return False
        inner = [reach(ref) for ref in section.backends if ref not in found]
        return all(inner)

    waiting = list(roots)
    while waiting:
        name = waiting.pop(0)
        spec = models.specs.get(name)
        if spec is None or name in asked:
            continue
        asked[name] = spec
        if reach(spec.backend):
            waiting += [ref for refs in named_in(spec.params, ModelRef).values() for ref in refs]
    return list(found.values()), [spec for name, spec in asked.items() if name not in roots]


def _make_spec(
    session: Session, models: Models, backends: Backends, name: str, *, is_needed: bool
) -> ModelSpec | None:
    entry, table = models.entries[name], models.table.table("models").table(name)
    place = table.below("backend") if table.get("backend") else table.place
    if backends.kind(entry.backend, place, is_needed=is_needed) is None:
        return None
    kind = backends.answering(entry.backend)
    if kind is None:
        return None
    _check_sampling(session, table, entry, kind)
    _check_money(session, table, entry)
    params = _params(session, table, entry, kind)
    spec = ModelSpec(
        name=name,
        backend=entry.backend,
        provider=entry.provider,
        model_name=entry.model_name or name,
        temperature=entry.temperature,
        max_completion_tokens=entry.max_completion_tokens,
        top_p=entry.top_p,
        priority=entry.priority,
        cost_tier=entry.cost_tier,
        mode=entry.mode or "",
        price=_price(entry),
        budget=_budget(entry),
        params=params,
    )
    models.specs[name] = spec
    models.kinds[name] = kind
    if kind.is_paid:
        models.paid.add(name)
    if kind.is_baseline:
        models.baselines.add(name)
    # With unusable params there is no whole entry to judge.
    is_whole = params is not None or kind.params is None
    check = kind.check_model
    if check is not None and is_whole:
        fault = ask(session, "llm", kind, "check_model", table.place, lambda: check(spec))
        if fault:
            session.problems.add(table.place, fault)
    return spec


def _check_references(session: Session, models: Models) -> None:
    """See that models named by models exist, and that none asks itself by way of others."""

    def after(name: str) -> list[str]:
        spec = models.specs.get(name)
        refs = named_in(spec.params, ModelRef) if spec is not None else {}
        return [ref for names in refs.values() for ref in names]

    for name, spec in models.specs.items():
        for key, refs in named_in(spec.params, ModelRef).items():
            for ref in refs:
                if ref not in models.names:
                    place = find(models.table, "models", name, "params", key)
                    session.unknown(place, "model", ref, models.names)
    found = circle(models.specs, after)
    if found:
        place = find(models.table, "models", found[0], "params")
        session.problems.add(place, f"models ask each other: {' → '.join(found)}")


def _check_money(session: Session, table: Table, entry: ModelEntry) -> None:
    """Refuse a price or budget that is written in two ways."""
    if entry.price is not None and entry.cost_per_million_tokens is not None:
        session.problems.add(
            table.below("cost_per_million_tokens"), "price says what the model costs: take one out"
        )
    if entry.budget_usd_per_day is not None and entry.budget is not None:
        session.problems.add(
            table.below("budget_usd_per_day"),
            "budget says what may be spent: write budget.daily_usd",
        )


def _price(entry: ModelEntry) -> ModelPrice | None:
    flat, table = entry.cost_per_million_tokens, entry.price
    if table is not None:
        return ModelPrice(input=table.input, output=table.output, cached_input=table.cached_input)
    return ModelPrice(input=flat, output=flat) if flat is not None else None


def _budget(entry: ModelEntry) -> DailyBudget:
    if entry.budget is not None:
        return DailyBudget(usd=entry.budget.daily_usd, tokens=entry.budget.daily_tokens)
    return DailyBudget(usd=entry.budget_usd_per_day)


def _check_sampling(
    session: Session, table: Table, entry: ModelEntry, kind: BackendKind[Any]
) -> None:
    if kind.reads_prompt:
        return
    for key in SAMPLING:
        if getattr(entry, key) is not None:
            session.problems.add(
                table.below(key),
                f'means nothing here: backend "{entry.backend}" sends no text to a model',
                "settings of its own go under params" if kind.params else "take it out",
            )


def _params(session: Session, table: Table, entry: ModelEntry, kind: BackendKind[Any]) -> object:
    node: Node | None = table.get("params")
    if kind.params is None:
        if node is not None and not node.is_empty:
            session.problems.add(
                node.place, f'backend "{entry.backend}" has no params for single models'
            )
        return None
    if node is None:
        node = Table(place=attrs.evolve(table.below("params"), line=table.place.line), entries={})
    return session.take(node, kind.params)
