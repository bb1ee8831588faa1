"""What a plugin may run beside the engine, in one process and for as long as it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from nof0_core.plugins.env import Logger

if TYPE_CHECKING:
    # Listing plugins needs none of it.
    from nof0_core.plugins.registry import PluginRegistry


@attrs.frozen(kw_only=True)
class Surroundings:
    """Handed to a companion: where the run's configuration and data are, and how to speak.

    `config_file` and `data_dir` are what the command was given, `registry` the plugins. `lag`
    returns how many events each exporter is behind, by name, empty before the engine is open; it
    may be called from any thread. `say` shows a line to the person at the terminal.

    A companion gets no engine: it may watch a run, never touch it.
    """

    config_file: Path
    data_dir: Path | None
    registry: PluginRegistry
    lag: Callable[[], Mapping[str, int]]
    log: Logger
    say: Callable[[str], object]


@attrs.frozen(kw_only=True)
class Companion:
    """Something that runs beside the engine when it is asked for.

    `name` is unique among plugins; `nof0 run --serve` asks for the one called `serve`. `open` is
    entered before the engine is opened and left after it was closed. What is slow must happen in a
    thread of its own: the engine's event loop is for trading.
    """

    name: str
    summary: str
    open: Callable[[Surroundings], AbstractAsyncContextManager[object]]
