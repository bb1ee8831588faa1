"""The checked configuration as the one object that everybody consumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from nof0_core.config.addresses import check_hosts, check_origins
from nof0_core.config.assembly import Files, Trees, places, read_files
from nof0_core.config.capital import check_balances, check_shares, warn_of_no_capital
from nof0_core.config.effective import Writer, digest_of
from nof0_core.config.files.executor import ExecutorFile
from nof0_core.config.files.main import MainFile
from nof0_core.config.files.providers import MarketFile
from nof0_core.config.fitting import check_fit
from nof0_core.config.lease import check_lease
from nof0_core.config.margins import check_isolated
from nof0_core.config.model import (
    ClockConfig,
    Config,
    LoggingConfig,
    TraderConfig,
    TtlConfig,
)
from nof0_core.config.outlook import read_coins, read_indicators, read_intervals, read_symbols
from nof0_core.config.policies import Policy, make_policy
from nof0_core.config.session import Session
from nof0_core.config.settings import settings_of
from nof0_core.config.stakes import check_stakes
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
        check_stakes(session, files.main.env, wiring.exchanges)
        check_lease(session, files.main, trees.main, wiring.exporters)
        check_hosts(session, files.main.allow_hosts, trees.main)
        check_origins(session, files.main.cors, trees.main)
    check_targets(session, files, wiring.traders)
    traders = [trader for trader, _ in made if trader is not None]
    misfits = check_fit(session, wiring.models, traders, **outlook)
    if len(session.problems) or files.main is None or allocator is None:
        return None
    if len(traders) != len(files.traders):
        message = "a trader was lost without a reason"
        raise AssertionError(message)
    writer = Writer(directory=files.trees.path.parent, secrets=tuple(session.structurer.secrets))
    written = [
        writer.trader(trader, checks, around.texts) for trader, checks in made if trader is not None
    ]
    return _config(
        session,
        registry,
        files,
        files.main,
        wiring,
        {**outlook, "misfits": misfits},
        traders,
        allocator,
        templates=around.texts,
        document=_document(writer, files, files.main, wiring, outlook, allocator, written),
    )


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
    allocator: Policy,
    *,
    templates: Mapping[Path, str],
    document: Mapping[str, Any],
) -> Config:
    block, monitoring, executor = files.block, files.monitoring, files.executor
    assert block is not None and monitoring is not None and executor is not None  # noqa: S101, PT018 - else there were problems
    state_file, data_path = places(files)
    return Config(
        file=files.trees.path,
        registry=registry,
        name=main.name,
        env=main.env,
        seed=main.seed,
        clock=ClockConfig(
            speed=main.clock.speed, start=main.clock.start, is_lockstep=main.clock.lockstep
        ),
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
            level=main.logging.level,
            format=main.logging.format,
            max_bytes=main.logging.max_size * 1_000_000,
            keep=main.logging.keep,
        ),
        markets=wiring.markets,
        exchanges=wiring.exchanges,
        backends=wiring.backends,
        exporters=wiring.exporters,
        models=wiring.models.specs,
        prompt_schema_version=executor.prompt_schema_version,
        max_prompt_tokens=executor.max_prompt_tokens,
        traders=tuple(traders),
        total_equity_usd=block.total_equity_usd,
        reserve_pct=block.reserve_equity_pct,
        allocator=allocator.made,
        allocation_strategy=allocator.type,
        allocation_place=allocator.place,
        rebalance_interval=block.rebalance_interval,
        max_concurrent_decisions=executor.max_concurrent_decisions,
        decision_spread=executor.decision_spread,
        update_interval=monitoring.update_interval,
        budget=DailyBudget(
            usd=wiring.models.budget.daily_usd, tokens=wiring.models.budget.daily_tokens
        ),
        budget_alert_pct=wiring.models.budget.alert_threshold_pct,
        document=document,
        digest=digest_of(document),
        templates=templates,
        secrets=tuple(sorted(session.structurer.secrets)),
        warnings=tuple(session.warnings),
        settings=settings_of(files, wiring),
        is_leased=main.postgres.lease,
        gates=QualityGates(
            min_cycles=main.ranking.min_cycles,
            min_usable_pct=main.ranking.min_usable_pct,
            min_age=main.ranking.min_age,
        ),
        **outlook,
    )


def _document(
    writer: Writer,
    files: Files,
    main: MainFile,
    wiring: Wiring,
    outlook: Mapping[str, Any],
    allocator: Policy,
    traders: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    """Write down all that a run depends on, in the outline of the files."""
    block, monitoring, executor = files.block, files.monitoring, files.executor
    assert block is not None and monitoring is not None and executor is not None  # noqa: S101, PT018 - else there were problems
    used = {name for trader in traders for name in (trader["model"], *trader["fallbacks"])}
    specs = [spec for name, spec in wiring.models.specs.items() if name in used]
    return {
        "Name": writer.names(main.name),
        "Env": main.env,
        "Seed": writer.names(main.seed),
        "Clock": writer.names(main.clock),
        "LLM": {
            "models": {spec.name: writer.model(spec) for spec in (*specs, *wiring.asked)},
            "backends": {each.name: writer.section(each) for each in wiring.shaping},
            "budget": writer.names(wiring.models.budget),
        },
        "Executor": {
            "prompt_schema_version": writer.names(executor.prompt_schema_version),
            "max_prompt_tokens": executor.max_prompt_tokens,
            "max_concurrent_decisions": executor.max_concurrent_decisions,
            "decision_spread": writer.names(executor.decision_spread),
        },
        "Exchange": {
            "providers": {name: writer.section(each) for name, each in wiring.exchanges.items()}
        },
        "Market": {
            "providers": {name: writer.section(each) for name, each in wiring.markets.items()},
            "intervals": writer.names(outlook["intervals"]),
            "indicators": [writer.indicator(each) for each in outlook["indicators"]],
            "series_bars": outlook["series_bars"],
        },
        "Manager": {
            "manager": {
                "total_equity_usd": writer.names(block.total_equity_usd),
                "reserve_equity_pct": writer.names(block.reserve_equity_pct),
                "allocation_strategy": writer.policy(allocator),
                "rebalance_interval": writer.names(block.rebalance_interval),
            },
            "monitoring": {"update_interval": writer.names(monitoring.update_interval)},
            "traders": list(traders),
        },
    }


def ttl_of(main: MainFile) -> TtlConfig:
    """Return how long answers may be cached."""
    return TtlConfig(
        short=timedelta(seconds=main.ttl.short),
        medium=timedelta(seconds=main.ttl.medium),
        long=timedelta(seconds=main.ttl.long),
    )
