"""`nof0 prompt`: see what a model would read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import click

from nof0_core.cli.options import config_argument, json_option
from nof0_core.cli.output import print_json
from nof0_core.errors import ConfigError

if TYPE_CHECKING:
    from nof0_core.domain.model import Message, Prompt


@click.group()
def prompt() -> None:
    """Render prompts as a model would see them."""


@prompt.command()
@config_argument
@click.option("--trader", "trader_id", required=True, metavar="ID", help="Whose prompt.")
@click.option("--system", "only", flag_value="system", help="Only the system message.")
@click.option("--user", "only", flag_value="user", help="Only the user message.")
@json_option
def render(config_file: Path, trader_id: str, only: str | None, *, as_json: bool) -> None:
    """Render the first prompt of a trader of CONFIG.

    On a recorded market that is the prompt at `Clock.Start`, else the one it would get now. No
    model is asked and no order is sent. Messages go to standard output, the facts about them to
    standard error.
    """
    from nof0_core import config as configuration
    from nof0_core.plugins import load_plugins
    from nof0_core.prompts import PromptBook
    from nof0_core.runtime import preview

    config = configuration.load(config_file, load_plugins())
    trader = preview.find_trader(config, trader_id)
    book = PromptBook(
        trader.system_template,
        trader.user_template,
        config.prompt_schema_version,
        indicators=config.indicators,
        intervals=config.intervals,
    )
    if problems := book.check():
        raise ConfigError(problems)
    context = anyio.run(preview.context, config, trader_id)
    rendered = book.render(context, trader_name=trader.name)
    chosen = [message for message in rendered.messages if only in {None, message.role}]
    missing = [symbol for symbol in context.symbols if symbol not in context.snapshots]
    if as_json:
        facts = {
            "trader": trader.id,
            "time": context.time.isoformat(),
            "digest": rendered.digest,
            "versions": dict(rendered.versions),
            "missing": missing,
        }
        messages = [{**_facts(each), "content": each.content} for each in chosen]
        print_json({**facts, "messages": messages})
        return
    _print(rendered, chosen, is_headed=only is None)
    for symbol in missing:
        click.echo(f"note: there are no data for {symbol}", err=True)


def _print(rendered: Prompt, chosen: list[Message], *, is_headed: bool) -> None:
    for message in chosen:
        if is_headed:
            click.secho(f"--- {message.role}", bold=True)
        click.echo(message.content)
    for message in chosen:
        facts = _facts(message)
        click.echo(
            f"{message.role}: {facts['bytes']} bytes, about {facts['tokens_estimate']} tokens",
            err=True,
        )
    for template, version in rendered.versions.items():
        click.echo(f"template: {template}, version {version}", err=True)
    click.echo(f"digest: {rendered.digest}", err=True)


def _facts(message: Message) -> dict[str, str | int]:
    """Return role and size; numbers make about one token of two to three characters."""
    size = len(message.content.encode())
    return {"role": message.role, "bytes": size, "tokens_estimate": round(size / 2.5)}
