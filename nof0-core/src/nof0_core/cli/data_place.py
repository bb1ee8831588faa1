"""Where the data directory of a configuration is, and whether an engine works on it."""

from __future__ import annotations

import os
from pathlib import Path

from nof0_core.files import absolute, no_directory, read_text


def state_directory(config_file: Path, data_dir: Path | None) -> Path:
    """Return the data directory.

    With `data_dir` the configuration is not read, and without it no plugin is loaded and nothing
    else looked at: a halt must not wait for all that to be in order.

    Raises:
        ConfigError: the place cannot be read.
        UsageError: there is no such directory: what is said there reaches nobody.
    """
    from nof0_core.errors import ConfigError, UsageError

    if data_dir is not None:
        fault = no_directory(data_dir)
        if fault or not data_dir.is_dir():
            message = f"there is no data directory {data_dir}" + (f": {fault}" if fault else "")
            raise UsageError(message, hints=("give the one the engine works on; nothing was done",))
        return absolute(data_dir)
    from nof0_core.config.places import read_places

    try:
        return read_places(config_file).state_dir
    except ConfigError as error:
        error.hints = (*error.hints, "--data-dir DIR works without the configuration")
        raise


def running_engine(state_dir: Path) -> int | None:
    """Return the process id of the engine on a data directory, None if none runs.

    Reads what the engine wrote beside its lock, so that looking never gets in its way.
    """
    try:
        process = int(read_text(state_dir / "engine.lock"))
    except (OSError, ValueError):
        return None
    try:
        os.kill(process, 0)
    except PermissionError:
        return process
    except (OSError, OverflowError):
        return None
    return process


def when(state_dir: Path) -> str:
    """Say when a running engine, or the next one, takes note of a request."""
    process = running_engine(state_dir)
    if process is None:
        return "no engine is running: it takes effect at the next start"
    return f"the engine (process {process}) takes note at its next look at the exchange account"
