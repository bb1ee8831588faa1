"""Whether somebody wants a task to end."""

from __future__ import annotations

import asyncio  # noqa: TID251 - nobody else knows whether a cancellation was asked for
import math
from collections.abc import Callable

import anyio


def is_cancelled() -> bool:
    """Tell whether somebody cancelled this task, rather than a library that broke off by itself.

    Where no event loop runs, nobody can have.
    """
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return False
    is_asked = task is not None and task.cancelling() > 0
    return is_asked or anyio.current_effective_deadline() == -math.inf


def is_cancellation(error: BaseException) -> bool:
    """Tell whether an exception is what ends a task; also where no event loop runs."""
    return isinstance(error, asyncio.CancelledError)


def breaker() -> Callable[[], None]:
    """Return what cancels the present task, also where it is shielded; nothing, if it has ended."""
    task = asyncio.current_task()

    def cancel() -> None:
        if task is not None:
            task.cancel()

    return cancel
