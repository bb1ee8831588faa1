"""`nof0 check`: what would run, or everything that is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof0_core.cli.options import config_argument, data_dir_option, json_option
from nof0_core.cli.output import columns, paragraph, print_json, screen_width

if TYPE_CHECKING:
    from nof0_core.config.model import Config, TraderConfig
    from nof0_core.errors import Problem


@click.command()
@config_argument
@data_dir_option
@click.option(
    "--online",
    "is_online",
    is_flag=True,
    help="Also ask venues and model endpoints whether a run would find what it needs.",
)
@json_option
def check(config_file: Path, data_dir: Path | None, *, is_online: bool, as_json: bool) -> None:
    """Say what would run, or everything that is wrong.

    Reads CONFIG and all files it names, candle files included, and renders the prompt templates
    once; opens nothing else. With --online each section in use may look around for 20 s, as far as
    its kind knows how.
    Exits with 2 if something is wrong.
    """
    from nof0_core.errors import ConfigError
    from nof0_core.project import load_config
    from nof0_core.runtime.foresight import foresee
    from nof0_core.runtime.preview import preflight

    try:
        config = load_config(config_file, data_dir=data_dir)
        preflight(config)
        seen = foresee(config)
    except ConfigError as error:
        if not as_json:
            raise
        print_json({"ok": False, "problems": [_problem(p) for p in error.problems]})
        raise click.exceptions.Exit(error.exit_code) from None
    if is_online:
        from nof0_core.cli.check_online import check_online

        check_online(
            config,
            facts=_facts(config, seen) if as_json else None,
            lines=_lines(config, config_file, seen, screen_width()),
        )
        return
    if as_json:
        print_json(_facts(config, seen))
        return
    click.echo("\n".join(_lines(config, config_file, seen, screen_width())))


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "path": problem.path,
        "message": problem.message,
        "hints": list(problem.hints),
    }


def _sections(config: Config) -> dict[str, list[tuple[str, str]]]:
    used = {
        "markets": config.markets.values(),
        "exchanges": config.exchanges.values(),
        "backends": config.backends.values(),
        "exporters": config.exporters,
    }
    return {what: [(s.name, s.kind.type) for s in sections] for what, sections in used.items()}


def _facts(config: Config, seen: Sequence[str] = ()) -> dict[str, Any]:
    from nof0_core.config.fields import written

    return {
        "ok": True,
        "name": config.name,
        "env": config.env,
        "digest": config.digest,
        "clock": {
            "speed": config.clock.speed,
            "start": config.clock.start,
            "lockstep": config.clock.is_lockstep,
        },
        "seed": config.seed,
        "state_dir": config.state_dir,
        "data_path": config.data_path,
        "total_equity_usd": str(config.total_equity_usd),
        "reserve_pct": str(config.reserve_pct),
        "allocation_strategy": config.allocation_strategy,
        "rebalance_interval": written(config.rebalance_interval),
        **{
            what: [{"name": name, "type": type_} for name, type_ in sections]
            for what, sections in _sections(config).items()
        },
        "traders": [
            {
                "id": trader.id,
                "name": trader.name,
                "model": trader.model.name,
                "exchange": trader.exchange,
                "market": trader.market,
                "symbols": list(trader.symbols),
                "indicators": [each.name for each in config.indicators_of(trader)],
                "sees": _seen(config, trader),
                "decision_interval": written(trader.decision_interval),
                "allocation_pct": str(trader.allocation_pct),
                "auto_start": trader.auto_start,
            }
            for trader in config.traders
        ],
        "warnings": [
            *(_problem(warning) for warning in config.warnings),
            *(
                {"file": "", "line": 0, "path": "", "message": message, "hints": []}
                for message in (*_notes(config), *seen)
            ),
        ],
    }


def _lines(
    config: Config, shown: Path, seen: Sequence[str] = (), width: int | None = None
) -> list[str]:
    """Write what would run; in `width` letters columns are left out and sentences are broken."""
    from nof0_core.config.fields import written
    from nof0_core.money import plain

    count = len(config.traders)
    lines = [f"{shown} is fine: {count} trader{'s' if count != 1 else ''}", ""]
    lines += columns(
        [("trader", "model", "decides every", "capital", "exchange", "market", "coins")]
        + [
            (
                trader.id + ("" if trader.auto_start else " (paused)"),
                trader.model.name,
                written(trader.decision_interval),
                f"{plain(trader.allocation_pct)} %",
                trader.exchange,
                trader.market,
                " ".join(trader.symbols),
            )
            for trader in config.traders
        ],
        indent="  ",
        width=width,
        leaves=(5, 4, 1),
    )
    lines += _sights(config, width)
    capital = f"{plain(config.total_equity_usd)} USD, {plain(config.reserve_pct)} % in reserve"
    facts = [
        ("capital", capital),
        ("allocation", _allocation(config)),
        ("clock", _clock(config)),
        *((what, ", ".join(map(_named, sections))) for what, sections in _sections(config).items()),
        *_addresses(config),
        ("data", str(config.state_dir)),
        ("API files", str(config.data_path)),
        ("digest", config.digest[:16]),
    ]
    lines += ["", *columns(facts, indent="  ", width=width)]
    notes = [*map(str, config.warnings), *_notes(config), *seen]
    if notes:
        lines += ["", *(paragraph(f"note: {note}") for note in notes)]
    return lines


def _addresses(config: Config) -> list[tuple[str, str]]:
    """Say where language models are asked; nothing where none are."""
    from nof0_core.runtime.preview import address

    found = {name: address(config, section) for name, section in config.backends.items()}
    said = [f"{name} at {where}" for name, where in found.items() if where]
    return [("asks", ", ".join(said))] if said else []


def _seen(config: Config, trader: TraderConfig) -> list[str]:
    """Name what a trader's templates and risk checks ask for beside what all traders see."""
    from nof0_core.runtime.sight import sight_of

    sight = sight_of(config, trader)
    named = {"order books": sight.books, "all traders of its exchange account": sight.venue}
    return [name for name, is_asked in named.items() if is_asked]


def _sights(config: Config, width: int | None) -> list[str]:
    """Say which traders see something else than the others; nothing where none does."""
    rows = []
    for trader in config.traders:
        if trader.indicators is not None:
            own = " ".join(each.name for each in trader.indicators) or "none"
            rows.append((trader.id, f"indicators of its own: {own}"))
        rows += [(trader.id, f"sees {what}") for what in _seen(config, trader)]
    return ["", *columns(rows, indent="  ", width=width)] if rows else []


def _allocation(config: Config) -> str:
    """Say what divides capital, how often, and between whom: never between exchange accounts."""
    from nof0_core.config.fields import written
    from nof0_core.manager.allocation.managed import part_usd
    from nof0_core.money import plain

    said = f"{config.allocation_strategy} every {written(config.rebalance_interval)}"
    used = list(dict.fromkeys(trader.exchange for trader in config.traders))
    if len(used) < 2:
        return said
    parts = (f"{plain(round(part_usd(config, name), 2))} USD on {name}" for name in used)
    return f"{said}, each exchange account on its own: {', '.join(parts)}"


def _failed(config: Config) -> list[str]:
    """Name the plugins that did not load; nothing in the configuration needs them."""
    return [f"plugin {one} failed to load: {one.reason}" for one in config.registry.failed]


def _notes(config: Config) -> list[str]:
    from nof0_core.cli.going_live import rehearsal_of, unrehearsed
    from nof0_core.runtime.daily_cost import cost_per_day
    from nof0_core.runtime.lease_notes import lease_notes
    from nof0_core.runtime.preview import (
        caveats,
        haste,
        idle_timeouts,
        one_at_a_time,
        unknown_clocks,
    )
    from nof0_core.runtime.unchanged import without_effect

    return [
        *_failed(config),
        *haste(config),
        *one_at_a_time(config, full_speed=False),
        *idle_timeouts(config),
        *unknown_clocks(config),
        *caveats(config),
        *cost_per_day(config),
        *without_effect(config),
        *lease_notes(config),
        *(
            f"{name} trades with real money: a run is refused until this configuration has passed "
            f"`nof0 {rehearsal_of(config.exchanges[name])} {config.file}`"
            for name in unrehearsed(config)
        ),
    ]


def _clock(config: Config) -> str:
    start = config.clock.start
    if config.clock.speed is None:
        begin = f", starting at {start:%Y-%m-%dT%H:%M:%SZ} where time is simulated" if start else ""
        return f"the machine's{begin}; seed {config.seed}"
    stands = ", standing still while work is done" if config.clock.is_lockstep else ""
    return (
        f"{config.clock.speed:g} times as fast{stands}, from {start:%Y-%m-%dT%H:%M:%SZ}; "
        f"seed {config.seed}"
    )


def _named(section: tuple[str, str]) -> str:
    name, type_ = section
    return name if name == type_ else f"{name} ({type_})"
