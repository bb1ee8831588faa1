"""`nof0 journal tail`: the newest records, and those that come."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nof0_core.cli.options import run_argument
from nof0_core.errors import UsageError
from nof0_core.project import open_journal

if TYPE_CHECKING:
    from nof0_core.project import JournalReader, Record

LOOKS_APART = 0.5
"""Seconds from one look for new records to the next."""
_NUMBER, _TIME, _TYPE = 6, 19, 16


@click.command(short_help="Show the newest records, and follow those that come.")
@run_argument
@click.option(
    "-n", "--lines", type=click.IntRange(min=0), default=10, show_default=True, help="Newest N."
)
@click.option("-f", "--follow", is_flag=True, help="Go on with what is written, until Ctrl-C.")
@click.option("--trader", "traders", multiple=True, help="Only this trader; may be repeated.")
@click.option("--type", "types", multiple=True, help="Only this type of event; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print the records as they are, one a line.")
def tail(
    config_file: Path,
    data_dir: Path | None,
    lines: int,
    traders: tuple[str, ...],
    types: tuple[str, ...],
    *,
    follow: bool,
    as_json: bool,
) -> None:
    """Show the newest records, oldest first, and with -f those that come, as they come."""
    from nof0_core.domain.event import BODIES

    place = open_journal(config_file, data_dir=data_dir)
    check_known("--trader", traders, place.streams())
    check_known("--type", types, BODIES)
    newest: deque[Record] = deque(maxlen=lines)
    last = 0
    for record in place.records(traders=traders, types=types):
        newest.append(record)
        last = record.seq
    _show(place, newest, types, as_json=as_json)
    while follow:
        time.sleep(LOOKS_APART)  # noqa: TID251 - nothing else goes on in this process
        found = list(place.records(traders=traders, types=types, after=last))
        if found:
            last = found[-1].seq
            _show(place, found, types, as_json=as_json)


def _show(
    place: JournalReader, records: Collection[Record], types: Collection[str], *, as_json: bool
) -> None:
    from nof0_core.cli.journal_text import lines_of
    from nof0_core.cli.output import screen_width

    if as_json:
        for record in records:
            click.echo(record.line)
        return
    streams = max((len(one) for one in place.streams()), default=0)
    events = place.joined([record.event() for record in records])
    widest = max(map(len, types), default=_TYPE)
    least: Sequence[int] = (_NUMBER, _TIME, streams, widest)
    for line in lines_of(events, screen_width(), least=least, is_headed=False):
        click.echo(line)


def check_known(option: str, words: tuple[str, ...], known: Collection[str]) -> None:
    """Refuse a word for an option that the journal does not know.

    Raises:
        UsageError: with what was meant, or all words it knows.
    """
    for word in words:
        if word not in known:
            near = get_close_matches(word, known, n=1)
            message = f'{option}: the journal knows no "{word}"'
            ask = f'did you mean "{near[0]}"?' if near else f"it knows {', '.join(sorted(known))}"
            if "," in word:
                ask = f"one word each: {' '.join(f'{option} {one}' for one in word.split(','))}"
            raise UsageError(message, hints=[ask])
