"""Tasks that go on beside a run, and end with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup


@asynccontextmanager
async def beside() -> AsyncIterator[TaskGroup]:
    """Give a task group that is broken off at the end; an error from inside stays as it is."""
    failed: Exception | None = None
    async with anyio.create_task_group() as tasks:
        try:
            yield tasks
        except Exception as error:  # noqa: BLE001 - raised again below
            failed = error
        finally:
            tasks.cancel_scope.cancel()
    if failed is not None:
        raise failed
