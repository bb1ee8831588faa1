"""The tables of the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from html import escape
from typing import Any

from nof0_core.backtest.decisions import MOST, DecisionNote
from nof0_core.backtest.page.parts import between, money, signed, table

Report = Mapping[str, Any]

_STRONG = 5.0
"""Percent a period must have moved to be shown in full color."""


def figures(traders: Sequence[Report], coins: Sequence[Report]) -> str:
    """Return one line for each trader, and what holding each coin made."""
    names = ("", "return %", "95 %", "Sharpe (daily)", "Sharpe 95 %")
    more = (
        "drawdown %",
        "trades",
        "won %",
        "fees",
        "funding",
        "models USD",
        "long %",
        "short %",
        "moved USD",
        "equity USD",
        "model",
    )
    rows = [
        [
            f"{escape(one['name'])}{' *' if one['is_baseline'] else ''}",
            signed(one["return_pct"]),
            between(one["return_pct_ci"]),
            "" if one["sharpe_daily_ci"] is None else f"{one['sharpe_daily']:.2f}",
            between(one["sharpe_daily_ci"]),
            f"{one['max_drawdown_pct']:.2f}",
            str(one["trades"]["count"]),
            f"{one['trades']['win_rate_pct']:.0f}" if one["trades"]["count"] else "",
            money(one["fees"]),
            money(one["funding"]),
            money(one["inference_usd"]),
            *(f"{one[key]:.1f}" for key in ("long_pct", "short_pct")),
            _moved(one),
            money(one["equity"]),
            escape(one["model"]),
        ]
        for one in traders
    ]
    rows += [[f"hold {escape(one['coin'])}, no costs", signed(one["return_pct"])] for one in coins]
    return table([*names, *more], rows) + "<p>* baseline</p>"


def groups(one: Report) -> str:
    """Return a trader's trades by coin, side and reason of exit."""
    parts = (("coin", "by_coin"), ("side", "by_side"), ("exit", "by_exit_reason"))
    rows = [
        [
            f"{what}: {escape(label)}",
            str(part["count"]),
            f"{part['win_rate_pct']:.0f}",
            money(part["gross_pnl"]),
            money(part["fees"]),
            money(part["funding"]),
            signed(float(part["net_pnl"])),
            "" if part["profit_factor"] is None else f"{part['profit_factor']:.2f}",
        ]
        for what, key in parts
        for label, part in one[key].items()
    ]
    head = ("", "trades", "won %", "gross USD", "fees", "funding", "net USD", "profit factor")
    return table(head, rows) if rows else "<p>no closed trades</p>"


def still_open(one: Report) -> str:
    """Return what a trader held at the end, which is in no closed trade."""
    held = one["open_positions"]
    if not held:
        return ""
    each = ", ".join(f"{p['quantity']} {p['coin']} at {p['entry_price']}" for p in held)
    profit = money(one["unrealized_pnl"])
    return f"<p>Open at the end: {escape(each)}; together {profit} USD before fees.</p>"


def falls(one: Report) -> str:
    """Return a trader's five worst drawdowns."""
    rows = [
        [f"{each['pct']:.2f}", each["start"][:16], each["low"][:16], (each["end"] or "")[:16]]
        for each in one["drawdowns"]
    ]
    return table(("drawdown %", "peak", "deepest", "back"), rows, words=0) if rows else ""


def heatmap(traders: Sequence[Report], key: str) -> str:
    """Return the returns of each trader by period, gains green and losses red."""
    periods = sorted({period for one in traders for period in one[key]})
    lines = "".join(
        f'<tr><td class="t">{escape(one["name"])}</td>'
        + "".join(_warm(one[key].get(period)) for period in periods)
        + "</tr>\n"
        for one in traders
    )
    names = "".join(f"<th>{period}</th>" for period in ("", *periods))
    return f'<div class="wide"><table class="heat"><tr>{names}</tr>\n{lines}</table></div>'


def _moved(one: Report) -> str:
    """Return the capital that was moved in or out after the start: in equity, in no return."""
    moved = Decimal(one["deposited"]) - Decimal(one["capital"])
    return f"{moved:+.2f}" if moved else ""


def _warm(pct: float | None) -> str:
    if pct is None:
        return "<td></td>"
    share = min(1.0, abs(pct) / _STRONG)
    color = "23,105,43" if pct >= 0 else "163,33,27"
    # Never darker than text can be read on.
    return f'<td style="background:rgba({color},{0.45 * share:.2f})">{pct:+.2f}</td>'


def decisions(notes: Sequence[DecisionNote], count: int) -> str:
    """Return a trader's newest decisions with their reasons; `count` is how many there were."""
    if not notes:
        return ""
    rows = [
        [
            f"{note.time:%Y-%m-%d %H:%M}",
            escape(str(note.symbol)),
            str(note.signal).replace("_", " "),
            "" if note.size_usd is None else f"{note.size_usd:.0f}",
            "" if note.confidence is None else f"{note.confidence:.0f}",
            *_ruled(note),
        ]
        for note in notes
    ]
    told = "all" if count <= MOST else f"the last {len(notes)} of {count}; the journal has all"
    head = ("time", "coin", "decision", "USD", "confidence", "verdict", "reason")
    inner = table(head, rows, words=7)
    return f"<details><summary>Decisions ({told})</summary>{inner}</details>"


def _ruled(note: DecisionNote) -> Iterable[str]:
    verdict = escape(note.verdict)
    yield verdict if note.is_approved else f'<span class="down">vetoed: {verdict}</span>'
    yield escape(note.reasoning)
