"""The surroundings a service is opened in, for tests."""

from __future__ import annotations

import random
import tempfile
from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from nof0_core.border.foreign import Origin
from nof0_core.clock import Clock, SimulatedClock
from nof0_core.plugins.env import Env, MarketRef
from nof0_core.protocols.market import MarketProvider
from nof0_core.runtime.plugin_alerts import PluginAlerts
from nof0_core.runtime.section_tasks import SectionTasks
from nof0_core.testing.market import HandMarket

START = datetime(2025, 7, 1, tzinfo=UTC)
"""Where the clock of a test stands at first."""


class Lines:
    """A logger that keeps what it is told: `lines` has (level, event, values), oldest first."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, dict[str, object]]] = []

    def debug(self, event: str, **values: object) -> None:
        """Keep a line."""
        self.lines.append(("debug", event, values))

    def info(self, event: str, **values: object) -> None:
        """Keep a line."""
        self.lines.append(("info", event, values))

    def warning(self, event: str, **values: object) -> None:
        """Keep a line."""
        self.lines.append(("warning", event, values))

    def error(self, event: str, **values: object) -> None:
        """Keep a line."""
        self.lines.append(("error", event, values))


@asynccontextmanager
async def env(
    *,
    section: str = "test",
    seed: int = 0,
    clock: Clock | None = None,
    data_dir: Path | None = None,
    markets: Mapping[str, MarketProvider] | None = None,
    log: Lines | None = None,
) -> AsyncIterator[Env]:
    """Make an `Env`; what was shared through it is closed at the end, newest first.

    Background tasks are cancelled before that; leave the service's own context inside this one.
    Alerts are warnings of the log, with their `code`.

    Args:
        section: name of the section that is being opened.
        seed: of the random generator.
        clock: a `SimulatedClock` at `START` unless given.
        data_dir: unless given one that is not there yet, as in a first run, and is removed at the
            end.
        markets: opened markets by section name; one `HandMarket` for every name unless given.
        log: a new `Lines` unless given.
    """
    the_clock = SimulatedClock(START) if clock is None else clock
    by_hand = HandMarket(the_clock)
    opened: dict[Hashable, object] = {}

    def market(ref: MarketRef) -> MarketProvider:
        if markets is None:
            return by_hand
        if not ref and len(markets) == 1:
            return next(iter(markets.values()))
        return markets[ref]

    async with AsyncExitStack() as stack:

        async def shared(
            key: Hashable, open_: Callable[[], AbstractAsyncContextManager[object]]
        ) -> object:
            if key not in opened:
                opened[key] = await stack.enter_async_context(open_())
            return opened[key]

        origin, lines = Origin(part=section), Lines() if log is None else log
        alerts = PluginAlerts(clock=the_clock, are_events=True).of("test", origin, lines)
        tasks = SectionTasks(
            origin=origin, clock=the_clock, is_passing=True, alerts=alerts, log=lines
        )
        stack.push_async_callback(tasks.end)
        if data_dir is None:
            kept = stack.enter_context(tempfile.TemporaryDirectory(prefix="nof0-"))
            data_dir = Path(kept) / section
        yield Env(
            section=section,
            clock=the_clock,
            rng=random.Random(f"{seed}/{section}"),
            data_dir=data_dir,
            log=lines,
            market=market,
            shared=shared,
            tasks=tasks,
            alert=alerts,
        )
