"""The report as one HTML page that needs nothing else: it fetches nothing and sends nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

import attrs

from nof0_core.backtest.assumptions import checked_in_words
from nof0_core.backtest.decisions import DecisionNote
from nof0_core.backtest.page.drawn import as_text, drawn
from nof0_core.backtest.page.parts import bullets
from nof0_core.backtest.page.tables import decisions, falls, figures, groups, heatmap, still_open
from nof0_core.backtest.price_bars import PriceBars
from nof0_core.charts import chart_libraries
from nof0_core.domain.trade import ClosedTrade

Report = Mapping[str, Any]

_DAYS = 62
"""Returns are shown by day up to so many of them, else by month."""


@attrs.frozen(kw_only=True)
class PageMaterial:
    """What the page shows beside what the report says.

    `trades` have the number of their trader in the report and its market section, `decisions` by
    trader the newest and how many there were.
    """

    bars: Sequence[PriceBars] = ()
    trades: Sequence[tuple[int, str, ClosedTrade]] = ()
    decisions: Mapping[str, tuple[Sequence[DecisionNote], int]] = attrs.field(factory=dict)


def page_of(report: Report, material: PageMaterial) -> str:
    """Return the page of a report; equal reports and material give equal pages."""
    window, traders = report["window"], report["traders"]
    title = f"Backtest {window['from'][:16]} to {window['to'][:16]} UTC"
    days = {day for one in traders for day in one["by_day"]}
    period = "by_day" if len(days) <= _DAYS else "by_month"
    data = drawn(window["from"], traders, material.bars, material.trades)
    parts = [
        f"<h1>{escape(title)}</h1>",
        "" if report["is_complete"] else f"<p><b>Incomplete: {escape(report['ended'])}</b></p>",
        figures(traders, report["coins"]),
        "<noscript><p>The charts need JavaScript, which runs from this file alone.</p></noscript>",
        _charts(traders, data),
        f"<h2>{'Days' if period == 'by_day' else 'Months'}, return in percent</h2>",
        heatmap(traders, period),
        *(_trader(one, material) for one in traders),
        "<h2>Assumed</h2>",
        bullets(report["assumptions"]),
        "<h2>To know before believing a figure</h2>",
        bullets([*report["flags"], _checked(report)]),
        "<h2>Digests (SHA-256)</h2>",
        bullets(f"{name}: {digest}" for name, digest in sorted(report["digests"].items())),
        "<p class=small>Charts: uPlot 1.6.32, © 2022 Leon Sorokin, MIT licence.</p>",
    ]
    return _document(title, "\n".join(parts), as_text(data))


def _document(title: str, body: str, data: str) -> str:
    libraries, own = chart_libraries(), files("nof0_core.backtest.page")
    style = libraries["uplot/uPlot.min.css"].decode() + own.joinpath("report.css").read_text()
    scripts = [libraries["uplot/uPlot.iife.min.js"].decode(), own.joinpath("report.js").read_text()]
    # Nothing runs but these two, whatever a name or a reason holds, and nothing is fetched.
    allowed = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {allowed}"
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{style}</style>"
    )
    tail = f'<script type="application/json" id="data">{data}</script>\n' + "\n".join(
        f"<script>{script}</script>" for script in scripts
    )
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n{body}\n{tail}\n'
        "</body></html>\n"
    )


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _charts(traders: Sequence[Report], data: Mapping[str, Any]) -> str:
    hours = max((one["rolling_sharpe"]["hours"] for one in traders), default=0)
    shown = [("index", "What one dollar became"), ("fall", "Below the peak, in percent")]
    if hours:
        shown.append(("sharpe", f"Sharpe ratio (daily) of the last {hours} hours"))
    lines = "".join(
        f'<h2>{escape(name)}</h2><div class="chart" id="{key}"></div>' for key, name in shown
    )
    left_out = data["trades_left_out"]
    note = f"<p>The oldest {left_out} trades are not marked.</p>" if left_out else ""
    return (
        f"{lines}<h2>Trades on price</h2>"
        '<p class="picks"><label>Coin <select id="coin"></select></label> '
        '<label>Trader <select id="trader"></select></label></p>'
        '<div class="chart" id="price"></div><p class="small" id="trade">'
        f"Triangles are entries (up: long), dots are exits.</p>{note}"
    )


def _trader(one: Report, material: PageMaterial) -> str:
    notes, count = material.decisions.get(str(one["id"]), ((), 0))
    told = (groups(one), still_open(one), falls(one), decisions(notes, count))
    return f"<h2>{escape(one['name'])}</h2>" + "".join(told)


def _checked(report: Report) -> str:
    found = report["look_ahead"]
    if found is None:
        return "not checked for look-ahead"
    return checked_in_words(len(found["moments"]), found["cycles_compared"])
