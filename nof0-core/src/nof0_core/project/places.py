"""Where the data directory of a configuration is, and whether an engine works on it."""

from __future__ import annotations

import os
from pathlib import Path

from nof0_core.files import absolute, no_directory, read_text


def data_directory(config_file: Path, data_dir: Path | None = None) -> Path:
    """Return the data directory of a run; absolute.

    No plugin is loaded and nothing else is looked at: a halt must not wait for all that to be in
    order.

    Args:
        config_file: CONFIG, the main file.
        data_dir: what was given as `--data-dir`; then CONFIG is not read.

    Raises:
        ConfigError: the place cannot be read.
        UsageError: `data_dir` is no directory: what is said there reaches nobody.
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
