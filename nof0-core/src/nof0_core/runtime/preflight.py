"""What can be checked of a configuration before anything is opened, beyond the files themselves."""

from __future__ import annotations

from nof0_core.config.model import Config
from nof0_core.errors import ConfigError, Problem
from nof0_core.runtime.prompt_book import prompt_book


def preflight(config: Config) -> None:
    """Check every prompt template a trader uses.

    Raises:
        ConfigError: with all problems of all templates, each once.
    """
    problems: dict[Problem, None] = {}
    for trader in config.traders:
        problems.update(dict.fromkeys(prompt_book(config, trader).check()))
    if problems:
        raise ConfigError(list(problems))
