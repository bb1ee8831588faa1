"""`nof0 tape`: look into tapes and put them together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from nof0_llm.tape.entry import Entry
    from nof0_llm.tape.file import TapeFile

SHORT = 12
"""Characters of a digest that are shown."""

_tape = click.argument("tape_file", metavar="TAPE", type=click.Path(path_type=Path))
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")


@click.group()
def tape() -> None:
    """Show and merge recorded answers."""


@tape.command("list")
@_tape
@_json
def list_(tape_file: Path, *, as_json: bool) -> None:
    """List the questions on TAPE with what came of them and what that took."""
    from nof0_llm.tape.file import reading

    with reading(tape_file) as opened:
        rows, about = [_row(entry) for entry in opened.entries()], opened.about
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    if about:
        click.echo(about)
    for row in rows:
        took = f"{row['tokens']:>8} tokens  {row['cost_usd']:>10} USD  {row['latency_s']:>8.2f} s"
        click.echo(f"{row['digest'][:SHORT]}  {took}  {row['outcome']:<14} {row['model']}")
    failed = sum(row["outcome"] != "completion" for row in rows)
    click.echo(f"{len(rows)} questions, {failed} of them without a completion")


@tape.command()
@_tape
@click.argument("digest")
@_json
def show(tape_file: Path, digest: str, *, as_json: bool) -> None:
    """Show one question of TAPE and its answer; DIGEST may be cut short."""
    import msgspec

    from nof0_llm.tape.file import reading

    with reading(tape_file) as opened:
        entry = _one(opened, digest)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(entry), indent=2).decode())
        return
    click.echo(f"question  {entry.digest}")
    click.echo(f"model     {entry.model.get('name', '')}  {json.dumps(dict(entry.parameters))}")
    for message in entry.messages:
        click.secho(f"--- {message.role}", bold=True)
        click.echo(message.content)
    row = _row(entry)
    click.secho(f"--- {row['outcome']}", bold=True)
    if entry.failure is not None:
        click.echo(entry.failure.message)
    if entry.completion is not None:
        click.echo(entry.completion.text or _decisions(entry))
        if entry.completion.chain_of_thought:
            click.secho("--- chain of thought", bold=True)
            click.echo(entry.completion.chain_of_thought)
    click.secho("---", bold=True)
    click.echo(f"{row['tokens']} tokens  {row['cost_usd']} USD  {row['latency_s']:.2f} s")


@tape.command()
@click.argument(
    "tapes", metavar="TAPE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="The new tape."
)
@_json
def merge(tapes: tuple[Path, ...], output: Path, *, as_json: bool) -> None:
    """Put tapes together into a new one; of different answers the first one named is taken."""
    from nof0_llm.tape.merging import merge as merge_

    merged = merge_(tapes, output)
    if as_json:
        found = {
            "entries": merged.entries,
            "repeated": merged.repeated,
            "conflicts": list(merged.conflicts),
        }
        click.echo(json.dumps(found, indent=2))
        return
    click.echo(f"{merged.entries} questions written to {output}, {merged.repeated} repeated")
    for digest in merged.conflicts:
        click.echo(
            f"note: {digest[:SHORT]} was answered differently; the first was taken", err=True
        )


def _row(entry: Entry) -> dict[str, Any]:
    from nof0_core.domain.model import usage_of

    usage = usage_of(entry.calls)
    if not entry.calls and entry.completion is not None:
        usage = entry.completion.usage
    return {
        "digest": entry.digest,
        "model": entry.model.get("name", ""),
        "outcome": "completion" if entry.failure is None else entry.failure.kind,
        "tokens": usage.tokens,
        "cost_usd": str(usage.cost_usd),
        "latency_s": entry.latency_s,
    }


def _decisions(entry: Entry) -> str:
    import msgspec

    found = entry.completion.decisions if entry.completion is not None else None
    return msgspec.json.format(msgspec.json.encode(found or ()), indent=2).decode()


def _one(opened: TapeFile, digest: str) -> Entry:
    from nof0_core.errors import UsageError

    found = [entry for entry in opened.entries() if entry.digest.startswith(digest.lower())]
    if len(found) != 1:
        message = (
            f"there is no question {digest} on {opened.path}"
            if not found
            else f"{digest} fits {len(found)} questions: write more of it"
        )
        raise UsageError(message, hints=(f"nof0 tape list {opened.path}",))
    return found[0]
