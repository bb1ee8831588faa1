"""Loading a configuration whose keys are not there: a rehearsal needs none of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from nof0_core.errors import ConfigError, Problem
from nof0_core.project import Config, load_config

PLACEHOLDER = "0x" + "9d" * 32
"""Looks like a private key, which is what most of these variables hold; nobody's."""
_MISSING = re.compile(r"variable ([A-Za-z_][A-Za-z0-9_]*) is (?:not set|empty)")


def load_without_keys(
    config_file: Path, *, data_dir: Path | None = None
) -> tuple[Config, dict[str, str]]:
    """Load a configuration, with placeholders for environment variables that are not set.

    Returns:
        The configuration and the placeholders by variable; none of them is used for anything.

    Raises:
        ConfigError: something else is wrong.
    """
    try:
        return load_config(config_file, data_dir=data_dir), {}
    except ConfigError as error:
        missing = dict.fromkeys(_missing(error.problems), PLACEHOLDER)
        if not missing:
            raise
    environ = {**os.environ, **missing}
    return load_config(config_file, data_dir=data_dir, environ=environ), missing


def _missing(problems: Iterable[Problem]) -> list[str]:
    return [found[1] for each in problems if (found := _MISSING.search(each.message))]
