"""The result of a sweep on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.table import Table
from rich.text import Text

from nof0_core.cli.narrow import Column, fitted
from nof0_core.sweep.comparison import SweepEntry
from nof0_core.sweep.page.names import short_names, told
from nof0_core.sweep.page.whole import caveats, summary
from nof0_core.sweep.result import SweepResult
from nof0_core.sweep.writing import PAGE, RESULTS

_SHOWN = 20
_ERRORS = 10


def render(result: SweepResult, *, width: int) -> Iterator[Table]:
    """Yield the tables: steps of a walk forward, then the best variants."""
    if result.folds:
        yield fitted(
            [
                _words("step", lambda one: str(one.number)),
                _words("chosen", lambda one: one.chosen),
                _digits("then", lambda one: f"{one.train:+.3f}"),
                _digits("after", lambda one: "" if one.test is None else f"{one.test:+.3f}"),
                _words("judged on", lambda one: one.test_window, leaves=1),
            ],
            result.folds,
            width=width,
            title=f"Walk forward, {result.objective}",
        )
    if result.entries:
        names = short_names(result.columns)
        columns = [_words(names[name], _label(name)) for name in result.columns]
        columns += [
            _words("trader", lambda one: one.trader, leaves=6),
            _digits(result.objective, lambda one: f"{one.mean:+.3f}"),
            _digits("±", lambda one: "" if one.spread is None else f"{one.spread:.3f}", leaves=3),
            _digits("return %", lambda one: f"{one.figures['return_pct']:+.2f}", leaves=7),
            _digits("drawdown %", lambda one: f"{one.figures['max_drawdown_pct']:.2f}", leaves=2),
            _digits("trades", lambda one: f"{one.figures['trades']:.1f}", leaves=1),
            _digits("runs", lambda one: str(one.runs), leaves=4),
            _digits(
                "not by luck",
                lambda one: "" if one.deflated is None else f"{100 * one.deflated:.0f} %",
                leaves=5,
            ),
        ]
        yield fitted(columns, result.entries[:_SHOWN], width=width, title=f"Sweep {result.name}")


def tail(result: SweepResult) -> Iterator[str]:
    """Yield the lines below the tables: failures, what it rests on, where everything is."""
    if len(result.entries) > _SHOWN:
        yield f"{len(result.entries) - _SHOWN} more are on the page"
    for one in result.failures[:_ERRORS]:
        variant = told(one.labels, short_names(result.columns))
        yield f"{one.status}: {variant}, {one.where}: {one.error}"
    if len(result.failures) > _ERRORS:
        yield f"and {len(result.failures) - _ERRORS} more without a result, on the page"
    for each in caveats(result):
        yield f"note: {each}"
    for each in result.notes:
        yield f"note: {each}"
    yield summary(result)
    if result.ended:
        yield f"incomplete: {result.ended}; the same command does the rest"
    elif result.failures:
        yield "the same command tries those without a result again"
    yield f"results  {result.folder / RESULTS}"
    yield f"page     {result.folder / PAGE}"


def as_json(result: SweepResult) -> dict[str, Any]:
    """Return the result for a script."""
    return {
        "name": result.name,
        "folder": str(result.folder),
        "jobs": result.jobs,
        "done": result.done,
        "ended": result.ended,
        "objective": result.objective,
        "trials": result.trials,
        "other_trials": result.other_trials,
        "luck_sharpe": result.luck_sharpe,
        "variants": [
            {
                "labels": dict(one.labels),
                "trader": one.trader,
                "mean": one.mean,
                "spread": one.spread,
                "runs": one.runs,
                "deflated": one.deflated,
                **one.figures,
            }
            for one in result.entries
        ],
        "folds": [
            {
                "number": one.number,
                "chosen": one.chosen,
                "train": one.train,
                "test": one.test,
                "test_return_pct": one.test_return_pct,
            }
            for one in result.folds
        ],
        "failures": [
            {
                "labels": dict(one.labels),
                "on": one.where,
                "status": one.status,
                "error": one.error,
            }
            for one in result.failures
        ],
    }


def _words(name: str, text: Any, *, leaves: int = 0) -> Column[Any]:
    return Column(name=name, cell=lambda one: Text(text(one)), leaves=leaves, is_words=True)


def _digits(name: str, text: Any, *, leaves: int = 0) -> Column[Any]:
    return Column(name=name, cell=lambda one: Text(text(one)), leaves=leaves)


def _label(name: str) -> Any:
    def text(one: SweepEntry) -> str:
        return dict(one.labels)[name]

    return text
