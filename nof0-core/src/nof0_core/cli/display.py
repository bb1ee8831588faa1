"""What `nof0 run` shows: how it is going, and how it ended."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from nof0_core.analysis.leaderboard import LeaderboardRow
from nof0_core.cli.event_strip import EventStrip, shortened
from nof0_core.cli.leaderboard import data_path, read_rows, render_leaderboard
from nof0_core.cli.progress import Progress
from nof0_core.cli.status import reasons, status_line, status_table
from nof0_core.clock import stopwatch
from nof0_core.config.model import Config
from nof0_core.domain.view import View
from nof0_core.errors import UsageError
from nof0_core.runtime.engine import Engine
from nof0_core.runtime.preview import caveats

NAME = "nof0"
_LOWEST = 12
"""Lines of the lowest terminal that is drawn for."""
_THOUGHTS = 2
"""Of so many models the last thought is shown, where there is room."""
_FEW = 12
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
def display(
    engine: Engine, console: Console, cycles: int | None = None
) -> Iterator[Callable[[], None]]:
    """Yield a function that shows the present state: a live table, or a line now and then.

    `cycles` are those after which the run ends.
    """
    title = f"{engine.config.name}: data in {engine.config.state_dir}"
    begin = engine.config.clock.start or engine.clock.now()
    progress = Progress(begin=begin, end=engine.manager.ends_at, cycles=cycles)
    names = {str(one.id): one.name for one in engine.config.traders}
    strip = EventStrip(names)

    def seen() -> tuple[View, str]:
        traders = engine.manager.traders.values()
        view = attrs.evolve(engine.views.all(), services=engine.health.all())
        left = progress.text(view.time, max((one.cycles for one in traders), default=0))
        return view, status_line(view, sum(one.cycles for one in traders), left)

    # A dumb terminal cannot go back to draw over what it has drawn.
    if console.is_terminal and not console.is_dumb_terminal:
        engine.recorder.listeners.append(strip)
        with Live(console=console, auto_refresh=False, transient=True) as live:

            def draw() -> None:
                view, line = seen()
                live.update(screen(view, title, line, strip, console=console), refresh=True)

            draw()
            yield draw
        return
    pacer = _Pacer(LINE_EVERY)
    console.print(title, soft_wrap=True, markup=False)

    def say() -> None:
        console.print(seen()[1], markup=False, soft_wrap=True)

    def line() -> None:
        if pacer.is_due():
            say()

    yield line
    say()


def screen(
    view: View, title: str, line: str, strip: EventStrip, *, console: Console
) -> RenderableType:
    """Lay out what a terminal shows, so that all of it fits.

    What models think goes first, then traders where they are many.
    """
    width, height = console.width, max(console.height, _LOWEST)

    def laid_out(most: int, thoughts: int) -> tuple[RenderableType, bool]:
        parts: list[RenderableType] = [status_table(view, title, width=width, most=most)]
        if most < len(view.traders):
            rest = len(view.traders) - most
            parts.append(Text(f"and {rest} more: nof0 traders status", style="dim"))
        drawn = Group(*parts, *_below(view, line, strip, width=width, thoughts=thoughts))
        return drawn, len(console.render_lines(drawn, pad=False)) < height

    most = min(len(view.traders), height)
    for thoughts in range(_THOUGHTS, 0, -1):
        drawn, fits = laid_out(most, thoughts)
        if fits:
            return drawn
    while True:
        drawn, fits = laid_out(most, 0)
        if most <= 1 or fits:
            return drawn
        most = most - 1 if most < _FEW else most * 3 // 4


def _below(
    view: View, line: str, strip: EventStrip, *, width: int, thoughts: int
) -> Iterator[Text]:
    """Yield the lines below the table: how it goes, who is hindered, thoughts, events."""
    yield Text(shortened(line, width))
    for who, why in reasons(view, most=3):
        yield Text(shortened(f"{who}: {why}" if why else who, width), style="yellow")
    for head, begin in strip.thoughts(width, thoughts):
        yield Text("")
        yield Text(head)
        yield from (Text(one, style="dim italic") for one in begin)
    events = strip.lines(width)
    if events:
        yield Text("")
        yield from (Text(one, style="dim") for one in events)


def summary(config: Config, console: Console, reason: str, words: Sequence[str] = ()) -> None:
    """Say why the run ended, how everybody did, and what is next.

    `words` name the run to other commands.
    """
    console.print(f"stopped: {reason}", soft_wrap=True, markup=False)
    models = {str(one.id): one.model.name for one in config.traders}
    names = {str(one.id): one.name for one in config.traders}
    # Without a `json` exporter that works, or before it was open, there is none.
    with suppress(UsageError):
        rows = read_rows(data_path(config), models)
        table = render_leaderboard(rows, width=console.width, notes=caveats(config))
        console.print(table, soft_wrap=not console.is_terminal)
        console.print(result_of(rows, names), soft_wrap=True, markup=False)
    console.print(f"journal  {config.state_dir / 'journal'}", soft_wrap=True, markup=False)
    console.print(f"exports  {config.data_path}", soft_wrap=True, markup=False)
    address = f"http://{config.host}:{config.port}"
    look = shlex.join([called(), "serve", *words])
    console.print(f"next     {look}  shows it at {address}", soft_wrap=True, markup=False)


def result_of(rows: Sequence[LeaderboardRow], names: Mapping[str, str]) -> str:
    """Sum a run up in one line."""
    trades = sum(row.num_trades for row in rows)
    said = f"{len(rows)} trader{'s' if len(rows) != 1 else ''}, "
    said += f"{trades} trade{'s' if trades != 1 else ''}"
    best = next((row for row in rows if row.is_ranked), None)
    if best is None:
        return f"{said}, nobody is ranked yet"
    return f"{said}, leader {names.get(best.trader, best.trader)} {best.return_pct:+.2f} %"


def called() -> str:
    """Return how the command can be called from here: by its name, or where it is."""
    program = Path(sys.argv[0])
    if program.name != NAME or shutil.which(NAME) is not None:
        return NAME
    return os.path.relpath(program)
