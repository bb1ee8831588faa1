"""Traders: every name resolved, every default filled in, everything checked against the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs

from nof0_core.config.asking import ask_amount
from nof0_core.config.fields import written
from nof0_core.config.files.executor import ExecutorFile
from nof0_core.config.files.manager import TraderEntry
from nof0_core.config.logos import note_logo
from nof0_core.config.model import Place, Section, TraderConfig
from nof0_core.config.models import Models
from nof0_core.config.names import check_label, check_length
from nof0_core.config.outlook import read_coins, read_list, read_symbols
from nof0_core.config.policies import Policy, make_checks
from nof0_core.config.session import Session, nodes_of
from nof0_core.config.tree import Node, Table, find, printable
from nof0_core.domain.limits import RiskLimits
from nof0_core.domain.model import DailyBudget, ModelSpec
from nof0_core.domain.order import OrderStyle
from nof0_core.domain.position import MarginMode
from nof0_core.files import in_words, read_text
from nof0_core.ids import Symbol, TraderId
from nof0_core.money import plain
from nof0_core.plugins.kinds import ExchangeKind

_ID = re.compile(r"[a-z0-9][a-z0-9_-]*")


@attrs.frozen(kw_only=True)
class Named:
    """A trader's entry with the names it refers to; empty where a name stands for nothing."""

    entry: TraderEntry
    node: Table
    exchange: str
    market: str
    model: str
    fallbacks: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class TraderScope:
    """What traders are made from, beside their own entries.

    `texts` gets the text of each template that was found, by its file.
    """

    executor: ExecutorFile
    executor_table: Table
    exchanges: Mapping[str, Section]
    models: Models
    symbols: tuple[Symbol, ...]
    directory: Path
    keeps_journals: bool
    texts: dict[Path, str] = attrs.field(factory=dict)


def read_entries(session: Session, nodes: tuple[Node, ...]) -> list[tuple[TraderEntry, Table]]:
    """Check each trader's entry by itself; ids must be usable as file names and unique."""
    lines: dict[str, int] = {}
    found: list[tuple[TraderEntry, Table]] = []
    for node in nodes:
        entry = session.take(node, TraderEntry)
        if entry is None or not isinstance(node, Table):
            continue
        place = node.below("id")
        if not _ID.fullmatch(entry.id):
            session.problems.add(
                place,
                "an id names files: it is made of lower-case letters, digits, - and _,"
                f' got "{printable(entry.id)}"',
            )
        check_length(session, place, entry.id)
        check_label(session, node.below("name"), entry.name)
        if entry.id in lines:
            told = f'"{printable(entry.id)}" is already the id of the trader on line'
            session.problems.add(place, f"{told} {lines[entry.id]}")
        lines.setdefault(entry.id, place.line)
        found.append((entry, node))
    return found


def make_trader(
    session: Session, named: Named, around: TraderScope
) -> tuple[TraderConfig | None, tuple[Policy, ...]]:
    """Make one trader; None, with the problems noted, if something it needs is missing."""
    entry, node = named.entry, named.node
    system = _template(session, node, "prompt_template", entry.prompt_template, around)
    user = _template(
        session, node, "executor_prompt_template", entry.executor_prompt_template, around
    )
    symbols = around.symbols
    if entry.symbols is not None:
        symbols = read_symbols(session, entry.symbols, node.below("symbols"))
    indicators = None
    if entry.indicators is not None:
        place = find(node, "indicators")
        indicators = read_list(session, nodes_of(entry.indicators), place)
    own_majors = find(node, "risk_params", "major_coins")
    read_coins(session, entry.risk_params.major_coins or (), own_majors)
    interval = entry.decision_interval or around.executor.decision_interval
    _check_rhythm(session, node, interval, around)
    _check_sharpe_pause(session, node, entry)
    _check_value_band(session, node, entry)
    fallbacks = _fallbacks(session, named, around.models)
    note_logo(session, entry.logo, node)  # the server reads it for itself
    policies = make_checks(session, nodes_of(entry.risk_checks))
    spec = around.models.specs.get(named.model)
    if spec is None or system is None or user is None:
        return None, policies
    trader = TraderConfig(
        id=TraderId(entry.id),
        name=entry.name or entry.id,
        color=entry.color.lower(),
        exchange=named.exchange,
        market=named.market,
        order_style=OrderStyle(entry.order_style),
        slippage_bps=entry.market_ioc_slippage_bps,
        system_template=system,
        user_template=user,
        model=spec,
        is_baseline=spec.name in around.models.baselines,
        decision_interval=interval,
        decision_timeout=around.executor.decision_timeout,
        allocation_pct=entry.allocation_pct,
        auto_start=entry.auto_start,
        symbols=symbols,
        journal_dir=entry.journal_dir if around.keeps_journals else None,
        limits=limits_of(session, entry, around.executor, around.exchanges.get(named.exchange)),
        stop_deadline=entry.exec_guards.stop_deadline,
        quote_deadline=entry.exec_guards.quote_deadline,
        risk_checks=tuple((policy.type, policy.made) for policy in policies),
        check_places=tuple(policy.place for policy in policies),
        fallbacks=fallbacks,
        budget=DailyBudget(usd=entry.budget_usd_per_day, tokens=entry.budget_tokens_per_day),
        indicators=indicators,
    )
    return trader, policies


def _fallbacks(session: Session, named: Named, models: Models) -> tuple[ModelSpec, ...]:
    """Return the models that stand in, and refuse names that cannot."""
    for position, name in enumerate(named.entry.fallback_models or ()):
        place = find(named.node, "fallback_models", position)
        if name not in models.names:
            session.unknown(place, "model", name, models.names)
        elif name == named.model or name in (named.entry.fallback_models or ())[:position]:
            session.problems.add(place, f"{name} would be asked twice")
    return tuple(models.specs[name] for name in named.fallbacks if name in models.specs)


def limits_of(
    session: Session, entry: TraderEntry, executor: ExecutorFile, exchange: Section | None
) -> RiskLimits:
    """Put a trader's limits together: its own, then executor.yaml's; the fee is the exchange's."""
    own, guards = entry.risk_params, entry.exec_guards
    values: dict[str, Any] = {
        "major_coin_leverage": _or(own.major_coin_leverage, executor.major_coin_leverage),
        "altcoin_leverage": _or(own.altcoin_leverage, executor.altcoin_leverage),
        "majors": frozenset(map(Symbol, _or(own.major_coins, executor.major_coins))),
        "min_confidence": _or(own.min_confidence, executor.min_confidence),
        "min_risk_reward": _or(own.min_risk_reward_ratio, executor.min_risk_reward),
        "max_positions": _or(own.max_positions, executor.max_positions),
    }
    kind = exchange.kind if exchange is not None else None
    tell = kind.taker_fee_bps if isinstance(kind, ExchangeKind) else None
    if exchange is not None and kind is not None and tell is not None:
        config, place = exchange.config, exchange.place
        fee = ask_amount(session, "exchange", kind, "taker_fee_bps", place, lambda: tell(config))
        if fee is not None:
            values["taker_fee_bps"] = fee
    return RiskLimits(
        max_position_size_usd=own.max_position_size_usd,
        max_margin_usage_pct=own.max_margin_usage_pct,
        margin_mode=MarginMode(entry.margin_mode),
        stop_loss_enabled=own.stop_loss_enabled,
        take_profit_enabled=own.take_profit_enabled,
        slippage_bps=entry.market_ioc_slippage_bps,
        expected_slippage_bps=guards.expected_slippage_bps,
        max_new_positions_per_cycle=guards.max_new_positions_per_cycle,
        price_band_pct=guards.price_band_pct,
        max_data_age=guards.max_data_age,
        liquidity_threshold_usd=guards.liquidity_threshold_usd,
        min_position_equity_multiple=guards.min_position_equity_multiple,
        max_position_equity_multiple=guards.max_position_equity_multiple,
        max_entries_per_day=guards.max_entries_per_day,
        cooldown_after_close=guards.cooldown_after_close,
        daily_loss_limit_pct=entry.daily_loss_limit_pct,
        max_drawdown_pct=entry.max_drawdown_pct,
        sharpe_pause_threshold=guards.sharpe_pause_threshold,
        sharpe_pause_duration=guards.sharpe_pause_duration,
        **values,
    )


def _or(own: Any, default: Any) -> Any:
    return default if own is None else own


def _check_rhythm(session: Session, node: Table, interval: timedelta, around: TraderScope) -> None:
    timeout, spread = around.executor.decision_timeout, around.executor.decision_spread
    if timeout + spread < interval:
        return
    own = node.get("decision_interval")
    key = "decision_timeout" if timeout >= interval else "decision_spread"
    place: Place = own.place if own else find(around.executor_table, key)
    taken = f"decision_timeout ({written(timeout)})"
    if timeout < interval:
        taken += f" and decision_spread ({written(spread)}) together"
    session.problems.add(
        place, f"{taken} must be shorter than decision_interval ({written(interval)})"
    )


def _check_sharpe_pause(session: Session, node: Table, entry: TraderEntry) -> None:
    """Refuse half of the Sharpe pause: neither key does anything without the other."""
    guards = entry.exec_guards
    given = {
        "sharpe_pause_threshold": guards.sharpe_pause_threshold,
        "sharpe_pause_duration": guards.sharpe_pause_duration,
    }
    missing = [key for key, value in given.items() if value is None]
    if len(missing) == 1:
        [key] = set(given) - set(missing)
        session.problems.add(
            find(node, "exec_guards", key), f"has no effect without {missing[0]} beside it"
        )


def _check_value_band(session: Session, node: Table, entry: TraderEntry) -> None:
    """Refuse a band that no position fits into."""
    guards = entry.exec_guards
    low, high = guards.min_position_equity_multiple, guards.max_position_equity_multiple
    if low is not None and high is not None and low > high:
        session.problems.add(
            find(node, "exec_guards", "min_position_equity_multiple"),
            f"must be at most max_position_equity_multiple ({plain(high)}), got {plain(low)}",
        )


def _template(
    session: Session, node: Table, key: str, text: str, around: TraderScope
) -> Path | None:
    """Find a template beside the file that names it, or in a directory above that."""
    place = node.below(key)
    for directory in (around.directory, *around.directory.parents):
        path = directory / text
        try:
            around.texts[path] = read_text(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            told = f'the prompt template "{printable(text)}" cannot be read: {in_words(error)}'
            session.problems.add(place, told)
            return None
        return path
    session.problems.add(
        place,
        f'there is no prompt template "{printable(text)}"',
        f"looked in {around.directory} and the directories above it",
    )
    return None
