"""`nof0 replay`: recorded cycles, done again from the journal alone."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof0_core.cli.journal_away import away_text, tell_away
from nof0_core.cli.journal_tail import check_known
from nof0_core.cli.moment import MOMENT
from nof0_core.cli.options import json_option, run_argument
from nof0_core.cli.output import console, print_json
from nof0_core.cli.report import FAILED, USAGE
from nof0_core.errors import UsageError
from nof0_core.project import open_journal

if TYPE_CHECKING:
    from nof0_core.backtest.replay.outline import Outlines, Selection
    from nof0_core.backtest.replay.what_if import Variant
    from nof0_core.config.effective import Document
    from nof0_core.config.model import Config
    from nof0_core.plugins.registry import PluginRegistry
    from nof0_core.project import JournalReader

_ENDINGS = (".jsonl", ".jsonl.gz")


@click.command()
@run_argument
@click.option(
    "--cycle",
    "cycles",
    multiple=True,
    metavar="CYCLE",
    help="Only this cycle: its number, or its identifier (or its beginning). May be given again.",
)
@click.option("--trader", "traders", multiple=True, help="Only of this trader; may be repeated.")
@click.option(
    "--from",
    "start",
    type=MOMENT,
    metavar="TIME",
    help="Only cycles from this moment on, UTC: 2025-07-14 or 2025-07-14T08:00.",
)
@click.option(
    "--template",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Show what would have been asked with this template.",
)
@click.option(
    "--as",
    "role",
    type=click.Choice(["system", "user"]),
    help="Whose place --template takes; default: as its name or folder says.",
)
@click.option("--model", metavar="NAME", help="Ask this model of CONFIG, and judge its answer.")
@click.option("--all", "is_all", is_flag=True, help="Show every difference, and every line of it.")
@click.option("--yes", is_flag=True, help="Ask a model that costs money without asking first.")
@json_option
def replay(
    config_file: Path,
    data_dir: Path | None,
    cycles: tuple[str, ...],
    traders: tuple[str, ...],
    start: datetime | None,
    template: Path | None,
    role: str | None,
    model: str | None,
    *,
    is_all: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Do recorded cycles again from the journal alone, and compare.

    CONFIG is the main file of a run, DIR its data directory or that of a backtest, or one day of a
    journal. Prompts are rendered, answers read, decisions judged and orders made by the engine's
    own code; whatever is not as it was is shown. Nobody is asked and nothing is ordered. The exit
    code is 1 where something differs, 2 where cycles could not be done again.

    --template and --model are about another prompt or model: of each trader the newest cycle, or
    those that are named.
    """
    from nof0_core.backtest.replay.outline import Selection
    from nof0_core.backtest.replay.replaying import find

    _refuse(template, role, model, is_yes=yes)
    place, day = _journal(config_file, data_dir)
    check_known("--trader", traders, place.streams())
    if day is not None:
        traders, start = (*traders, day[0]), start or day[1]
    wanted = Selection(cycles=cycles, traders=traders, since=start)
    tell_away(away_text(place))
    found = find(place.records, wanted)
    if template is not None or model is not None:
        config = _config(config_file, model) if model else None
        registry = config.registry if config else _present(config_file)[0]
        _what_if(
            place, wanted, found, registry, config, template, role, model, yes=yes, as_json=as_json
        )
        return
    _compare(place, found, *_present(config_file), is_all=is_all, as_json=as_json)


def _refuse(template: Path | None, role: str | None, model: str | None, *, is_yes: bool) -> None:
    if role is not None and template is None:
        message = "--as says whose place a template takes: it needs --template"
        raise UsageError(message)
    if is_yes and model is None:
        message = "--yes has no effect without --model: nothing else costs money"
        raise UsageError(message)


def _journal(
    config_file: Path, data_dir: Path | None
) -> tuple[JournalReader, tuple[str, datetime] | None]:
    """Find the journal; of a file of it also its stream and day."""
    if data_dir is not None or not config_file.name.endswith(_ENDINGS):
        return open_journal(config_file, data_dir=data_dir), None
    try:
        date = datetime.fromisoformat(config_file.name.split(".")[0]).replace(tzinfo=UTC)
    except ValueError:
        message = f"{config_file} is no day of a journal: they are named 2025-07-14.jsonl"
        raise UsageError(message) from None
    stream = config_file.absolute().parent
    if stream.name.startswith("@"):
        message = f"{config_file} has no cycles: those are in the directories of traders"
        raise UsageError(message, hints=(f"all of them: nof0 replay {stream.parent}",))
    return open_journal(stream.parent), (stream.name, date)


def _present(config_file: Path) -> tuple[PluginRegistry, Document | None]:
    """Return the plugins, those that are files of the configuration included, and what that says.

    What is wrong with its files is not looked at: the journal has the configuration that counts.
    """
    from nof0_core.config.loading import load
    from nof0_core.errors import ConfigError
    from nof0_core.plugins import load_plugins

    registry = load_plugins()
    if not config_file.is_file() or config_file.name.endswith(_ENDINGS):
        return registry, None
    try:
        config = load(config_file, registry)
    except ConfigError:
        return registry, None
    return config.registry, config.document


def _config(config_file: Path, model: str) -> Config:
    from nof0_core.project import load_config

    if not config_file.is_file() or config_file.name.endswith(_ENDINGS):
        message = f"--model {model} needs the configuration the model stands in"
        hint = "nof0 replay CONFIG --data-dir DIR --model NAME"
        raise UsageError(message, hints=(hint,))
    return load_config(config_file)


def _compare(
    place: JournalReader,
    found: Outlines,
    registry: PluginRegistry,
    present: Document | None,
    *,
    is_all: bool,
    as_json: bool,
) -> None:
    import anyio

    from nof0_core.backtest.replay.replaying import replay as do_again
    from nof0_core.cli.replay_text import Shown, document_of, summary

    shown = Shown(is_all=is_all, is_silent=as_json, count=len(found.cycles))
    with shown:
        work = partial(do_again, place.records, found, registry, present=present, show=shown)
        result = anyio.run(work)
    if as_json:
        print_json(document_of(result, shown.kept))
    else:
        screen = console()
        for part in summary(result, width=screen.width):
            screen.print(part, markup=False, soft_wrap=isinstance(part, str))
        for hint in result.hints:
            click.echo(f"  {hint}", err=True)
    if result.different or result.changed:
        raise click.exceptions.Exit(FAILED)
    if result.missing or result.stopped:
        raise click.exceptions.Exit(USAGE)


def _what_if(
    place: JournalReader,
    wanted: Selection,
    found: Outlines,
    registry: PluginRegistry,
    config: Config | None,
    template: Path | None,
    role: str | None,
    model: str | None,
    *,
    yes: bool,
    as_json: bool,
) -> None:
    from nof0_core.backtest.replay.what_if import Another, newest, variants
    from nof0_core.cli.replay_text import variant_document, variant_lines

    another = None if template is None else Another.read(template, role or "")
    chosen = found if wanted.cycles or wanted.since else newest(found)
    made = list(variants(place.records, chosen, registry, another))
    if model is None and not wanted.cycles:
        # Who reads no prompt would have been asked nothing.
        made = [one for one in made if one.case.body.messages is not None] or made
    if not made:
        message = "nothing was asked in these cycles: they ended before it"
        raise UsageError(message)
    asked = {} if config is None or model is None else _asked(config, model, made, is_agreed=yes)
    if as_json:
        print_json({"cycles": [variant_document(one, asked.get(one.case.seq)) for one in made]})
        return
    for one in made:
        for line, style in variant_lines(one, asked.get(one.case.seq), has_template=bool(template)):
            click.secho(line, **style)


def _asked(config: Config, model: str, made: list[Variant], *, is_agreed: bool) -> dict[int, Any]:
    import anyio

    from nof0_core.project import find_model
    from nof0_core.project.asking_again import ask_again, cost_of, is_paid

    spec = find_model(config, model)
    if is_paid(config, spec) and not is_agreed:
        usd = cost_of(spec, made)
        cost = "at an unknown price" if usd is None else f"up to {usd:.4f} USD"
        said = f"{model} is asked {len(made)} times, {cost}"
        if not sys.stdin.isatty():
            message = f"{said}, and there is no terminal to ask on"
            raise UsageError(message, hints=("--yes asks it",))
        click.echo(said, err=True)
        click.confirm("Ask it?", abort=True, err=True)

    async def ask() -> dict[int, Any]:
        return {one.case.seq: answer async for one, answer in ask_again(config, spec, made)}

    return anyio.run(ask)
