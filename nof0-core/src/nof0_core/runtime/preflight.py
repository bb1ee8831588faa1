"""What can be checked of a configuration before anything is opened, beyond the files themselves."""

from __future__ import annotations

from nof0_core.config.model import Config
from nof0_core.errors import ConfigError, Problem
from nof0_core.prompts import PromptBook


def preflight(config: Config) -> None:
    """Check every prompt template a trader uses.

    Raises:
        ConfigError: with all problems of all templates, each once.
    """
    problems: dict[Problem, None] = {}
    for trader in config.traders:
        book = PromptBook(
            trader.system_template,
            trader.user_template,
            config.prompt_schema_version,
            max_tokens=config.max_prompt_tokens,
            indicators=config.indicators,
            intervals=config.intervals,
        )
        problems.update(dict.fromkeys(book.check()))
    if problems:
        raise ConfigError(list(problems))
