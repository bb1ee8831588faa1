"""Roughly what a day of answers costs."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from nof0_core.config.model import Config, TraderConfig
from nof0_core.domain.model import Usage
from nof0_core.money import plain
from nof0_core.plugins.kinds import BackendKind
from nof0_core.runtime.preview import prompt_book

_DAY = timedelta(days=1)


def cost_per_day(config: Config) -> list[str]:
    """Say for each trader with a priced model what a day costs at most, by its sample prompt.

    One answer a cycle is reckoned, as long as `max_completion_tokens` lets it be; what a repair or
    a fallback takes comes on top. Without that limit only the prompts are reckoned. A day is one
    of the clock of the run. Of several, the sum comes last.
    """
    notes, total = [], Decimal(0)
    for trader in config.traders:
        model = trader.model
        kind = config.backends[model.backend].kind
        if model.price is None or not isinstance(kind, BackendKind) or not kind.is_paid:
            continue
        cycles = _DAY // trader.decision_interval
        usage = _usage(config, trader)
        most, prompt = model.max_completion_tokens, usage.prompt_tokens
        answers = f"answers of up to {most}" if most else "whatever is answered"
        cost = cycles * model.price.cost(usage)
        total += cost
        note = (
            f"{trader.id}: about {plain(round(cost, 2))} USD a day for "
            f"{model.name}: {cycles} cycles, prompts of about {prompt} tokens, {answers}"
        )
        budget = trader.budget.usd
        notes.append(note if budget is None else f"{note}; its budget is {plain(budget)} USD a day")
    if len(notes) > 1:
        notes.append(f"all models: about {plain(round(total, 2))} USD a day")
    return notes


def cost_of(config: Config, trader: TraderConfig, cycles: int) -> Decimal:
    """Return what so many answers of a trader's model cost at most, in USD, as `cost_per_day` does.

    0 where the model has no price.
    """
    price = trader.model.price
    return Decimal(0) if price is None else cycles * price.cost(_usage(config, trader))


def _usage(config: Config, trader: TraderConfig) -> Usage:
    """Return what one cycle takes, as far as it is known beforehand."""
    return Usage(
        prompt_tokens=prompt_book(config, trader).sample_tokens(),
        completion_tokens=trader.model.max_completion_tokens or 0,
    )
