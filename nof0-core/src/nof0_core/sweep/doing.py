"""Jobs done: checked for look-ahead once per treatment, kept as they end, none of them lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import attrs

from nof0_core.backtest.processes.child import Answer
from nof0_core.sweep.job import Job
from nof0_core.sweep.preparing import Kind
from nof0_core.sweep.setting import Setting
from nof0_core.sweep.shapes import DONE, FAILED, PEEKED
from nof0_core.sweep.store import Store, unwritten
from nof0_core.sweep.workers import Order, Work, Workers

Told = Callable[[Job, str], object]
"""Told each job that ended, and why it failed, "" if it did not."""


@attrs.define(kw_only=True)
class Doer:
    """Does jobs with workers, and writes down what came of each."""

    setting: Setting
    data_dir: Path | None
    store: Store
    workers: Workers
    told: Told
    digest: str
    failed: int = 0

    def pilots(self, candidates: dict[str, Iterator[Job]], names: dict[str, Kind]) -> None:
        """Do one job of each treatment with the look-ahead check, others until one has an answer.

        Args:
            candidates: jobs by treatment, in the order in which they may speak for it; those whose
                treatment has been judged are not looked at.
            names: the treatments.

        Raises:
            StoreError: results cannot be written.
            Nof0Error: the workers are gone.
        """
        waiting = {name: jobs for name, jobs in candidates.items() if not self._judgement(name)}
        while waiting:
            round_ = {name: job for name, jobs in waiting.items() if (job := next(jobs, None))}
            by_key = {job.key: name for name, job in round_.items()}
            moments = self.setting.asked.file.moments
            orders = ((job, self._order(job, moments)) for job in round_.values())
            # Each moment is up to one more run.
            for job, answer in self._run(orders, times=1 + moments):
                name = by_key[job.key]
                if answer.found is not None or answer.kind == PEEKED:
                    self._judge(name, names[name].name, job, answer)
                self._keep(job, answer, name)
            waiting = {
                name: jobs
                for name, jobs in waiting.items()
                if name in round_ and not self._judgement(name)
            }

    def rest(self, jobs: Iterable[Job], kind: Callable[[Job], Kind]) -> None:
        """Do all jobs that have no result yet; those of a treatment that looks ahead are refused.

        Raises:
            StoreError: results cannot be written.
            Nof0Error: the workers are gone.
        """
        for job, answer in self._run(self._wanted(jobs, kind)):
            self._keep(job, answer, kind(job).treatment)

    def _wanted(self, jobs: Iterable[Job], kind: Callable[[Job], Kind]) -> Iterator[Work]:
        for job in jobs:
            if self.store.is_done(job):
                self.told(job, "")
                continue
            mine = kind(job)
            name = mine.treatment
            judgement = self._judgement(name)
            if mine.error:
                self._keep(job, Answer(error=mine.error, kind="failed"), name)
            elif judgement == PEEKED:
                said = f"a job of its treatment looks ahead: {self.store.treatments[name]['error']}"
                self._keep(job, Answer(error=said, kind=PEEKED), name)
            elif judgement:
                yield job, self._order(job, 0)
            elif (record := self.store.of(job)) is None:
                # Nobody could speak for its treatment: all of its jobs have failed.
                self._keep(job, Answer(error="no job of its treatment could be checked"), name)
            else:
                self.told(job, str(record["error"]))
                self.failed += 1

    def _run(self, orders: Iterator[Work], *, times: int = 1) -> Iterator[tuple[Job, Answer]]:
        limit = times * self.setting.asked.file.time_limit.total_seconds()
        for job, answer in self.workers.run(orders, limit=limit):
            if answer.kind == "disk":
                raise unwritten(self.store.folder, OSError(answer.error))
            yield job, answer

    def _order(self, job: Job, moments: int) -> Order:
        return {**job.order(), "do": "job", "moments": moments, "checkers": 1, **self.base_order()}

    def base_order(self) -> Order:
        """Return what every order has: what a worker makes its backtests from."""
        return {
            "sweep": self.setting.asked.shown,
            "cwd": str(Path.cwd()),
            "data_dir": None if self.data_dir is None else str(self.data_dir),
            "digest": self.digest,
            "code": self.setting.code,
        }

    def _keep(self, job: Job, answer: Answer, treatment: str) -> None:
        record: dict[str, Any] = {"treatment": treatment, "error": answer.error}
        if answer.found is not None:
            record |= {"status": DONE, "found": answer.found}
        else:
            record["status"] = PEEKED if answer.kind == PEEKED else FAILED
            self.failed += 1
        self.store.keep(job, record)
        self.told(job, answer.error)

    def _judgement(self, treatment: str) -> str:
        verdict = self.store.treatments.get(treatment)
        return "" if verdict is None else str(verdict["verdict"])

    def _judge(self, treatment: str, name: str, job: Job, answer: Answer) -> None:
        cycles = 0 if answer.found is None else answer.found["checked_cycles"]
        self.store.keep_treatment(
            treatment,
            {
                "name": name,
                "verdict": DONE if answer.found is not None else PEEKED,
                "job": job.key,
                "moments": self.setting.asked.file.moments,
                "cycles": cycles,
                "error": answer.error,
            },
        )
