"""Looking at once where a venue or a market says that something happened."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any, TypeAlias

import anyio
import attrs
from anyio.streams.memory import MemoryObjectReceiveStream

from nof0_core.clock import Clock
from nof0_core.plugins.env import Logger

HintStream: TypeAlias = AbstractAsyncContextManager[MemoryObjectReceiveStream[Any]]
"""A stream of which nothing matters but that something came."""
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(seconds=60)


def once_there(
    there: anyio.Event, find: Callable[[], Callable[[], HintStream] | None]
) -> Callable[[], HintStream]:
    """Return what opens a stream of a section that is not open yet, once it is `there`.

    A section that turns out to have none gives no hint, ever.
    """

    @asynccontextmanager
    async def wait() -> AsyncIterator[MemoryObjectReceiveStream[Any]]:
        await there.wait()
        found = find()
        if found is None:
            await anyio.sleep_forever()
            raise AssertionError
        async with found() as stream:
            yield stream

    return wait


@attrs.define(kw_only=True, eq=False)
class HintListener:
    """Reads a stream of hints for as long as the engine runs, and opens it anew when it ends.

    A hint says that there is something to look at, never what: nothing of it is booked. So a stream
    that is lost costs the time until the next regular look, and no more. `open` gives the stream,
    `on_hint` is called for each hint. Between two tries it waits 1 s, twice as long each time in a
    row, up to 60 s.
    """

    name: str
    open: Callable[[], HintStream]
    on_hint: Callable[[], None]
    clock: Clock
    log: Logger

    async def run(self) -> None:
        """Listen until cancelled."""
        pause = FIRST_PAUSE
        while True:
            why = "the stream ended"
            try:
                async with self.open() as stream:
                    async for _ in stream:
                        pause = FIRST_PAUSE
                        self.on_hint()
            except Exception as error:  # noqa: BLE001 - a plugin's stream may raise anything
                why = f"{type(error).__name__}: {error}"
            # A stream that is back at once is none of anybody's business.
            tell = self.log.warning if pause > FIRST_PAUSE else self.log.info
            tell("no hints for now", stream=self.name, error=why)
            await self.clock.sleep_until(self.clock.now() + pause)
            pause = min(2 * pause, LONGEST_PAUSE)
