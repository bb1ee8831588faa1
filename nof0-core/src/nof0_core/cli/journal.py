"""`nof0 journal`: look into the record of everything that happened, and prove that it is whole."""

from __future__ import annotations

import json
from collections import deque
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from nof0_core.cli.journal_away import away_text, tell_away
from nof0_core.cli.journal_days import archive, du
from nof0_core.cli.journal_tail import check_known, tail
from nof0_core.cli.options import run_argument
from nof0_core.errors import Nof0Error, UsageError
from nof0_core.project import open_journal

if TYPE_CHECKING:
    from nof0_core.domain.event import CycleEnded, Decided
    from nof0_core.journal import Anchor
    from nof0_core.project import JournalReader, Record


@click.group()
def journal() -> None:
    """Look into the journal: every decision, order and fill.

    CONFIG is the main configuration file of a run, DIR its data directory (or the journal in it).
    Without either it is that of etc/nof0.yaml.
    All but `archive` only read, and may be used while the engine runs.
    """


journal.add_command(archive)
journal.add_command(du)
journal.add_command(tail)


@journal.command("list")
@run_argument
@click.option(
    "--trader", "traders", multiple=True, help="Only this trader (or @engine). May be given again."
)
@click.option("--type", "types", multiple=True, help="Only this type of event: filled, alert, …")
@click.option("--since", help="Only from this time on, UTC: 2025-07-14 or 2025-07-14T08:00.")
@click.option(
    "--limit", type=click.IntRange(min=0), default=50, show_default=True, help="Newest N; 0: all."
)
@click.option("--json", "as_json", is_flag=True, help="Print the records as they are, one a line.")
def list_(
    config_file: Path,
    data_dir: Path | None,
    *,
    traders: tuple[str, ...],
    types: tuple[str, ...],
    since: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List records, oldest first."""
    from nof0_core.domain.event import BODIES

    place = open_journal(config_file, data_dir=data_dir)
    check_known("--trader", traders, place.streams())
    check_known("--type", types, BODIES)
    start = _moment(since) if since else None
    found = place.records(traders=traders, types=types, since=start)
    chosen = deque(found, maxlen=limit) if limit else found
    # What is older than as many records as were wanted would not be shown anyway.
    oldest = chosen[0].seq if isinstance(chosen, deque) and len(chosen) == limit else 0
    since_day = start.astimezone(UTC).date() if start else date.min
    missing = away_text(place, traders=traders, since=since_day, after=oldest)
    if as_json:
        for record in chosen:
            click.echo(record.line)
        tell_away(missing)
        return
    from nof0_core.cli.journal_text import lines_of
    from nof0_core.cli.output import screen_width

    events = place.joined([record.event() for record in chosen])
    for line in lines_of(events, screen_width()):
        click.echo(line)
    tell_away(missing)


@journal.command(short_help="Show all of one record or cycle.")
@run_argument
@click.argument("record", metavar="SEQ|CYCLE")
@click.option("--json", "as_json", is_flag=True, help="Print the record as it is, one line.")
def show(config_file: Path, data_dir: Path | None, record: str, *, as_json: bool) -> None:
    """Show all of one record: prompts, answer, decisions with verdicts, orders, fills.

    SEQ is the number of a record, CYCLE the identifier of a decision cycle (or its beginning, at
    least 8 characters).
    """
    from nof0_core.domain.event import CycleEnded, Decided

    place = open_journal(config_file, data_dir=data_dir)
    found = _find(place, record)
    missing = away_text(place)
    if as_json:
        click.echo(found.line)
        if not record.isdecimal():
            tell_away(missing)  # another cycle may begin like this
        return
    from rich.console import Console

    from nof0_core.cli.journal_text import document_of

    console = Console()
    try:
        body = place.whole(found.event()).body
    except Nof0Error:
        tell_away(missing)
        raise
    # What goes into a file keeps its lines as they are.
    console.print(document_of(found, body), soft_wrap=not console.is_terminal)
    is_all = record.isdecimal()
    if isinstance(body, CycleEnded | Decided):
        seq = _market_of(place, body)
        if seq is not None:
            click.echo(f"\nthe market it was decided on: record {seq}")
        is_all = is_all and seq is not None
    if not is_all:
        tell_away(missing)


@journal.command(short_help="Prove that nothing was changed.")
@run_argument
@click.option("--anchor", help="Number and hash of a record noted before: SEQ:HASH.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def verify(config_file: Path, data_dir: Path | None, anchor: str | None, *, as_json: bool) -> None:
    """Check every byte; exit with 1 and name the records if anything was changed or is missing.

    Closed days are compared with journal/days.json, the ends of streams with what was safe on disk
    by manager_state.json, where these are found: a lost day or an end that was cut off is noticed.
    --anchor takes a note of your own instead.
    """
    from nof0_core.journal import verify as check
    from nof0_core.journal.gaps import text
    from nof0_core.runtime.state_file import StateFile

    place = open_journal(config_file, data_dir=data_dir)
    noted = _anchor(anchor) if anchor else StateFile(place.state_file).anchor()
    report = check(place.root, place.elsewhere, anchor=noted)
    if as_json:
        result = attrs.asdict(report) | {"ok": report.ok}
        click.echo(json.dumps(result))
    else:
        for fault in report.faults:
            click.echo(str(fault))
        for first, last in report.lost:
            click.echo(f"note: {text(first, last)} lost in a power failure, as the journal says")
        for day in report.away:
            click.echo(f"note: {day}: not looked into")
        newest = f", newest {report.last[0]}:{report.last[1]}" if report.last else ""
        verdict = "ok" if report.ok else f"DAMAGED, {len(report.faults)} faults"
        click.echo(
            f"{place.root}: {report.records} records in {len(report.streams)} streams: "
            f"{verdict}{newest}"
        )
    if not report.ok:
        click.get_current_context().exit(1)


def _find(place: JournalReader, word: str) -> Record:
    if word.isdecimal() and len(word) < 19:
        found = place.record(int(word))
        if found is not None:
            return found
        message = f"there is no record {word}"
        raise UsageError(message, hints=_elsewhere(place, after=int(word) - 1))
    if len(word) < 8:
        message = f'"{word}" is neither the number of a record nor 8 characters of a cycle'
        raise UsageError(message)
    needle = f'"cycle":"{word.lower()}'.encode()
    matches = [r for r in place.records(types=("cycle",)) if needle in bytes(r.data)] or [
        r for r in place.records(types=("decided",)) if needle in bytes(r.data)
    ]
    if len(matches) == 1:
        return matches[0]
    if matches:
        numbers = ", ".join(str(r.seq) for r in matches[:10])
        message = f'"{word}" fits {len(matches)} cycles: records {numbers}'
    else:
        sent = [r.seq for r in place.records(types=("order_intended",)) if needle in bytes(r.data)]
        orders = f", only its orders: records {', '.join(map(str, sent))}" if sent else ""
        message = f"there is no record of a cycle {word}{orders}"
    raise UsageError(message, hints=_elsewhere(place))


def _elsewhere(place: JournalReader, *, after: int = 0) -> list[str]:
    """Return where what is not here may be."""
    missing = away_text(place, after=after)
    return [missing] if missing else []


def _market_of(place: JournalReader, cycle: CycleEnded | Decided) -> int | None:
    needle = f'"digest":"{cycle.market}"'.encode()
    seen = (r.seq for r in place.records(types=("market",)) if needle in bytes(r.data[:1000]))
    return next(seen, None)


def _moment(word: str) -> datetime:
    try:
        time = datetime.fromisoformat(word)
    except ValueError:
        message = f'--since: not a time: "{word}" (write 2025-07-14 or 2025-07-14T08:00)'
        raise UsageError(message) from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _anchor(word: str) -> Anchor:
    from nof0_core.journal import Anchor

    seq, _, digest = word.partition(":")
    if not seq.isdecimal() or len(digest) != 64:
        message = "--anchor: write the number of a record, a colon and its hash (64 characters)"
        raise UsageError(message)
    return Anchor(last=(int(seq), digest.lower()))
