"""`nof0 check --online`: what sections find when they look around before a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from nof0_core.cli.output import columns, console, print_json

if TYPE_CHECKING:
    from nof0_core.config.model import Config
    from nof0_core.project import SectionFindings

PROBLEM = 2


def check_online(config: Config, *, facts: dict[str, Any] | None, lines: Sequence[str]) -> None:
    """Let all sections look around, and show what `check` shows with what they found.

    `facts` is what is printed as JSON; None: `lines` are printed. Exits with 2 on a problem.
    """
    import anyio

    from nof0_core.project import look_online
    from nof0_core.runtime.leaving import leave

    async def look() -> int:
        if facts is None:
            click.echo("\n".join([*lines, "", "online:"]))
        found = await look_online(config)
        code = PROBLEM if any(one.has_problem for one in found) else 0
        if facts is None:
            screen = console()
            click.echo("\n".join(table(found, screen.width if screen.is_terminal else None)))
        else:
            print_json({**facts, "ok": not code, "online": [_row(one) for one in found]})
        if any(one.is_left_behind for one in found):
            # The event loop would wait for it for ever.
            leave(code)
        return code

    code = anyio.run(look)
    if code:
        raise click.exceptions.Exit(code)


def table(found: Sequence[SectionFindings], width: int | None) -> list[str]:
    """Lay out what was found, in lines of so many letters; None: a line for each finding."""
    rows = []
    for one in found:
        name = f"{one.family} {one.section}"
        rows += [(name, str(each.level), each.sentence) for each in one.findings]
        if not one.findings:
            rows.append((name, "–", "not looked at: its kind has no online check"))
    return columns(rows, indent="  ", width=width)


def _row(one: SectionFindings) -> dict[str, Any]:
    return {
        "family": one.family,
        "section": one.section,
        "place": one.place,
        "findings": [
            {"level": str(each.level), "sentence": each.sentence} for each in one.findings
        ],
    }
