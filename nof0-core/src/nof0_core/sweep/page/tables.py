"""The tables of the page of a sweep."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

from nof0_core.backtest.page.parts import signed, table
from nof0_core.sweep.comparison import SweepEntry, SweepRow
from nof0_core.sweep.page.names import ordered, short_names, told
from nof0_core.sweep.result import SweepResult
from nof0_core.sweep.scoring import goodness

SHOWN = 200
"""Variants of the comparison that are shown; the file has all."""
_MAPS = 6
_SIDE = 40
"""A heatmap has at most so many lines and columns."""


def comparison(result: SweepResult) -> str:
    """Return one line for each variant and trader, the best first."""
    names = short_names(result.columns)
    head = (
        *names.values(), "trader", f"mean {result.objective}",
        "± between runs", "return %", "net of models %", "Sharpe (daily)", "drawdown %", "trades",
        "runs", "not by luck",
    )  # fmt: skip
    rows = [
        [
            *(escape(value) for _, value in one.labels),
            escape(one.trader),
            f"<b>{one.mean:+.3f}</b>",
            "" if one.spread is None else f"{one.spread:.3f}",
            signed(one.figures["return_pct"]),
            signed(one.figures["net_return_pct"]),
            f"{one.figures['sharpe_daily']:.2f}",
            f"{one.figures['max_drawdown_pct']:.2f}",
            f"{one.figures['trades']:.1f}",
            str(one.runs),
            "" if one.deflated is None else f"{100 * one.deflated:.0f} %",
        ]
        for one in result.entries[:SHOWN]
    ]
    more = len(result.entries) - SHOWN
    note = f"<p>{more} more are in results.parquet.</p>" if more > 0 else ""
    return table(head, rows, words=len(result.columns) + 1) + note


def folds(result: SweepResult) -> str:
    """Return what was chosen step by step, and what came of it afterwards."""
    rows = [
        [
            str(one.number),
            escape(one.chosen),
            one.train_window,
            f"{one.train:+.3f}",
            one.test_window,
            "no result" if one.test is None else f"{one.test:+.3f}",
            signed(one.test_return_pct),
        ]
        for one in result.folds
    ]
    name = result.objective
    head = ("", "chosen", "on", f"{name} then", "judged on", f"{name} after", "return % after")
    told = [one.test_return_pct for one in result.folds if one.test_return_pct is not None]
    whole = 100 * (_product(told) - 1)
    note = f"<p>All tests, one after the other: {signed(whole)} percent.</p>" if told else ""
    return table(head, rows, words=3) + note


def treatments(result: SweepResult) -> str:
    """Return the mean of every treatment with every model, where models are varied."""
    return cross(
        result.entries,
        objective=result.objective,
        across="model",
        lines=[name for name in result.columns if name != "model"],
        names=short_names(result.columns),
    )


def heatmaps(result: SweepResult) -> Iterator[tuple[str, str]]:
    """Yield title and table of the mean for pairs of what is varied, the first ones."""
    varied = [
        name
        for name in result.columns
        if 1 < len({dict(one.labels)[name] for one in result.entries}) <= _SIDE
    ]
    names, wanted = short_names(result.columns), result.objective
    if len(varied) == 1:
        [one] = varied
        found = cross(result.entries, objective=wanted, across=one, lines=["trader"], names=names)
        yield names[one], found
    for one, other in itertools.islice(itertools.combinations(varied, 2), _MAPS):
        found = cross(result.entries, objective=wanted, across=other, lines=[one], names=names)
        yield f"{names[one]} × {names[other]}", found


def cross(
    entries: Sequence[SweepEntry],
    *,
    objective: str,
    across: str,
    lines: Sequence[str],
    names: Mapping[str, str],
) -> str:
    """Return means by what is in `lines` and, side by side, `across`.

    The better half of what is shown is green, the other one red.
    """
    cells: dict[tuple[str, str], list[float]] = {}
    for one in entries:
        labels = {**dict(one.labels), "trader": one.trader}
        line = labels[lines[0]] if len(lines) == 1 else told([(n, labels[n]) for n in lines], names)
        cells.setdefault((line, labels.get(across, "")), []).append(one.mean)
    means = {key: statistics.fmean(values) for key, values in cells.items()}
    downs = ordered({line for line, _ in means})
    sides = ordered({side for _, side in means})
    low, high = min(means.values(), default=0.0), max(means.values(), default=0.0)
    body = "".join(
        f'<tr><td class="t">{escape(line)}</td>'
        + "".join(_warm(means.get((line, side)), low, high, objective) for side in sides)
        + "</tr>\n"
        for line in downs[:SHOWN]
    )
    head = "".join(f"<th>{escape(each)}</th>" for each in ("", *sides))
    return f'<div class="wide"><table class="heat"><tr>{head}</tr>\n{body}</table></div>'


def coins(held: Mapping[str, Mapping[str, float]]) -> str:
    """Return what holding each coin made, by window."""
    names = ordered({name for each in held.values() for name in each})
    rows = [
        [escape(window), *(signed(each.get(name)) for name in names)]
        for window, each in held.items()
    ]
    return table(("hold, %", *names), rows)


def failures(result: SweepResult) -> str:
    """Return the jobs without a result, each with its error."""
    names = short_names(result.columns)
    rows = [
        [
            escape(told(one.labels, names)),
            escape(one.where),
            escape(one.status),
            escape(one.error),
        ]
        for one in result.failures[:SHOWN]
    ]
    more = len(result.failures) - SHOWN
    note = f"<p>and {more} more, in jobs/.</p>" if more > 0 else ""
    return table(("variant", "on", "", "why"), rows, words=4) + note


def controls(rows: Iterable[SweepRow]) -> bool:
    """Tell whether any trader is a yardstick."""
    return any(row.figures["is_baseline"] for row in rows)


def _warm(value: float | None, low: float, high: float, objective: str) -> str:
    if value is None:
        return "<td></td>"
    middle, half = (low + high) / 2, (high - low) / 2
    share = (goodness(objective, value) - goodness(objective, middle)) / half if half else 0.0
    color = "23,105,43" if share >= 0 else "163,33,27"
    # Never darker than text can be read on.
    return f'<td style="background:rgba({color},{0.45 * abs(share):.2f})">{value:+.3f}</td>'


def _product(percents: Iterable[float]) -> float:
    found = 1.0
    for each in percents:
        found *= 1 + each / 100
    return found
