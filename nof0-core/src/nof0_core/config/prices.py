"""Whether it is known what models cost, where somebody set a limit to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nof0_core.config.model import Place
from nof0_core.config.models import Models
from nof0_core.config.references import named_in
from nof0_core.config.session import Session
from nof0_core.config.traders import Named
from nof0_core.config.tree import find
from nof0_core.plugins.env import ModelRef

HINT = "give each model a price or cost_per_million_tokens in llm.yaml (0 for one that is free)"


def check_prices(session: Session, models: Models, traders: Sequence[Named]) -> None:
    """Warn about used models without a price; refuse a budget in USD that could not be kept."""
    unpriced = {
        name
        for name in models.used & models.paid
        if name in models.specs and models.specs[name].price is None
    }
    for name in sorted(unpriced, key=models.names.index):
        place = find(models.table, "models", name)
        if models.specs[name].budget.usd is not None:
            _refuse(session, find(models.table, "models", name, "budget"), [name])
        else:
            session.warn(place, "has no price: what it costs is counted as 0")
    if models.budget.daily_usd is not None and unpriced:
        place = find(models.table, "budget", "daily_usd")
        _refuse(session, place, sorted(unpriced, key=models.names.index))
    for trader in traders:
        if trader.entry.budget_usd_per_day is None:
            continue
        missing = [n for n in _asked(models, trader) if n in unpriced]
        if missing:
            _refuse(session, trader.node.below("budget_usd_per_day"), missing)


def _refuse(session: Session, place: Place, names: Iterable[str]) -> None:
    session.problems.add(place, f"cannot be kept: what {', '.join(names)} costs is not known", HINT)


def _asked(models: Models, trader: Named) -> list[str]:
    """Return the models a trader may pay for: its own, those that stand in, and whom those ask."""
    found: list[str] = []
    waiting = [trader.model, *trader.fallbacks]
    while waiting:
        name = waiting.pop(0)
        spec = models.specs.get(name)
        if name in found or spec is None:
            continue
        found.append(name)
        waiting += [ref for refs in named_in(spec.params, ModelRef).values() for ref in refs]
    return found
