"""`nof0 traders`: see what traders do, and tell single ones what to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof0_core.cli.options import json_option, run_argument
from nof0_core.cli.run_argument import is_named

if TYPE_CHECKING:
    from nof0_core.config.places import Places
    from nof0_core.ids import TraderId

trader_argument = click.argument("trader", metavar="[TRADER]", required=False)


@click.group()
def traders() -> None:
    """See, pause, resume single traders; close positions; settle differences.

    Without TRADER a command is meant for every trader. Requests are files in the data directory: a
    running engine takes note at its next look at the exchange account, else the next one to start.
    What became of each is in the journal (`nof0 journal list --type control`).
    """


@traders.command()
@run_argument
@trader_argument
@json_option
def status(config_file: Path, trader: str | None, data_dir: Path | None, *, as_json: bool) -> None:
    """Show equity, positions and brakes as the engine last wrote them, without disturbing it."""
    from nof0_core.cli.output import print_json, screen_width
    from nof0_core.cli.traders_status import lines, read
    from nof0_core.config.places import read_places

    places = read_places(config_file, data_dir=data_dir)
    document = read(places, _chosen(places, trader, config_file))
    if as_json:
        print_json(document)
        return
    click.echo("\n".join(lines(document, screen_width())))


@traders.command()
@run_argument
@trader_argument
@json_option
def pause(config_file: Path, trader: str | None, data_dir: Path | None, *, as_json: bool) -> None:
    """Let a trader decide nothing any more; its positions keep their stops and targets."""
    _ask("pause", config_file, data_dir, trader, None, as_json=as_json)


@traders.command()
@run_argument
@trader_argument
@json_option
def resume(config_file: Path, trader: str | None, data_dir: Path | None, *, as_json: bool) -> None:
    """Let a trader decide again, or for the first time where auto_start is false.

    Takes off a drawdown brake too: the drawdown is measured from there on. The limits of the day
    and the Sharpe pause end by themselves.
    """
    _ask("resume", config_file, data_dir, trader, None, as_json=as_json)


@traders.command()
@run_argument
@trader_argument
@click.option("--symbol", help="This coin only.")
@json_option
@click.pass_context
def close(
    context: click.Context,
    config_file: Path,
    trader: str | None,
    symbol: str | None,
    data_dir: Path | None,
    *,
    as_json: bool,
) -> None:
    """Close a trader's own positions; what others hold in the same coin stays.

    A trader that goes on deciding may open new ones: pause it first to keep it out. Without TRADER
    the run must be named.
    """
    from nof0_core.errors import UsageError

    if trader is None and not is_named(context):
        message = "nothing was closed: whose positions?"
        hints = ("name a trader", f"or the run, to close those of all: -c {config_file}")
        raise UsageError(message, hints=hints)
    _ask("close", config_file, data_dir, trader, symbol, as_json=as_json)


@traders.command()
@run_argument
@click.argument("section", metavar="SECTION")
@click.argument("coin", metavar="COIN")
@json_option
def settle(
    config_file: Path, section: str, coin: str, data_dir: Path | None, *, as_json: bool
) -> None:
    """Take over what the venue shows of a coin where ledger and venue differ on it.

    SECTION is an exchange of exchange.yaml. The difference is booked to @unassigned at the mark; no
    order is sent, and no trader's numbers change. While the venue cannot be read it waits, for 15
    minutes. Look first what the difference is: `nof0 journal list --type reconciled`.
    """
    from nof0_core.cli.output import print_json
    from nof0_core.cli.taking_effect import when
    from nof0_core.clock import wall_time
    from nof0_core.config.places import read_places
    from nof0_core.domain.vocabulary import ControlCommand
    from nof0_core.errors import UsageError
    from nof0_core.ids import Symbol
    from nof0_core.manager.requests import Requests
    from nof0_core.project import running_engine

    places = read_places(config_file, data_dir=data_dir)
    exchanges = {one.exchange for one in places.traders.values()}
    if section not in exchanges:
        message = f'no trader uses an exchange "{section}"'
        raise UsageError(message, hints=("exchanges: " + ", ".join(sorted(exchanges)),))
    made = Requests(places.state_dir).add(
        ControlCommand.SETTLE, None, Symbol(coin), wall_time(), venue_account=section, by=_who()
    )
    if as_json:
        row = {
            "id": made.id,
            "command": made.command,
            "venue_account": section,
            "symbol": coin,
            "by": made.by,
        }
        print_json({"requests": [row], "engine": running_engine(places.state_dir)})
        return
    click.echo(f"asked to settle {coin} on {section}")
    click.echo(when(places.state_dir))


@traders.command()
@run_argument
@json_option
@click.option(
    "--wait",
    "seconds",
    type=click.FloatRange(min=0),
    default=300.0,
    show_default=True,
    help="Seconds to wait for the engine's answer.",
)
def reload(config_file: Path, data_dir: Path | None, seconds: float, *, as_json: bool) -> None:
    """Let a running engine read its configuration again: prompts, limits, budgets.

    It takes over what its files say now, all of it or nothing, between two decisions, and says what
    has changed. Exits with 2, and nothing has changed, where something is wrong or needs a restart.
    `kill -HUP` of the engine's process does the same, without an answer.
    """
    from nof0_core.cli.reload import reload as ask

    ask(config_file, data_dir, seconds, as_json=as_json)


def _who() -> str:
    """Return the login name of whoever gives the command."""
    import getpass

    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        # Nobody in the system's list of users, as in some containers.
        return ""


def _chosen(places: Places, trader: str | None, config_file: Path) -> list[TraderId]:
    from nof0_core.errors import UsageError
    from nof0_core.ids import TraderId

    if trader is None:
        return list(places.traders)
    if trader not in places.traders:
        message = f'no trader "{trader}" in {config_file}'
        raise UsageError(message, hints=("traders: " + ", ".join(places.traders),))
    return [TraderId(trader)]


def _ask(
    command: str,
    config_file: Path,
    data_dir: Path | None,
    trader: str | None,
    symbol: str | None,
    *,
    as_json: bool,
) -> None:
    """Put one request per trader into the data directory."""
    from nof0_core.cli.output import print_json
    from nof0_core.cli.taking_effect import when
    from nof0_core.clock import wall_time
    from nof0_core.config.places import read_places
    from nof0_core.domain.vocabulary import ControlCommand
    from nof0_core.errors import UsageError
    from nof0_core.ids import Symbol
    from nof0_core.manager.requests import Requests
    from nof0_core.project import running_engine

    places = read_places(config_file, data_dir=data_dir)
    chosen = _chosen(places, trader, config_file)
    coins = {coin for one in chosen for coin in places.traders[one].symbols}
    if symbol is not None and symbol not in coins:
        message = f"{', '.join(chosen)} does not trade {symbol}"
        raise UsageError(message, hints=("coins: " + ", ".join(sorted(coins)),))
    requests = Requests(places.state_dir)
    coin = Symbol(symbol) if symbol is not None else None
    made = [requests.add(ControlCommand(command), one, coin, wall_time()) for one in chosen]
    if as_json:
        rows: list[dict[str, Any]] = [
            {"id": r.id, "command": r.command, "trader": r.trader, "symbol": r.symbol} for r in made
        ]
        print_json({"requests": rows, "engine": running_engine(places.state_dir)})
        return
    what = f" {symbol}" if symbol else ""
    click.echo(f"asked to {command}{what}: {', '.join(chosen)}")
    click.echo(when(places.state_dir))
