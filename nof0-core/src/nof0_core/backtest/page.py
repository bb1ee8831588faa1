"""The report as one HTML page that needs nothing else: no script, no network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from itertools import pairwise
from typing import Any

Report = Mapping[str, Any]

_WIDTH, _HEIGHT, _EDGE = 960, 260, 56
_POINTS = 800
"""Most points of a line; more cannot be seen."""
_COLORS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#7f7f7f")
_STYLE = """
body{font:14px/1.45 system-ui,sans-serif;color:#222}
body{margin:2rem auto;max-width:1000px;padding:0 1rem}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}td,th{padding:.2rem .7rem;text-align:right}
td:first-child,th:first-child,td.t{text-align:left}tr:nth-child(even){background:#f4f4f4}
svg{width:100%;height:auto}text{font:11px system-ui,sans-serif;fill:#555}
code{font-size:12px;overflow-wrap:anywhere}.up{color:#17692b}.down{color:#a3211b}
"""


def page_of(report: Report) -> str:
    """Return the page of a report; equal reports give equal pages."""
    window, traders = report["window"], report["traders"]
    title = f"Backtest {window['from'][:16]} to {window['to'][:16]} UTC"
    parts = [
        f"<h1>{escape(title)}</h1>",
        "" if report["is_complete"] else f"<p><b>Incomplete: {escape(report['ended'])}</b></p>",
        _figures(traders, report["coins"]),
        "<h2>What one dollar became</h2>",
        _chart({one["name"]: _line(one, lambda _, index: index) for one in traders}),
        "<h2>Below the peak, in percent</h2>",
        _chart({one["name"]: _fall(one) for one in traders}),
        "<h2>Months, return in percent</h2>",
        _months(traders),
        *(_trader(one) for one in traders),
        "<h2>Assumed</h2>",
        _list(report["assumptions"]),
        "<h2>To know before believing a figure</h2>",
        _list([*report["flags"], _checked(report)]),
        "<h2>Digests (SHA-256)</h2>",
        _list(f"{name}: {digest}" for name, digest in sorted(report["digests"].items())),
    ]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    body = "\n".join(parts)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n{body}\n</body></html>\n'


def _checked(report: Report) -> str:
    found = report["look_ahead"]
    if found is None:
        return "not checked for look-ahead"
    return (
        f"no look-ahead found: {found['cycles_compared']} cycles compared at "
        f"{len(found['moments'])} moments"
    )


def _figures(traders: Sequence[Report], coins: Sequence[Report]) -> str:
    names = ("", "model", "return %", "95 %", "Sharpe (daily)", "drawdown %", "trades", "won %")
    rows = [
        [
            f"{escape(one['name'])}{' *' if one['is_baseline'] else ''}",
            escape(one["model"]),
            _signed(one["return_pct"]),
            _between(one["return_pct_ci"]),
            f"{one['sharpe_daily']:.2f}",
            f"{one['max_drawdown_pct']:.2f}",
            str(one["trades"]["count"]),
            f"{one['trades']['win_rate_pct']:.0f}" if one["trades"]["count"] else "",
            _money(one["fees"]),
            _money(one["funding"]),
            _money(one["inference_usd"]),
            f"{one['exposure_pct']:.1f}",
            _money(one["equity"]),
        ]
        for one in traders
    ]
    rows += [[f"hold {escape(one['coin'])}", "", _signed(one["return_pct"])] for one in coins]
    more = ("fees", "funding", "models USD", "in market %", "equity USD")
    return _table([*names, *more], rows) + "<p>* baseline</p>"


def _trader(one: Report) -> str:
    groups = (("coin", "by_coin"), ("side", "by_side"), ("exit", "by_exit_reason"))
    rows = [
        [
            f"{what}: {escape(label)}",
            str(part["count"]),
            f"{part['win_rate_pct']:.0f}",
            _money(part["gross_pnl"]),
            _money(part["fees"]),
            _money(part["funding"]),
            _signed(float(part["net_pnl"])),
            "" if part["profit_factor"] is None else f"{part['profit_factor']:.2f}",
        ]
        for what, key in groups
        for label, part in one[key].items()
    ]
    falls = [
        [f"{each['pct']:.2f}", each["start"][:16], each["low"][:16], (each["end"] or "")[:16]]
        for each in one["drawdowns"]
    ]
    head = ("", "trades", "won %", "gross USD", "fees", "funding", "net USD", "profit factor")
    text = f"<h2>{escape(one['name'])}</h2>"
    text += _table(head, rows) if rows else "<p>no closed trades</p>"
    if falls:
        text += _table(("drawdown %", "peak", "deepest", "back"), falls)
    return text


def _months(traders: Sequence[Report]) -> str:
    months = sorted({month for one in traders for month in one["by_month"]})
    rows = [
        [escape(one["name"]), *(_signed(one["by_month"].get(month)) for month in months)]
        for one in traders
    ]
    return _table(["", *months], rows)


Points = list[tuple[float, float]]


def _line(one: Report, value: Any) -> Points:
    points = [
        (datetime.fromisoformat(time).timestamp(), float(value(equity, index)))
        for time, equity, index in one["curve"]
    ]
    step = -(-len(points) // _POINTS)
    # The last point is always there.
    return points[::-1][::step][::-1] if step else points


def _fall(one: Report) -> Points:
    peak, found = 1.0, []
    for time, _, index in one["curve"]:
        peak = max(peak, index)
        found.append([time, 0, 100 * (index / peak - 1)])
    return _line({"curve": found}, lambda _, fall: fall)


def _chart(lines: Mapping[str, Points]) -> str:
    """Draw lines over time, with a legend."""
    everything = [point for line in lines.values() for point in line]
    if not everything:
        return "<p>nothing to draw</p>"
    first, last = min(t for t, _ in everything), max(t for t, _ in everything)
    low, high = min(v for _, v in everything), max(v for _, v in everything)
    wide, tall = max(last - first, 1.0), (high - low) or 1.0
    top = 18 * len(lines) // 4 + 30

    def at(time: float, value: float) -> str:
        x = _EDGE + (time - first) / wide * (_WIDTH - _EDGE)
        y = top + (high - value) / tall * _HEIGHT
        return f"{x:.1f},{y:.1f}"

    parts = []
    for number, (name, line) in enumerate(lines.items()):
        color = _COLORS[number % len(_COLORS)]
        spots = " ".join(at(*point) for point in line)
        parts.append(
            f'<polyline fill="none" stroke="{color}" stroke-width="1.5" points="{spots}"/>'
        )
        x, y = _EDGE + number % 4 * 220, 14 + number // 4 * 18
        parts.append(f'<text x="{x}" y="{y}" style="fill:{color}">{escape(name)}</text>')
    parts += _axis(low, high, top)
    height = top + _HEIGHT + 10
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img">{"".join(parts)}</svg>'


def _axis(low: float, high: float, top: int) -> Iterator[str]:
    marks = [low + (high - low) * part / 4 for part in range(5)]
    digits = 2 if all(abs(b - a) >= 0.01 for a, b in pairwise(marks)) else 4
    for part, mark in enumerate(marks):
        y = top + _HEIGHT * (4 - part) / 4
        yield f'<line x1="{_EDGE}" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
        yield f'<text x="0" y="{y + 4:.1f}">{mark:.{digits}f}</text>'


def _table(head: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = "".join(
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows
    )
    return f"<table><tr>{names}</tr>\n{lines}</table>"


def _list(lines: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(line)}</li>\n" for line in lines) + "</ul>"


def _signed(value: float | None) -> str:
    if value is None:
        return ""
    return f'<span class="{"down" if value < 0 else "up"}">{value:+.2f}</span>'


def _between(interval: Sequence[float] | None) -> str:
    return "" if interval is None else f"{interval[0]:+.1f} … {interval[1]:+.1f}"


def _money(amount: str) -> str:
    return f"{float(amount):.2f}"
