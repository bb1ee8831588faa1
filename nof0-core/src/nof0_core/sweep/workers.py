"""Who does jobs: local processes, or a Dask cluster. Both hand back every job they took, once."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from nof0_core.backtest.processes.child import Answer, Child
from nof0_core.sweep.job import Job

WORKER = "nof0_core.sweep.worker"
"""What runs in a process that does jobs."""
Order = dict[str, Any]
Work = tuple[Job, Order]


class Workers(Protocol):
    """Does jobs side by side."""

    @property
    def count(self) -> int:
        """Return how many jobs are done at a time."""

    def run(self, work: Iterator[Work], *, limit: float) -> Iterator[tuple[Job, Answer]]:
        """Do jobs and yield them with their answers in the order in which they end.

        No more are taken from `work` than can be begun. Closing the iterator ends what is going on.

        Args:
            work: the jobs, each with what a worker is told.
            limit: seconds one job may take.
        """

    def close(self) -> None:
        """Let all workers go."""


class LocalWorkers:
    """Processes on this machine, each driven by a thread."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._children = [Child(WORKER) for _ in range(count)]

    @property
    def count(self) -> int:
        """Return how many jobs are done at a time."""
        return self._count

    def run(self, work: Iterator[Work], *, limit: float) -> Iterator[tuple[Job, Answer]]:
        """Do jobs; see `Workers`."""
        done: queue.Queue[tuple[Child, Job, Answer]] = queue.Queue()
        free = list(self._children)
        going = 0
        try:
            while True:
                while free and (taken := next(work, None)) is not None:
                    child = free.pop()
                    threading.Thread(
                        target=_do, args=(child, *taken, limit, done), daemon=True
                    ).start()
                    going += 1
                if not going:
                    return
                child, job, answer = done.get()
                free.append(child)
                going -= 1
                yield job, answer
        finally:
            if going:
                self.close()

    def close(self) -> None:
        """End all processes."""
        for child in self._children:
            child.end()
        self._children = [Child(WORKER) for _ in range(self._count)]

    @property
    def pids(self) -> Sequence[int]:
        """Return the processes that there are."""
        return [child.pid for child in self._children if child.pid is not None]


def _do(child: Child, job: Job, order: Order, limit: float, done: queue.Queue[Any]) -> None:
    done.put((child, job, child.persist(order, limit=limit)))
