"""What `nof0 run` shows: how it is going, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import attrs
from rich.console import Console
from rich.live import Live
from rich.text import Text

from nof0_core.cli.leaderboard import data_path, read_rows, render_leaderboard
from nof0_core.cli.status import status_line, status_table
from nof0_core.clock import stopwatch
from nof0_core.config.model import Config
from nof0_core.errors import UsageError
from nof0_core.runtime.engine import Engine

LINE_EVERY = 10.0
"""Seconds of real time between two lines where there is no terminal to draw on."""


class _Pacer:
    """Lets something happen at most once per so many seconds of real time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last = stopwatch()

    def is_due(self) -> bool:
        """Return whether it is time again, and start counting anew if so."""
        now = stopwatch()
        if now - self._last < self._seconds:
            return False
        self._last = now
        return True


@contextmanager
def display(engine: Engine, console: Console) -> Iterator[Callable[[], None]]:
    """Yield a function that shows the present state: a live table, or a line now and then."""
    title = f"{engine.config.name}: data in {engine.config.state_dir}"

    def cycles() -> int:
        return sum(trader.cycles for trader in engine.manager.traders.values())

    if console.is_terminal:
        with Live(console=console, auto_refresh=False, transient=True) as live:

            def draw() -> None:
                view = attrs.evolve(engine.views.all(), services=engine.health.all())
                table = status_table(view, title, width=console.width)
                table.caption = Text(status_line(view, cycles()))
                table.caption_justify = "left"
                live.update(table, refresh=True)

            draw()
            yield draw
        return
    pacer = _Pacer(LINE_EVERY)
    console.print(title, soft_wrap=True)

    def say() -> None:
        view = attrs.evolve(engine.views.all(), services=engine.health.all())
        console.print(status_line(view, cycles()), markup=False)

    def line() -> None:
        if pacer.is_due():
            say()

    yield line
    say()


def summary(config: Config, console: Console, reason: str) -> None:
    """Say why the run ended and how everybody did."""
    console.print(f"stopped: {reason}")
    models = {str(one.id): one.model.name for one in config.traders}
    # Without a `json` exporter that works, or before it was open, there is none.
    with suppress(UsageError):
        rows = read_rows(data_path(config), models)
        console.print(render_leaderboard(rows, width=console.width))
    console.print(f"journal  {config.state_dir / 'journal'}", soft_wrap=True)
    console.print(f"exports  {config.data_path}", soft_wrap=True)
