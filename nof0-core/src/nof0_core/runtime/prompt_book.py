"""A trader's templates under the settings of its configuration."""

from __future__ import annotations

from nof0_core.config.model import Config, TraderConfig
from nof0_core.prompts import PromptBook
from nof0_core.prompts.coins import CoinViews


def prompt_book(
    config: Config,
    trader: TraderConfig,
    *,
    coins: CoinViews | None = None,
    max_tokens: int | None = None,
) -> PromptBook:
    """Make the book a run, a check and a preview of the trader all use; nothing is read yet.

    Args:
        config: where the trader stands.
        trader: one of its traders.
        coins: shared by traders that look at the same market; None: the book's own.
        max_tokens: another limit than the configured one.
    """
    return PromptBook(
        trader.system_template,
        trader.user_template,
        config.prompt_schema_version,
        max_tokens=max_tokens or config.max_prompt_tokens,
        indicators=config.indicators,
        intervals=config.intervals,
        coins=coins,
    )
