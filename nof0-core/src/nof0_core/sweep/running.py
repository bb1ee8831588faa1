"""A sweep from its file to its report."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import attrs

from nof0_core.backtest.window import Window
from nof0_core.errors import Nof0Error, UsageError
from nof0_core.runtime.lock import locked
from nof0_core.sweep.belonging import hold_against, looked_at, period, put_aside
from nof0_core.sweep.dask_cluster import DaskWorkers
from nof0_core.sweep.doing import Doer
from nof0_core.sweep.estimate import Estimate, estimated
from nof0_core.sweep.job import Job, job_of
from nof0_core.sweep.job_run import WORK
from nof0_core.sweep.preparing import Cost, Kind, Kinds, check_variants, costs_of
from nof0_core.sweep.result import SweepResult, collected
from nof0_core.sweep.scoring import score
from nof0_core.sweep.searching import All, Grid, Search, Tpe
from nof0_core.sweep.setting import Setting
from nof0_core.sweep.space import Pick, Space, Variant
from nof0_core.sweep.store import Store, StoreError
from nof0_core.sweep.windows import Windows, windows_of
from nof0_core.sweep.workers import LocalWorkers, Workers
from nof0_core.sweep.writing import write_all

Agree = Callable[[Estimate], bool]
Progress = Callable[[int, int, int], object]
"""Told how many jobs have ended, of how many in all, and how many of them failed."""


@attrs.frozen(kw_only=True)
class Prepared:
    """A sweep of which is known what it would do; nothing was run yet.

    `jobs` is how many backtests there are in all, `costs` what their models may cost.
    """

    setting: Setting
    data_dir: Path | None
    kinds: Kinds
    windows: Windows
    variants: int
    jobs: int
    costs: Sequence[Cost]
    prompts: dict[str, str]


def prepare(path: Path, *, data_dir: Path | None = None) -> Prepared:
    """Say what a sweep would do; opens only files.

    Raises:
        ConfigError: with all problems of the sweep file and of the configurations it makes.
        UsageError: there is no such history.
        DataError: the files of a recording cannot be used.
    """
    setting = Setting(path, data_dir=data_dir)
    kinds = Kinds(setting)
    prompts = check_variants(setting, kinds)
    first = next(setting.asked.space.corners())
    windows = windows_of(setting, setting.config(first))
    file, seeds = setting.asked.file, len(setting.asked.seeds)
    variants = file.trials if file.search == "tpe" else setting.asked.space.count
    each = len(windows.plain) + len(windows.folds)
    jobs = (variants * each + len(windows.folds)) * seeds
    counts = _counts(setting.asked.space, kinds, file.search, variants)
    return Prepared(
        setting=setting,
        data_dir=data_dir,
        kinds=kinds,
        windows=windows,
        variants=variants,
        jobs=jobs,
        costs=costs_of(kinds, counts, windows, seeds),
        prompts=prompts,
    )


def run(
    prepared: Prepared,
    *,
    agree: Agree,
    address: str = "",
    workers: int | None = None,
    hired: Workers | None = None,
    fresh: bool = False,
    progress: Progress = lambda *_: None,
) -> SweepResult:
    """Do all jobs that have no result yet, and write table, Parquet and page.

    Ctrl-C, and everything else that ends it, keeps the jobs that had ended; the same call does the
    rest.

    Args:
        prepared: what to do.
        agree: asked once it is measured how long it will take; False ends it before the rest.
        address: of a Dask scheduler; "": what the file says, else local processes.
        workers: that many of those, whatever the file says; None: what it says, else one for each
            core. Only without an address.
        hired: who does the jobs, in place of both; they are let go at the end.
        fresh: put results of the same name aside first, whatever they belong to.
        progress: told how far it is.

    Raises:
        UsageError: the results that are there belong to something else, the sweep runs already, or
            both address and workers were given.
        StoreError: results cannot be written.
        Nof0Error: the workers are gone.
    """
    setting = prepared.setting
    folder = setting.folder
    if fresh:
        put_aside(folder)
    with locked(folder):
        shutil.rmtree(folder / WORK, ignore_errors=True)
        store = Store(folder)
        sweep = _Sweep(prepared, store, progress)
        ended = ""
        with closing(hired or _hired(prepared, address, workers)) as doing:
            hold_against(store, sweep.manifest(doing))
            try:
                ended = sweep.do(doing, agree)
            except KeyboardInterrupt:
                ended = "interrupted"
            except (Nof0Error, OSError) as error:
                # Whatever there is can be looked at; why there is not more is told as well.
                with suppress(StoreError):
                    _written(sweep, str(error).splitlines()[0])
                raise
        return _written(sweep, ended)


def _hired(prepared: Prepared, address: str, workers: int | None) -> Workers:
    file = prepared.setting.asked.file
    if address and workers:
        message = "workers are local processes, an address is of a scheduler that has its own"
        raise UsageError(message, hints=("give one of them",))
    address = address or ("" if workers else file.scheduler)
    if address:
        return DaskWorkers(address)
    return LocalWorkers(min(workers or file.workers or os.cpu_count() or 1, prepared.jobs))


def _written(sweep: _Sweep, ended: str) -> SweepResult:
    result = collected(sweep.prepared, sweep.store, sweep.jobs(), sweep.chosen, ended=ended)
    return write_all(result)


class _Sweep:
    """One sweep under way."""

    def __init__(self, prepared: Prepared, store: Store, progress: Progress) -> None:
        self.prepared, self.store = prepared, store
        self._progress = progress
        self._ended: set[tuple[str, int, bool]] = set()
        self._failed: set[tuple[str, int, bool]] = set()
        self._setting = prepared.setting
        self._tried: dict[int, list[Variant]] = {}
        self.chosen: dict[int, Variant] = {}
        """The best variant of each fold that has been searched."""

    def manifest(self, workers: Workers) -> dict[str, Any]:
        """Return what results of this sweep belong to."""
        setting = self._setting
        return {
            "document": dict(setting.base.document),
            "prompts": self.prepared.prompts,
            "code": setting.code,
            "data": self._data(workers),
        }

    def _data(self, workers: Workers) -> dict[str, dict[str, str]]:
        """Return the digests of what is seen, as a worker sees it.

        One look from the first moment of all windows to the last says whether any data differ. What
        was looked at before is looked at again: results there are of it, whatever is asked now.
        """
        windows = self.prepared.windows.all
        whole = Window(min(one.start for one in windows), max(one.end for one in windows))
        first = next(self._setting.asked.space.corners())
        base = {"do": "look", **self._doer(workers).base_order()}
        jobs = [job_of(first, one, None) for one in dict.fromkeys((*looked_at(self.store), whole))]
        found: dict[str, dict[str, str]] = {}
        orders = iter([(job, {**job.order(), **base}) for job in jobs])
        for job, answer in workers.run(orders, limit=_LOOK_LIMIT):
            if answer.found is None:
                message = f"the data from {job.window} cannot be looked at: {answer.error}"
                raise UsageError(message)
            found[period(job.window)] = answer.found["data"]
        return found

    def do(self, workers: Workers, agree: Agree) -> str:
        """Do everything: each stage chooses, runs, and tells the search.

        Returns:
            Why it ended before it was done, "" if it was.
        """
        doer = self._doer(workers)
        windows, seeds = self.prepared.windows, self._setting.asked.seeds
        stages: list[tuple[int, Sequence[Window]]] = [(0, windows.plain)] if windows.plain else []
        stages += [(fold.number, (fold.train,)) for fold in windows.folds]
        agreed = False
        for number, on in stages:
            search = self._search(number)
            tried = self._tried.setdefault(number, [])
            for chosen in search.batches():
                # A search may choose the same twice.
                batch = chosen if isinstance(chosen, Grid) else list(dict.fromkeys(chosen))
                jobs = _Batch(batch, on, seeds, fold=number)
                self._check(doer, jobs)
                if not agreed and not self._agreed(agree, workers.count):
                    return "nobody agreed to how long it takes"
                agreed = True
                doer.rest(jobs, self._kind)
                if isinstance(search, All) and not number:
                    continue
                for variant in batch:
                    search.tell(variant, self._score(variant, on))
                    tried.append(variant)
            if number:
                self._judge_fold(doer, number)
        return ""

    def jobs(self) -> Iterator[Job]:
        """Yield all jobs of which anything is known, in their order."""
        windows, seeds = self.prepared.windows, self._setting.asked.seeds
        if windows.plain:
            yield from _Batch(self._variants(0), windows.plain, seeds)
        for fold in windows.folds:
            yield from _Batch(self._variants(fold.number), (fold.train,), seeds, fold=fold.number)
            best = self.chosen.get(fold.number)
            if best is not None:
                yield from _Batch([best], (fold.test,), seeds, fold=fold.number, is_test=True)

    def _variants(self, number: int) -> Sequence[Variant]:
        if self._setting.asked.file.search != "tpe":
            return Grid(self._setting.asked.space)
        return list(dict.fromkeys(self._tried.get(number, ())))

    def _judge_fold(self, doer: Doer, number: int) -> None:
        """Run the best variant of a fold on the window after the one it was chosen on."""
        fold = self.prepared.windows.folds[number - 1]
        scored = [
            (found, variant)
            for variant in self._variants(number)
            if (found := self._score(variant, (fold.train,))) is not None
        ]
        if scored:
            best = self.chosen[number] = max(scored, key=lambda pair: pair[0])[1]
            seeds = self._setting.asked.seeds
            doer.rest(_Batch([best], (fold.test,), seeds, fold=number, is_test=True), self._kind)

    def _check(self, doer: Doer, jobs: _Batch) -> None:
        kinds: dict[str, Kind] = {}
        firsts: dict[str, list[Variant]] = {}
        for variant in self._speakers(jobs.variants):
            kind = self.prepared.kinds.of(variant)
            if kind.error:
                continue
            kinds[kind.treatment] = kind
            listed = firsts.setdefault(kind.treatment, [])
            if len(listed) < _PILOTS:
                listed.append(variant)
        candidates = {
            name: iter(_Batch(found, jobs.windows, jobs.seeds, fold=jobs.fold))
            for name, found in firsts.items()
        }
        doer.pilots(candidates, kinds)

    def _speakers(self, variants: Sequence[Variant]) -> Iterator[Variant]:
        """Yield variants that may speak for their treatments: of a grid one of each kind first."""
        space = self._setting.asked.space
        if not isinstance(variants, Grid):
            yield from variants
            return
        yield from (variant for variant, _ in space.kinds())
        yield from itertools.islice(space.corners(), 1, None)

    def _agreed(self, agree: Agree, workers: int) -> bool:
        found = estimated(self.prepared, self.store, workers)
        return not found.is_large or agree(found)

    def _search(self, number: int) -> Search:
        file, space = self._setting.asked.file, self._setting.asked.space
        if file.search != "tpe":
            return All(space)
        seed = self._setting.base.seed + number
        return Tpe(space, trials=file.trials, batch=file.batch, seed=seed)

    def _score(self, variant: Variant, windows: Sequence[Window]) -> float | None:
        jobs = _Batch([variant], windows, self._setting.asked.seeds)
        found = (self.store.of(job) for job in jobs)
        return score(found, self._setting.asked.file.objective)

    def _kind(self, job: Job) -> Kind:
        return self.prepared.kinds.of(self._setting.asked.space.variant(job.pick))

    def _doer(self, workers: Workers) -> Doer:
        digest = hashlib.sha256(self._setting.asked.path.read_bytes()).hexdigest()
        return Doer(
            setting=self._setting,
            data_dir=self.prepared.data_dir,
            store=self.store,
            workers=workers,
            told=self._told,
            digest=digest,
        )

    def _told(self, job: Job, error: str) -> None:
        mine = job.key, job.fold, job.is_test
        self._ended.add(mine)
        if error:
            self._failed.add(mine)
        else:
            self._failed.discard(mine)
        self._progress(len(self._ended), self.prepared.jobs, len(self._failed))


_LOOK_LIMIT = 600.0
"""Seconds in which the data of a window must have been looked at."""
_PILOTS = 20
"""So many variants may speak for a treatment; if none of their jobs has a result, none has."""


@attrs.frozen
class _Batch:
    """Jobs: variants × windows × seeds, each made when it is its turn."""

    variants: Sequence[Variant]
    windows: Sequence[Window]
    seeds: Sequence[int | None]
    fold: int = attrs.field(default=0, kw_only=True)
    is_test: bool = attrs.field(default=False, kw_only=True)

    def __iter__(self) -> Iterator[Job]:
        """Yield them."""
        for variant in self.variants:
            for window in self.windows:
                for seed in self.seeds:
                    yield job_of(variant, window, seed, fold=self.fold, is_test=self.is_test)


def _counts(space: Space, kinds: Kinds, search: str, variants: int) -> dict[Pick, int]:
    """Return how many variants there are of each kind; of a search, so many of each at most."""
    if search == "tpe":
        corners = list(space.corners())
        for variant in corners:
            kinds.of(variant)
        return {variant.kinds: variants for variant in corners}
    found: Counter[Pick] = Counter()
    for variant, count in space.kinds():
        kinds.of(variant)
        found[variant.kinds] += count
    return dict(found)
