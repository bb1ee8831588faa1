"""Pieces of HTML that are used all over the page; names and reasons are never markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def table(head: Iterable[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> str:
    """Return a table of cells that are HTML; the first `words` columns are text, others digits."""
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = "".join(
        "<tr>"
        + "".join(
            f'<td class="t">{cell}</td>' if number < words else f"<td>{cell}</td>"
            for number, cell in enumerate(row)
        )
        + "</tr>\n"
        for row in rows
    )
    return f'<div class="wide"><table><tr>{names}</tr>\n{lines}</table></div>'


def bullets(lines: Iterable[str]) -> str:
    """Return sentences as a list."""
    return "<ul>" + "".join(f"<li>{escape(line)}</li>\n" for line in lines) + "</ul>"


def signed(value: float | None) -> str:
    """Return an amount with its sign, gains and losses told apart; nothing for None."""
    if value is None:
        return ""
    return f'<span class="{"down" if value < 0 else "up"}">{value:+.2f}</span>'


def between(interval: Sequence[float] | None) -> str:
    """Return an interval of confidence; nothing for None."""
    return "" if interval is None else f"{interval[0]:+.1f} … {interval[1]:+.1f}"


def money(amount: str) -> str:
    """Return an exact amount in cents."""
    return f"{float(amount):.2f}"
