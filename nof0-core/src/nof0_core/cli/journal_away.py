"""Which days of a journal are archived, and so not among what is shown of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING

import click

from nof0_core.cli.journal_place import Source
from nof0_core.errors import JournalError
from nof0_core.ids import TraderId

if TYPE_CHECKING:
    from nof0_core.journal.days import Day

RUNS = 3
"""So many stretches of days are named."""
STREAMS = 3
"""So many streams are named, more of them are counted."""


def away_text(
    place: Source,
    *,
    traders: Iterable[str] = (),
    since: date = date.min,
    after: int = 0,
) -> str:
    """Say in one line which archived days are not looked into; empty where there are none.

    Args:
        place: the journal.
        traders: streams that are asked for; none: all.
        since: days before this one (UTC) are not asked for.
        after: nor is a day without a record above this number.
    """
    from nof0_core.cli.journal_text import clean
    from nof0_core.journal.days import read_days
    from nof0_core.journal.places import streams
    from nof0_core.journal.tally import away

    try:
        listed = read_days(place.root) or {}
    except JournalError as error:
        return f"which days are archived, and so not shown, is not known: {error}"
    places = streams(place.root, place.elsewhere)
    days: set[date] = set()
    whose: dict[TraderId, None] = {}
    chosen = set(traders)
    for stream, of in sorted(listed.items()):
        if chosen and stream not in chosen:
            continue
        asked = {day: entry for day, entry in of.items() if _is_asked(day, entry, since, after)}
        directory = places.get(stream, place.root / stream)
        missing = {entry for _, entry in away({stream: asked}, {stream: directory})}
        found = {day for day, entry in asked.items() if entry in missing}
        if found:
            days |= found
            whose[stream] = None
    if not days:
        return ""
    names = ", ".join(map(clean, whose)) if len(whose) <= STREAMS else f"{len(whose)} streams"
    return f"archived, and so not shown: {_runs(sorted(days))} of {names}"


def tell_away(text: str) -> None:
    """Write what `away_text` said beside the output, which programs may read."""
    if text:
        click.echo(f"note: {text}", err=True)


def _is_asked(day: date, entry: Day, since: date, after: int) -> bool:
    return day >= since and entry.last > after


def _runs(days: list[date]) -> str:
    """Write ascending days, each stretch of them by its ends."""
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    words = [f"{run[0]} to {run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs[:RUNS]]
    left = sum(map(len, runs[RUNS:]))
    return ", ".join(words) + (f" and {left} more days" if left else "")
