"""The checked configuration as the one object that everybody consumes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import attrs

from nof0_core.config.addresses import check_hosts, check_origins
from nof0_core.config.assembly import Files, Trees, places, read_files
from nof0_core.config.capital import check_balances, check_shares, warn_of_no_capital
from nof0_core.config.deferred import warn_deferred
from nof0_core.config.digest import digest_of
from nof0_core.config.files.executor import ExecutorFile
from nof0_core.config.files.main import MainFile
from nof0_core.config.files.providers import MarketFile
from nof0_core.config.margins import check_isolated
from nof0_core.config.model import (
    ClockConfig,
    Config,
    LoggingConfig,
    Section,
    TraderConfig,
    TtlConfig,
)
from nof0_core.config.outlook import read_coins, read_indicators, read_intervals, read_symbols
from nof0_core.config.policies import Policy, make_policy
from nof0_core.config.session import Session
from nof0_core.config.targets import check_targets
from nof0_core.config.traders import TraderScope, make_trader
from nof0_core.config.tree import Scalar, find
from nof0_core.config.unlikely import warn_of_fractions
from nof0_core.config.wiring import Wiring, check_clock, wire
from nof0_core.domain.model import DailyBudget
from nof0_core.domain.quality import QualityGates
from nof0_core.money import exactly
from nof0_core.plugins.registry import PluginRegistry

_ALLOCATION = "fixed"


@exactly
def assemble(session: Session, registry: PluginRegistry, trees: Trees) -> Config | None:
    """Check everything against everything; None if something was wrong.

    `registry` are the plugins, those of the configuration's own files included.
    """
    files = read_files(session, trees)
    wiring = wire(session, files)
    tree = trees.of("Market")
    market = files.market or MarketFile(providers={})
    executor = files.executor or ExecutorFile()
    outlook: dict[str, Any] = {
        "intervals": read_intervals(session, market, tree),
        "indicators": read_indicators(session, market, tree),
        "series_bars": market.series_bars,
    }
    around = TraderScope(
        executor=executor,
        executor_table=trees.of("Executor"),
        exchanges=wiring.exchanges,
        models=wiring.models,
        symbols=read_symbols(session, market.symbols, find(tree, "symbols")),
        directory=session.directories.get(trees.of("Manager").place.file, trees.path.parent),
        keeps_journals=trees.data_dir is None,
    )
    read_coins(session, executor.major_coins, find(trees.of("Executor"), "major_coins"))
    made = [make_trader(session, named, around) for named in wiring.traders]
    pairs = zip(wiring.traders, (trader for trader, _ in made), strict=True)
    check_isolated(session, [(named, trader) for named, trader in pairs if trader is not None])
    allocator = _allocator(session, files)
    if files.block is not None:
        entries = [named.entry for named in wiring.traders]
        tree = trees.of("Manager")
        check_shares(session, files.block, tree, entries)
        check_balances(session, files.block, tree, wiring.traders, wiring.exchanges)
    warn_of_no_capital(session, wiring.traders)
    if files.executor is not None:
        table = trees.of("Executor")
        warn_of_fractions(session, files.executor, table, wiring.traders)
    check_clock(session, files)
    if files.main is not None:
        check_hosts(session, files.main.allow_hosts, trees.main)
        check_origins(session, files.main.cors, trees.main)
    check_targets(session, files, wiring.traders)
    warn_deferred(session, trees.main)
    traders = [trader for trader, _ in made if trader is not None]
    policies = [policy for _, policies in made for policy in policies]
    if len(session.problems) or files.main is None or allocator is None:
        return None
    if len(traders) != len(files.traders):
        message = "a trader was lost without a reason"
        raise AssertionError(message)
    policies = [allocator, *policies]
    return _config(session, registry, files, files.main, wiring, outlook, traders, policies)


def _allocator(session: Session, files: Files) -> Policy | None:
    """Build the allocator: a bare word or a section; `fixed` if nothing is written."""
    tree = files.trees.of("Manager")
    node = tree.table("manager").get("allocation_strategy")
    if node is None or node.is_empty:
        place = find(tree, "manager", "allocation_strategy")
        node = Scalar(place=place, text=_ALLOCATION, kind="text")
    return make_policy(session, "allocator", node)


def _config(
    session: Session,
    registry: PluginRegistry,
    files: Files,
    main: MainFile,
    wiring: Wiring,
    outlook: dict[str, Any],
    traders: Sequence[TraderConfig],
    policies: Sequence[Policy],
) -> Config:
    block, monitoring, executor = files.block, files.monitoring, files.executor
    assert block is not None and monitoring is not None and executor is not None  # noqa: S101, PT018 - else there were problems
    state_file, data_path = places(files)
    decisive: dict[str, Any] = {
        "name": main.name,
        "env": main.env,
        "seed": main.seed,
        "clock": ClockConfig(
            speed=main.clock.speed, start=main.clock.start, is_lockstep=main.clock.lockstep
        ),
        "prompt_schema_version": executor.prompt_schema_version,
        "max_prompt_tokens": executor.max_prompt_tokens,
        "traders": tuple(traders),
        "total_equity_usd": block.total_equity_usd,
        "reserve_pct": block.reserve_equity_pct,
        "allocation_strategy": policies[0].type,
        "rebalance_interval": block.rebalance_interval,
        "max_concurrent_decisions": executor.max_concurrent_decisions,
        "decision_spread": executor.decision_spread,
        "update_interval": monitoring.update_interval,
        "budget": DailyBudget(
            usd=wiring.models.budget.daily_usd, tokens=wiring.models.budget.daily_tokens
        ),
        "budget_alert_pct": wiring.models.budget.alert_threshold_pct,
        **outlook,
    }
    used = [*wiring.markets.values(), *wiring.exchanges.values(), *wiring.shaping]
    neutral = [_stays(trader) for trader in traders]
    return Config(
        file=files.trees.path,
        registry=registry,
        host=main.host,
        port=main.port,
        data_path=data_path,
        state_dir=state_file.parent,
        state_file=state_file,
        ttl=ttl_of(main),
        logging=LoggingConfig(
            slow_sql=timedelta(milliseconds=main.logging.slow.sql),
            slow_redis=timedelta(milliseconds=main.logging.slow.redis),
            verbose_sql=main.logging.verbose_sql,
            verbose_llm=main.logging.verbose_llm,
        ),
        markets=wiring.markets,
        exchanges=wiring.exchanges,
        backends=wiring.backends,
        exporters=wiring.exporters,
        models=wiring.models.specs,
        allocator=policies[0].made,
        allocation_place=policies[0].place,
        digest=digest_of(
            {
                **decisive,
                "traders": neutral,
                "sections": [_section(section) for section in used],
                "asked": list(wiring.asked),
                "policies": [{"type": p.type, "config": p.config} for p in policies],
            },
            files.trees.path.parent,
        ),
        secrets=tuple(sorted(session.structurer.secrets)),
        warnings=tuple(session.warnings),
        gates=QualityGates(
            min_cycles=main.ranking.min_cycles,
            min_usable_pct=main.ranking.min_usable_pct,
            min_age=main.ranking.min_age,
        ),
        **decisive,
    )


def ttl_of(main: MainFile) -> TtlConfig:
    """Return how long answers may be cached."""
    return TtlConfig(
        short=timedelta(seconds=main.ttl.short),
        medium=timedelta(seconds=main.ttl.medium),
        long=timedelta(seconds=main.ttl.long),
    )


def _stays(trader: TraderConfig) -> dict[str, Any]:
    """Return a trader without what a run does not depend on and objects that have no values."""
    left_out = ("journal_dir", "risk_checks", "check_places", "is_baseline")
    return {
        field.name: getattr(trader, field.name)
        for field in attrs.fields(TraderConfig)
        if field.name not in left_out
    }


def _section(section: Section) -> dict[str, Any]:
    return {"name": section.name, "type": section.kind.type, "config": section.config}
