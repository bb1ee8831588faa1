"""An existing Dask cluster as workers: it shares jobs out among machines, and survives dead ones.

Each task drives a process of its own on the machine where it runs, as local workers do, so that a
job that hangs there is ended at its time limit. All machines need the same nof0, the same plugins
and the same files under the same paths.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Iterator
from typing import Any

import attrs

from nof0_core.backtest.processes.child import Answer, Child
from nof0_core.errors import Nof0Error, UsageError
from nof0_core.sweep.job import Job
from nof0_core.sweep.workers import WORKER, Order, Work

_AHEAD = 2
"""Tasks a worker is given beside the one it does, so that it need not wait for the next."""
CONNECT = 10
"""Seconds in which a scheduler must answer."""
_LOOK = 1.0
"""Seconds between two looks at whether the scheduler is still there."""
_AGAIN = "what had ended is kept: start it again and run the same command for the rest"
_ALONE = 60
"""So many looks in a row without any worker, and the cluster is given up."""
_children: dict[int, Child] = {}
"""Of a worker of the cluster: the process each of its threads drives."""


def dask_task(order: Order, limit: float) -> dict[str, Any]:
    """Do an order on a worker of a cluster, in a child of its thread that stays for the next."""
    child = _children.setdefault(threading.get_ident(), Child(WORKER))
    return attrs.asdict(child.persist(order, limit=limit))


def end_children() -> None:
    """End what a worker of the cluster has started."""
    while _children:
        _children.popitem()[1].end()


class SchedulerGoneError(Nof0Error):
    """The scheduler does not answer any more; results that came in are kept."""


class DaskWorkers:
    """The workers of a Dask cluster.

    Raises:
        UsageError: `distributed` is not installed, or no scheduler answers at the address.
    """

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            message = "a Dask cluster needs the package distributed"
            raise UsageError(message, hints=('pip install "nof0-core[dask]"',)) from error
        self._address = address
        connect: Any = Client
        try:
            with _quiet():
                self._client: Any = connect(address, timeout=CONNECT, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            message = f"no Dask scheduler answers at {address}: {error}"
            hint = "start one (`dask scheduler`, `dask worker ADDRESS`), or leave the address out"
            raise UsageError(message, hints=(hint,)) from error

    @property
    def count(self) -> int:
        """Return how many jobs are done at a time now; at least one.

        Raises:
            SchedulerGoneError: the scheduler went away.
        """
        if not self._is_there():
            raise self._gone()
        try:
            return max(1, sum(map(int, self._client.nthreads().values())))
        except (OSError, TimeoutError) as error:
            raise self._gone() from error

    def run(self, work: Iterator[Work], *, limit: float) -> Iterator[tuple[Job, Answer]]:
        """Do jobs; see `Workers`.

        Raises:
            SchedulerGoneError: the scheduler went away.
        """
        going: dict[str, Work] = {}
        futures: dict[str, Any] = {}
        done: queue.SimpleQueue[Any] = queue.SimpleQueue()

        def submit(taken: Work) -> None:
            future = self._client.submit(dask_task, taken[1], limit, pure=False)
            going[future.key], futures[future.key] = taken, future
            future.add_done_callback(done.put)

        try:
            while True:
                # Workers may come and go.
                wanted = self.count * (1 + _AHEAD)
                while len(going) < wanted and (taken := next(work, None)) is not None:
                    submit(taken)
                if not going:
                    return
                future = self._next(done)
                futures.pop(future.key)
                taken = going.pop(future.key)
                if future.status == "lost":
                    # Its worker died with what nobody had fetched: another one does it again.
                    submit(taken)
                    continue
                yield taken[0], self._answer(future)
        finally:
            if futures and self._is_there():
                with contextlib.suppress(Exception):
                    self._client.cancel(list(futures.values()), force=True)

    def close(self) -> None:
        """Leave the cluster as it is, and end what was started on it."""
        with _quiet(), contextlib.suppress(Exception):
            if self._is_there():
                self._client.run(end_children)
            self._client.close(timeout=1)

    def _is_there(self) -> bool:
        return bool(self._client.status == "running")

    def _next(self, done: queue.SimpleQueue[Any]) -> Any:
        """Wait for what ends next, looking now and then whether anybody is there."""
        alone = 0
        while True:
            if not self._is_there():
                raise self._gone()
            try:
                return done.get(timeout=_LOOK)
            except queue.Empty:
                alone = 0 if self._workers() else alone + 1
            if alone == _ALONE:
                message = f"the Dask cluster at {self._address} has no workers any more"
                raise SchedulerGoneError(message, hints=(_AGAIN,))

    def _workers(self) -> int:
        try:
            return len(self._client.nthreads())
        except (OSError, TimeoutError):
            return 1  # whether the scheduler is gone is asked elsewhere

    def _answer(self, future: Any) -> Answer:
        if future.status == "cancelled":
            raise self._gone()
        if future.status != "error":
            from distributed.client import FutureCancelledError

            try:
                return Answer(**future.result(timeout=_ALONE * _LOOK))
            except (OSError, TimeoutError, FutureCancelledError) as error:
                raise self._gone() from error
        raised = future.exception()
        if type(raised).__name__ == "KilledWorker":
            return Answer(error="workers of the cluster died with this job again and again",
                          kind="died")  # fmt: skip
        return Answer(error=f"{type(raised).__name__}: {raised}", kind="failed")

    def _gone(self) -> SchedulerGoneError:
        message = f"the Dask scheduler at {self._address} went away"
        return SchedulerGoneError(message, hints=(_AGAIN,))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Dask logs of lost connections to itself: it is told in a sentence."""
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
