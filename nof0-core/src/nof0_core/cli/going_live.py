"""What a run is going to trade outside this program, told and asked before it starts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence

import click

from nof0_core.cli.output import columns
from nof0_core.config.fields import written
from nof0_core.config.model import Config, Section, TraderConfig
from nof0_core.errors import UsageError
from nof0_core.manager.allocation.managed import part_usd
from nof0_core.money import HUNDRED, plain
from nof0_core.plugins.kinds import BackendKind, ExchangeKind, Stake
from nof0_core.project.rehearsals import passed_rehearsal
from nof0_core.runtime.daily_cost import cost_per_day


def agree(config: Config, *, is_agreed: bool, show: Callable[[str], object]) -> None:
    """Say what is going to be traded at venues, and go on only if somebody wants that.

    Nothing is said or asked where all accounts are paper.

    Args:
        config: what is going to run.
        is_agreed: somebody has said yes beforehand.
        show: shows one line.

    Raises:
        UsageError: real money was not rehearsed, nobody is there to be asked, or the answer is no.
    """
    sections = [each for each in config.exchanges.values() if each.stake is not Stake.PAPER]
    if not sections:
        return
    if missing := unrehearsed(config):
        message = f"{missing[0]} trades with real money, and this configuration was not rehearsed"
        command = rehearsal_of(config.exchanges[missing[0]])
        raise UsageError(message, hints=(f"first: nof0 {command} {config.file}",))
    for line in told(config):
        show(line)
    if is_agreed:
        return
    if not sys.stdin.isatty():
        message = "this run trades at a venue, and there is no terminal to ask on"
        raise UsageError(message, hints=("read the lines above, then start it with --yes",))
    if not click.confirm("Trade with this?", err=True):
        message = "nothing was started"
        raise UsageError(message)


def unrehearsed(config: Config) -> list[str]:
    """Name the exchange sections with real money of which this configuration has not passed."""
    return [
        name
        for name, section in config.exchanges.items()
        if section.stake is Stake.REAL
        and (command := rehearsal_of(section))
        and passed_rehearsal(config, command) is None
    ]


def rehearsal_of(section: Section) -> str:
    """Return the command that rehearses a section, empty for none."""
    return section.kind.rehearsal if isinstance(section.kind, ExchangeKind) else ""


def told(config: Config) -> list[str]:
    """Say which accounts at venues are traded, by whom, with how much and within which limits."""
    lines: list[str] = []
    for section in config.exchanges.values():
        if section.stake is not Stake.PAPER:
            lines += _account(config, section)
    costs = [*cost_per_day(config), *_unpriced(config)]
    lines += ["daily cost of models:", *(f"  {cost}" for cost in costs)] if costs else []
    return lines


def _unpriced(config: Config) -> list[str]:
    names = dict.fromkeys(
        trader.model.name
        for trader in config.traders
        if trader.model.price is None and _is_paid(config.backends[trader.model.backend].kind)
    )
    return [f"not known of {', '.join(names)}: no price is given"] if names else []


def _is_paid(kind: object) -> bool:
    return isinstance(kind, BackendKind) and kind.is_paid


def _account(config: Config, section: Section) -> Iterator[str]:
    traders = [trader for trader in config.traders if trader.exchange == section.name]
    capital = plain(round(part_usd(config, section.name), 2))
    yield f"{section.name}: {section.stake} of {section.kind.type}"
    if section.account:
        yield f"  account {section.account}"
    yield f"  capital {capital} USD of {plain(config.total_equity_usd)}, shared by:"
    for trader in traders:
        yield f"  {trader.id}" + ("" if trader.auto_start else " (paused)")
        yield from columns(_limits(config, trader), indent="    ")


def _limits(config: Config, trader: TraderConfig) -> Sequence[Sequence[str]]:
    limits = trader.limits
    capital = round(config.total_equity_usd * trader.allocation_pct / HUNDRED, 2)
    size = limits.max_position_size_usd
    each = "" if size is None else f" of at most {plain(size)} USD"
    majors = " ".join(sorted(limits.majors))
    leverage = f"{limits.major_coin_leverage}x on {majors}, else {limits.altcoin_leverage}x"
    return (
        ("decides", f"every {written(trader.decision_interval)} by {trader.model.name}"),
        ("capital", f"{plain(capital)} USD"),
        ("coins", " ".join(trader.symbols)),
        ("positions", f"up to {limits.max_positions}{each}"),
        ("leverage", f"up to {leverage}; {limits.margin_mode}"),
        ("brakes", "; ".join(_brakes(trader)) or "none"),
    )


def _brakes(trader: TraderConfig) -> Iterator[str]:
    limits = trader.limits
    if limits.daily_loss_limit_pct is not None:
        yield f"loss of {plain(limits.daily_loss_limit_pct)} % a day"
    if limits.max_drawdown_pct is not None:
        yield f"drawdown of {plain(limits.max_drawdown_pct)} %"
    if limits.max_entries_per_day is not None:
        yield f"{limits.max_entries_per_day} entries a day"
    if limits.cooldown_after_close is not None:
        yield f"{written(limits.cooldown_after_close)} between two on a coin"
    if limits.sharpe_pause_threshold is not None:
        yield f"Sharpe ratio below {limits.sharpe_pause_threshold:g}"
