"""The report of a sweep as one HTML page that needs nothing else, and runs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from importlib.resources import files

from nof0_core.backtest.page.parts import bullets
from nof0_core.sweep.page.tables import (
    coins,
    comparison,
    controls,
    failures,
    folds,
    heatmaps,
    treatments,
)
from nof0_core.sweep.result import SweepResult


def page_of(result: SweepResult) -> str:
    """Return the page; equal results give equal pages."""
    title = f"Sweep {result.name}"
    style = files("nof0_core.backtest.page").joinpath("report.css").read_text()
    style += "body{max-width:1500px}"  # tables of variants are wide
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{style}</style>"
    )
    body = "\n".join([f"<h1>{escape(title)}</h1>", *_parts(result)])
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n{body}\n</body></html>\n'


def _parts(result: SweepResult) -> Iterator[str]:
    yield f"<p>{escape(summary(result))}</p>"
    if result.ended:
        yield f"<p><b>Incomplete: {escape(result.ended)}</b></p>"
    if not result.rows:
        yield "<p>There are no results.</p>"
    else:
        yield from _results(result)
    if result.failures:
        yield f"<h2>Without a result: {len(result.failures)}</h2>"
        yield failures(result)
    yield "<h2>To know before believing a figure</h2>"
    yield bullets(caveats(result))


def _results(result: SweepResult) -> Iterator[str]:
    if result.folds:
        yield "<h2>Walk forward</h2>"
        yield folds(result)
    yield "<h2>Variants, the best first</h2>"
    yield comparison(result)
    if "model" in result.columns:
        yield f"<h2>Treatment × model, mean {escape(result.objective)}</h2>"
        yield treatments(result)
    maps = list(heatmaps(result))
    if maps:
        yield f"<h2>Parameters, mean {escape(result.objective)}</h2>"
        yield '<p class="small">Green is the better half of what a table shows, red the other.</p>'
    for name, found in maps:
        yield f"<h3>{escape(name)}</h3>{found}"
    yield "<h2>Holding coins</h2>"
    yield coins(result.coins)


def summary(result: SweepResult) -> str:
    """Say how much of it there is, in one sentence."""
    failed = f", {len(result.failures)} without a result" if result.failures else ""
    return f"{result.done} of {result.jobs} backtests{failed}; {result.trials} variants tried."


def caveats(result: SweepResult) -> Iterator[str]:
    """Yield what a reader should know before believing a figure."""
    told = f"{result.trials} variants were tried under this name, in this sweep and earlier ones"
    if result.other_trials:
        told += f"; {result.other_trials} more backtests and variants are kept beside it"
    yield told
    yield (
        f"with no skill in any of them, the best would be expected to show a Sharpe ratio (daily) "
        f"of {result.luck_sharpe:.2f}: “not by luck” is the probability that a variant's is above "
        "that (deflated Sharpe ratio)"
    )
    if not result.folds:
        yield (
            "the best variant was chosen and measured on the same windows: what it does on others "
            "is not shown (walk_forward shows it)"
        )
    if controls(result.rows):
        yield "baselines are yardsticks, no rivals"
    for one in result.treatments.values():
        if one["verdict"] == "done":
            found = f"no look-ahead found, {one['cycles']} cycles compared at up to"
            yield f"{one['name']}: {found} {one['moments']} moments, in one job for all"
        else:
            yield f"{one['name']}: {one['error']}"
