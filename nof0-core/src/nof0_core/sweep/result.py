"""What a sweep has come to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from nof0_core.sweep.comparison import SweepEntry, SweepRow, compare
from nof0_core.sweep.figures import AMOUNTS, NUMBERS
from nof0_core.sweep.job import Job
from nof0_core.sweep.page.names import short_names, told
from nof0_core.sweep.shapes import DONE
from nof0_core.sweep.space import Variant
from nof0_core.sweep.store import Store

if TYPE_CHECKING:
    from nof0_core.sweep.running import Prepared

TRIALS = "trials.json"


@attrs.frozen(kw_only=True)
class SweepFailure:
    """A backtest without a result, and why.

    `where` is its window and seed, `status` `failed` or `look-ahead`.
    """

    labels: tuple[tuple[str, str], ...]
    where: str
    status: str
    error: str


@attrs.frozen(kw_only=True)
class SweepFold:
    """A step of a walk forward: what was chosen, and what the objective was then and afterwards.

    `test` and `test_return_pct` are None where no test has a result.
    """

    number: int
    train_window: str
    test_window: str
    chosen: str
    train: float
    test: float | None
    test_return_pct: float | None


@attrs.frozen(kw_only=True)
class SweepResult:
    """Rows in the order of jobs, variants the best first.

    `ended` says why it was not done to its end, "" if it was. `jobs` is how many there are in all,
    `failures` are those without a result that were tried. `own_trials` is how many variants this
    folder has, `trials` with those of the same name that were put aside, `other_trials` how many
    other sweeps and backtests of the data directory have.
    `luck_sharpe` is the daily Sharpe ratio that the best of `trials` would show by luck alone.
    """

    name: str
    folder: Path
    columns: tuple[str, ...]
    objective: str
    jobs: int
    rows: tuple[SweepRow, ...] = attrs.field(repr=False)
    entries: tuple[SweepEntry, ...] = attrs.field(repr=False)
    failures: tuple[SweepFailure, ...]
    folds: tuple[SweepFold, ...]
    treatments: Mapping[str, Mapping[str, Any]] = attrs.field(repr=False)
    coins: Mapping[str, Mapping[str, float]] = attrs.field(repr=False)
    """What holding each coin made in percent, by window."""
    ended: str
    own_trials: int
    trials: int
    other_trials: int
    luck_sharpe: float
    notes: tuple[str, ...] = ()

    @property
    def done(self) -> int:
        """Return how many jobs have a result."""
        return len({(row.key, row.fold, row.is_test) for row in self.rows})

    @property
    def is_complete(self) -> bool:
        """Tell whether every job has a result."""
        return not self.ended and not self.failures and self.done == self.jobs

    def columns_of_rows(self) -> dict[str, list[Any]]:
        """Return the rows as columns, as `pandas.DataFrame` takes them.

        What is varied comes first, under its own name; then trader, window, seed, fold, and figures
        (floats; amounts in USD, percentages x100).
        """
        found: dict[str, list[Any]] = {}
        for row in self.rows:
            for name, value in _cells(row).items():
                found.setdefault(name, []).append(value)
        return found


def collected(
    prepared: Prepared,
    store: Store,
    jobs: Iterable[Job],
    chosen: Mapping[int, Variant],
    *,
    ended: str,
) -> SweepResult:
    """Put together what came of jobs; those nobody has tried yet are left out."""
    rows: list[SweepRow] = []
    failures: list[SweepFailure] = []
    coins: dict[str, dict[str, float]] = {}
    count = 0
    for job in jobs:
        count += 1
        record = store.of(job)
        if record is None:
            continue
        if record["status"] != DONE:
            failures.append(
                SweepFailure(
                    labels=job.labels,
                    where=job.where,
                    status=record["status"],
                    error=record["error"],
                )
            )
            continue
        coins[str(job.window)] = record["found"]["coins"]
        rows += _rows(job, record)
    file = prepared.setting.asked.file
    judged = [row for row in rows if not row.is_test]
    trials, others = _trials(store)
    entries, luck = compare(judged, objective=file.objective, trials=trials)
    return SweepResult(
        name=prepared.setting.asked.name,
        folder=store.folder,
        columns=prepared.setting.asked.space.columns,
        objective=file.objective,
        # A search may have chosen the same twice.
        jobs=prepared.jobs if ended else count,
        rows=tuple(rows),
        entries=tuple(entries),
        failures=tuple(failures),
        folds=tuple(_folds(prepared, rows, chosen, file.objective)),
        treatments=dict(sorted(store.treatments.items(), key=lambda one: (one[1]["name"], one[0]))),
        coins=coins,
        ended=ended,
        own_trials=store.trials,
        trials=trials,
        other_trials=others,
        luck_sharpe=luck,
    )


def _rows(job: Job, record: Mapping[str, Any]) -> Iterator[SweepRow]:
    for one in record["found"]["traders"]:
        yield SweepRow(
            labels=job.labels,
            window=(job.window.start.isoformat(), job.window.end.isoformat()),
            seed=job.seed,
            fold=job.fold,
            is_test=job.is_test,
            key=job.key,
            treatment=record["treatment"],
            trader=one["trader"],
            figures=one,
        )


def _folds(
    prepared: Prepared, rows: Iterable[SweepRow], chosen: Mapping[int, Variant], objective: str
) -> Iterator[SweepFold]:
    found = list(rows)
    for fold in prepared.windows.folds:
        best = chosen.get(fold.number)
        if best is None:
            continue
        mine = [row for row in found if row.fold == fold.number and row.labels == best.labels]

        def mean(name: str, own: list[SweepRow], *, is_test: bool) -> float | None:
            values = [row.figures[name] for row in own if row.is_test is is_test]
            return sum(values) / len(values) if values else None

        yield SweepFold(
            number=fold.number,
            train_window=str(fold.train),
            test_window=str(fold.test),
            chosen=told(best.labels, short_names(prepared.setting.asked.space.columns)),
            train=mean(objective, mine, is_test=False) or 0.0,
            test=mean(objective, mine, is_test=True),
            test_return_pct=mean("return_pct", mine, is_test=True),
        )


def _cells(row: SweepRow) -> dict[str, Any]:
    own = row.figures
    figures = {"name": own["name"], "is_baseline": own["is_baseline"]}
    figures |= {name: float(own[name]) for name in AMOUNTS}
    figures |= {name: own[name] for name in NUMBERS}
    return {
        **dict(row.labels),
        "trader": row.trader,
        "llm": row.figures["model"],
        "from": row.window[0],
        "to": row.window[1],
        "seed": row.seed,
        "fold": row.fold,
        "is_test": row.is_test,
        **figures,
        "treatment": row.treatment,
        "job": row.key,
    }


def _trials(store: Store) -> tuple[int, int]:
    """Count variants of this sweep, put aside ones included, and those of others beside it."""
    own, others = store.trials, 0
    sweeps = store.folder.parent
    for folder in sorted(sweeps.iterdir()) if sweeps.is_dir() else ():
        if folder == store.folder or not (folder / TRIALS).is_file():
            continue
        count = int(json.loads((folder / TRIALS).read_text())["variants"])
        name, _, number = folder.name.rpartition(".")
        if name == store.folder.name and number.isdigit():
            own += count
        else:
            others += count
    backtests = sweeps.parent / "backtests"
    others += sum(1 for _ in backtests.glob("*/report.json"))
    return own, others
