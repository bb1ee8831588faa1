"""Roughly what a day of answers costs."""

from __future__ import annotations

from datetime import timedelta

from nof0_core.config.model import Config
from nof0_core.domain.model import Usage
from nof0_core.money import plain
from nof0_core.plugins.kinds import BackendKind
from nof0_core.runtime.preview import prompt_book

_DAY = timedelta(days=1)


def cost_per_day(config: Config) -> list[str]:
    """Say for each trader with a priced model what a day costs at most, by its sample prompt.

    One answer a cycle is reckoned, as long as `max_completion_tokens` lets it be; what a repair or
    a fallback takes comes on top. Without that limit only the prompts are reckoned.
    """
    notes = []
    for trader in config.traders:
        model = trader.model
        kind = config.backends[model.backend].kind
        if model.price is None or not isinstance(kind, BackendKind) or not kind.is_paid:
            continue
        cycles = _DAY // trader.decision_interval
        prompt = prompt_book(config, trader).sample_tokens()
        most = model.max_completion_tokens
        usage = Usage(prompt_tokens=prompt * cycles, completion_tokens=(most or 0) * cycles)
        answers = f"answers of up to {most}" if most else "whatever is answered"
        note = (
            f"{trader.id}: about {plain(round(model.price.cost(usage), 2))} USD a day for "
            f"{model.name}: {cycles} cycles, prompts of about {prompt} tokens, {answers}"
        )
        budget = trader.budget.usd
        notes.append(note if budget is None else f"{note}; its budget is {plain(budget)} USD a day")
    return notes
