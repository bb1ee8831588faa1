"""The tables of the page of a sweep."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

from nof0_core.backtest.page.parts import signed, table
from nof0_core.sweep.comparison import Entry, Row
from nof0_core.sweep.result import SweepResult
from nof0_core.sweep.scoring import goodness

SHOWN = 200
"""Variants of the comparison that are shown; the file has all."""
_MAPS = 6
_SIDE = 40
"""A heatmap has at most so many lines and columns."""


def comparison(result: SweepResult) -> str:
    """Return one line for each variant and trader, the best first."""
    head = (
        *(_short(name) for name in result.columns), "trader", f"mean {result.objective}",
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
    )


def heatmaps(result: SweepResult) -> Iterator[tuple[str, str]]:
    """Yield title and table of the mean for pairs of what is varied, the first ones."""
    varied = [
        name
        for name in result.columns
        if 1 < len({dict(one.labels)[name] for one in result.entries}) <= _SIDE
    ]
    if len(varied) == 1:
        yield (
            _short(varied[0]),
            cross(result.entries, objective=result.objective, across=varied[0], lines=["trader"]),
        )
    for one, other in itertools.islice(itertools.combinations(varied, 2), _MAPS):
        title = f"{_short(one)} × {_short(other)}"
        yield title, cross(result.entries, objective=result.objective, across=other, lines=[one])


def cross(entries: Sequence[Entry], *, objective: str, across: str, lines: Sequence[str]) -> str:
    """Return means by what is in `lines` and, side by side, `across`; good is green, bad is red."""
    cells: dict[tuple[str, str], list[float]] = {}
    for one in entries:
        labels = {**dict(one.labels), "trader": one.trader}
        line = ", ".join(labels[name] for name in lines if labels[name]) or "as configured"
        cells.setdefault((line, labels.get(across, "")), []).append(one.mean)
    means = {key: statistics.fmean(values) for key, values in cells.items()}
    downs = _ordered({line for line, _ in means})
    sides = _ordered({side for _, side in means})
    low, high = min(means.values(), default=0.0), max(means.values(), default=0.0)
    body = "".join(
        f'<tr><td class="t">{escape(_short(line))}</td>'
        + "".join(_warm(means.get((line, side)), low, high, objective) for side in sides)
        + "</tr>\n"
        for line in downs[:SHOWN]
    )
    names = "".join(f"<th>{escape(_short(each))}</th>" for each in ("", *sides))
    return f'<div class="wide"><table class="heat"><tr>{names}</tr>\n{body}</table></div>'


def coins(held: Mapping[str, Mapping[str, float]]) -> str:
    """Return what holding each coin made, by window."""
    names = _ordered({name for each in held.values() for name in each})
    rows = [
        [escape(window), *(signed(each.get(name)) for name in names)]
        for window, each in held.items()
    ]
    return table(("hold, %", *names), rows)


def failures(result: SweepResult) -> str:
    """Return the jobs without a result, each with its error."""
    rows = [
        [
            escape(", ".join(f"{_short(k)}={v}" for k, v in one.job.labels if v)),
            escape(one.job.where),
            escape(one.status),
            escape(one.error),
        ]
        for one in result.failures[:SHOWN]
    ]
    more = len(result.failures) - SHOWN
    note = f"<p>and {more} more, in jobs/.</p>" if more > 0 else ""
    return table(("variant", "on", "", "why"), rows, words=4) + note


def controls(rows: Iterable[Row]) -> bool:
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


def _short(name: str) -> str:
    """Leave out of a key of the configuration what stands in every one of its kind."""
    for prefix in ("Manager.traders.*.", "Manager.traders.", "LLM.models."):
        name = name.removeprefix(prefix)
    return name


def _ordered(names: Iterable[str]) -> list[str]:
    """Sort numbers as numbers, before words."""

    def key(name: str) -> tuple[int, float, str]:
        try:
            return 0, float(name), name
        except ValueError:
            return 1, 0.0, name

    return sorted(names, key=key)


def _product(percents: Iterable[float]) -> float:
    found = 1.0
    for each in percents:
        found *= 1 + each / 100
    return found
