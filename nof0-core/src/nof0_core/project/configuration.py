"""From the argument CONFIG to the checked configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nof0_core.config.loading import load
from nof0_core.config.model import Config
from nof0_core.plugins import load_plugins


def load_config(
    config_file: Path | str,
    *,
    data_dir: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Config:
    """Load the configuration a command was given, with all installed plugins, and check it.

    Opens nothing and writes nothing. Templates of prompts are not read: `preview` looks at those
    of the trader it is asked for.

    Args:
        config_file: CONFIG, the main file; messages name it as it is written here.
        data_dir: what was given as `--data-dir`: `state_dir`, `state_file` and `data_path` of the
            result are in it then.
        environ: variables for `${NAME}`; None: the process's, and `.env` beside the main file.

    Raises:
        ConfigError: with all problems of all files, in file and line order.
        PluginError: the plugins cannot be used together.
    """
    return load(config_file, load_plugins(), environ=environ, data_dir=data_dir)


def load_again(running: Config, config_file: Path | str, *, data_dir: Path | None = None) -> Config:
    """Load the configuration of a running engine anew, with the plugins it has.

    The arguments beside `running` are those `load_config` was given. No code of a plugin is loaded.

    Raises:
        ConfigError: with all problems of all files, in file and line order.
    """
    return load(config_file, running.registry, data_dir=data_dir, has_files=True)
