"""`nof0 prompt`: see what a model would read, check it, compare it."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import click

from nof0_core.cli.options import config_argument, data_dir_option, json_option
from nof0_core.cli.output import print_json
from nof0_core.cli.run_argument import named_main
from nof0_core.errors import UsageError

if TYPE_CHECKING:
    from nof0_core.config.model import Config, TraderConfig
    from nof0_core.domain.model import Message, Prompt
    from nof0_core.errors import Problem
    from nof0_core.prompts import PromptBook
    from nof0_core.prompts.comparison import Variant


@click.group()
def prompt() -> None:
    """Render, check and compare prompts as a model would see them."""


@prompt.command()
@config_argument
@click.option("--trader", "trader_id", required=True, metavar="ID", help="Whose prompt.")
@click.option("--system", "only", flag_value="system", help="Only the system message.")
@click.option("--user", "only", flag_value="user", help="Only the user message.")
@click.option(
    "--sample",
    "is_sample",
    is_flag=True,
    help="On an invented market, with positions and a past; the limits are the trader's.",
)
@data_dir_option
@json_option
def render(
    config_file: Path,
    trader_id: str,
    only: str | None,
    data_dir: Path | None,
    *,
    is_sample: bool,
    as_json: bool,
) -> None:
    """Render the first prompt of a trader of CONFIG.

    On a recorded market that is the prompt at `Clock.Start`, else the one it would get now; with
    --sample one of a trader that has traded for a while. No model is asked and no order is sent.
    Messages go to standard output, the facts about them to standard error.
    """
    from nof0_core.project import load_config, preview

    config = load_config(config_file, data_dir=data_dir)
    found = anyio.run(partial(preview, config, trader_id, is_sample=is_sample))
    rendered, missing = found.prompt, found.missing
    chosen = [message for message in rendered.messages if only in {None, message.role}]
    if as_json:
        facts = {
            "trader": found.trader.id,
            "is_sample": is_sample,
            "time": found.context.time.isoformat(),
            "digest": rendered.digest,
            "versions": dict(rendered.versions),
            "cut": rendered.cut,
            "missing": list(missing),
        }
        messages = [{**_facts(each), "content": each.content} for each in chosen]
        print_json({**facts, "messages": messages})
        return
    _print(rendered, chosen, is_headed=only is None)
    if is_sample:
        click.echo("note: market, account and past are invented, the limits are real", err=True)
    for symbol in missing:
        click.echo(f"note: there are no data for {symbol}", err=True)


@prompt.command()
@config_argument
@click.option("--trader", "trader_id", metavar="ID", help="Only this trader's prompts.")
@click.option(
    "--max-tokens",
    type=click.IntRange(min=1),
    metavar="N",
    help="Limit instead of max_prompt_tokens.",
)
@data_dir_option
@json_option
def lint(
    config_file: Path,
    trader_id: str | None,
    max_tokens: int | None,
    data_dir: Path | None,
    *,
    as_json: bool,
) -> None:
    """Check the prompts of CONFIG: what is wrong with them, and what a model would not be told.

    Beside what `nof0 check` finds: series without interval, units or order; open positions without
    their exit plan; untrusted text not called that; no form of answer; size. Exit code 1 if
    anything is found.
    """
    from nof0_core.project import find_trader, load_config

    config = load_config(config_file, data_dir=data_dir)
    traders = [find_trader(config, trader_id)] if trader_id else list(config.traders)
    found: dict[Problem, None] = {}
    sizes: dict[str, int] = {}
    for trader in traders:
        book = _book(config, trader, max_tokens)
        found.update(dict.fromkeys(problems := book.lint()))
        if not any(not problem.path for problem in problems):
            sizes[trader.id] = book.sample_tokens()
    if as_json:
        findings = [
            {"file": p.file, "line": p.line, "rule": p.path or "template", "message": p.message}
            for p in found
        ]
        print_json({"findings": findings, "tokens_estimate": sizes})
    else:
        for problem in found:
            click.echo(str(problem))
        for trader_name, tokens in sizes.items():
            click.echo(f"{trader_name}: about {tokens} tokens for six coins", err=True)
    if found:
        raise SystemExit(1)


@prompt.command()
@click.argument("one")
@click.argument("other")
@click.option(
    "-c",
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    callback=named_main,
    help="Render on this configuration's market; ONE and OTHER may also be traders.",
)
@click.option("--trader", "trader_id", metavar="ID", help="Whose context; default: the first.")
@json_option
def diff(
    one: str, other: str, config_file: Path | None, trader_id: str | None, *, as_json: bool
) -> None:
    """Render two templates on the same context and show where the texts differ.

    ONE and OTHER are template files, rendered on an invented context or, with --config, on what a
    trader would see first. The exit code is 0 also where they differ.
    """
    from nof0_core.project import first_context, load_config
    from nof0_core.prompts.comparison import Variant, compared

    if config_file is None:
        if trader_id is not None:
            message = "--trader needs --config: a trader is part of a configuration"
            raise UsageError(message)
        variants = [Variant.of_file(Path(name)) for name in (one, other)]
        context = variants[0].book.sample_context()
    else:
        config = load_config(config_file)
        ids = [trader.id for trader in config.traders]
        variants = [_variant(config, name) for name in (one, other)]
        first = trader_id or next((name for name in (one, other) if name in ids), ids[0])
        context = anyio.run(first_context, config, first)
    result = compared(variants[0], variants[1], context)
    if as_json:
        print_json(
            {
                "is_equal": not result.lines,
                "digests": dict(zip((one, other), result.digests, strict=True)),
                "diff": "\n".join(result.lines),
            }
        )
        return
    colours = {} if "NO_COLOR" in os.environ else {"+": "green", "-": "red", "@": "cyan"}
    for line in result.lines:
        click.secho(line, fg=colours.get(line[:1]))
    for name, digest in zip((one, other), result.digests, strict=True):
        click.echo(f"{name}: {digest}", err=True)


def _variant(config: Config, name: str) -> Variant:
    """Return the pair of the trader of that name, else the template file.

    Raises:
        UsageError: it is neither.
    """
    from nof0_core.prompts.comparison import Variant

    for trader in config.traders:
        if trader.id == name:
            return Variant(name=name, book=_book(config, trader), is_pair=True)
    if not Path(name).exists():
        message = f'"{name}" is neither a trader of {config.file} nor a template file'
        traders = ", ".join(trader.id for trader in config.traders)
        raise UsageError(message, hints=(f"traders: {traders}",))
    return Variant.of_file(Path(name), _book(config, config.traders[0]))


def _book(config: Config, trader: TraderConfig, max_tokens: int | None = None) -> PromptBook:
    from nof0_core.runtime.preview import prompt_book

    return prompt_book(config, trader, max_tokens=max_tokens)


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
    if rendered.cut:
        click.echo(f"note: {rendered.cut}", err=True)
    click.echo(f"digest: {rendered.digest}", err=True)


def _facts(message: Message) -> dict[str, str | int]:
    """Return role and size; the estimate is explained in `nof0_core.prompts.figures.estimate`."""
    from nof0_core.prompts.figures import estimate

    size = len(message.content.encode())
    return {"role": message.role, "bytes": size, "tokens_estimate": estimate(message.content)}
