"""What refers to what: traders to sections and models, sections to markets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from nof0_core.config.assembly import Files, places
from nof0_core.config.backends import Backends
from nof0_core.config.databases import with_databases
from nof0_core.config.model import Section
from nof0_core.config.models import Models, make_specs, read_models, shaping
from nof0_core.config.outputs import check_caches, make_exporters
from nof0_core.config.prices import check_prices
from nof0_core.config.sections import (
    Markets,
    default_section,
    make_market_sections,
    make_sections,
)
from nof0_core.config.session import Session
from nof0_core.config.traders import Named, read_entries
from nof0_core.config.tree import Node, Table, find
from nof0_core.domain.model import ModelSpec


@attrs.frozen(kw_only=True)
class Wiring:
    """Traders with the names they refer to, and every section that is used.

    `shaping` are the backends, and `asked` the models beside those of traders, that count for the
    digest.
    """

    traders: tuple[Named, ...]
    models: Models
    markets: Mapping[str, Section]
    exchanges: Mapping[str, Section]
    backends: Mapping[str, Section]
    shaping: tuple[Section, ...]
    asked: tuple[ModelSpec, ...]
    exporters: tuple[Section, ...]


def wire(session: Session, files: Files) -> Wiring:
    """Resolve all names and make all sections that are used, noting what is wrong."""
    market_tree, exchange_tree = files.trees.of("Market"), files.trees.of("Exchange")
    market_nodes = market_tree.table("providers").entries
    exchange_nodes = exchange_tree.table("providers").entries
    market_default = files.market.default if files.market else ""
    exchange_default = files.exchange.default if files.exchange else ""
    markets = Markets(
        names=frozenset(market_nodes),
        default=default_section(session, market_tree, market_default, "market section"),
    )
    exchange_default = default_section(session, exchange_tree, exchange_default, "exchange section")
    llm_tree = files.trees.named["LLM"]
    models = (
        Models(table=files.trees.of("LLM")) if llm_tree is None else read_models(session, llm_tree)
    )
    traders = tuple(
        Named(
            entry=entry,
            node=node,
            exchange=_pick(
                session,
                node,
                "exchange_provider",
                "exchange section",
                exchange_default,
                exchange_nodes,
            ),
            market=_pick(
                session, node, "market_provider", "market section", markets.default, market_nodes
            ),
            model=_pick(session, node, "model", "model", models.default, models.names),
        )
        for entry, node in read_entries(session, files.traders)
    )
    traders = tuple(
        attrs.evolve(trader, fallbacks=models.stand_ins(trader.model, trader.entry.fallback_models))
        for trader in traders
    )
    used = {name for trader in traders for name in (trader.model, *trader.fallbacks)}
    mentioned = {entry.backend for entry in models.entries.values()}
    backends = Backends(session, models.table, mentioned, markets)
    make_specs(session, models, backends, used)
    check_prices(session, models, traders)
    exchanges = make_sections(
        session, "exchange", exchange_nodes, [trader.exchange for trader in traders], markets
    )
    exporters = _exporters(session, files, markets)
    shapes, asked = shaping(models, backends.sections, used)
    referring = [*exchanges.values(), *backends.sections.values(), *exporters]
    used_markets = [trader.market for trader in traders]
    used_markets += [name for section in referring for name in section.markets]
    return Wiring(
        traders=traders,
        models=models,
        markets=with_databases(
            session,
            make_market_sections(session, market_nodes, used_markets, markets),
            exporters,
        ),
        exchanges=exchanges,
        backends=backends.sections,
        shaping=tuple(shapes),
        asked=tuple(asked),
        exporters=exporters,
    )


def _pick(
    session: Session, node: Table, key: str, what: str, default: str, known: Iterable[str]
) -> str:
    """Return the name a trader gives, or the default; "" with a problem if it means nothing."""
    names = set(known)
    written: Node | None = node.get(key)
    if written is None or written.is_empty:
        if not default and names:
            place = node.below(key)
            session.problems.add(place, f"required key is missing: there is no default {what}")
        return default
    name = session.take(written, str) or ""
    if name and name not in names:
        session.unknown(written.place, what, name, names)
        return ""
    return name


def _exporters(session: Session, files: Files, markets: Markets) -> tuple[Section, ...]:
    if files.main is None or files.monitoring is None:
        return ()
    check_caches(session, files.main, files.trees.main)
    return make_exporters(
        session,
        files.main,
        files.monitoring,
        (files.trees.main, files.trees.of("Manager")),
        markets,
        places(files),
    )


def check_clock(session: Session, files: Files) -> None:
    """Refuse a clock that lacks what it needs: a time to start at, or a speed to be seen at."""
    clock = files.main.clock if files.main is not None else None
    if clock is None:
        return
    if clock.start is None and (clock.speed is not None or clock.lockstep):
        place = find(files.trees.main, "Clock", "Start")
        with_ = "Speed" if clock.speed is not None else "Lockstep"
        session.problems.add(
            place, f"is required together with {with_}, for example 2025-07-23T00:00:00Z"
        )
    if clock.lockstep and clock.speed is None:
        place = find(files.trees.main, "Clock", "Speed")
        session.problems.add(
            place,
            "is required together with Lockstep: how many seconds are shown in a real one, for "
            "example 3600; `nof0 run --cycles N` waits for nobody",
        )
