"""What a plugin may run beside the engine, in one process and for as long as it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import attrs

from nof0_core.plugins.catalog import Catalog
from nof0_core.plugins.env import Logger


@attrs.frozen(kw_only=True)
class CompanionEnv:
    """Handed to a companion: where the run's configuration and data are, and how to speak.

    `config_file` and `data_dir` are what the command was given, `catalog` the plugins, those of the
    configuration's own files included. `lag` returns how many events each exporter is behind, by
    name, empty before the engine is open; `quarantine` why those in quarantine are there. Both may
    be called from any thread. `say` shows a line to the person at the terminal.

    A companion gets no engine: it may watch a run, never touch it.
    """

    config_file: Path
    data_dir: Path | None
    catalog: Catalog
    lag: Callable[[], Mapping[str, int]]
    quarantine: Callable[[], Mapping[str, str]]
    log: Logger
    say: Callable[[str], object]


@attrs.frozen(kw_only=True)
class Companion:
    """Something that runs beside the engine when it is asked for.

    `name` (lower case, digits, `-`, `_`) is unique among plugins; `nof0 run --with NAME` asks for
    it. `summary` is one line for `nof0 plugins`. `open` is entered before the engine is opened and
    left after it was closed. What is slow must happen in a thread of its own: the engine's event
    loop is for trading.
    """

    name: str
    summary: str
    open: Callable[[CompanionEnv], AbstractAsyncContextManager[object]]
