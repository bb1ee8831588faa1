"""Which days of a journal are archived, and so not among what is shown of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING

import click

from nof0_core.errors import JournalError

if TYPE_CHECKING:
    from nof0_core.project import JournalReader

RUNS = 3
"""So many stretches of days are named."""
STREAMS = 3
"""So many streams are named, more of them are counted."""


def away_text(
    place: JournalReader,
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

    try:
        found = place.archived(traders)
    except JournalError as error:
        return f"which days are archived, and so not shown, is not known: {error}"
    asked = [one for one in found if one.day >= since and one.last > after]
    days = {one.day for one in asked}
    whose = dict.fromkeys(one.stream for one in asked)
    if not days:
        return ""
    names = ", ".join(map(clean, whose)) if len(whose) <= STREAMS else f"{len(whose)} streams"
    return f"archived, and so not shown: {_runs(sorted(days))} of {names}"


def tell_away(text: str) -> None:
    """Write what `away_text` said beside the output, which programs may read."""
    if text:
        click.echo(f"note: {text}", err=True)


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
