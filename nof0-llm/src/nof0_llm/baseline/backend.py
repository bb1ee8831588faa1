"""The backend behind `type: baseline`."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from decimal import localcontext

from nof0_core.domain.candles import interval_ms
from nof0_core.domain.context import DecisionContext
from nof0_core.domain.decision import Decision
from nof0_core.domain.model import Completion, ModelSpec
from nof0_core.errors import LLMError
from nof0_core.money import EXACT
from nof0_core.protocols.llm import CompletionRequest
from nof0_llm.baseline.buy_and_hold import buy_and_hold
from nof0_llm.baseline.coin_flip import coin_flip
from nof0_llm.baseline.ema_cross import ema_cross
from nof0_llm.baseline.mean_reversion import mean_reversion
from nof0_llm.baseline.params import BaselineParams

Strategy = Callable[[DecisionContext, BaselineParams], tuple[Decision, ...]]
"""A pure function of what the trader knows: no memory, so a restart changes nothing."""

STRATEGIES: Mapping[str, Strategy] = {
    "buy_and_hold": buy_and_hold,
    "ema_cross": ema_cross,
    "mean_reversion": mean_reversion,
    "random": coin_flip,
}


class BaselineBackend:
    """Answers with the decisions of the strategy that the model entry names."""

    async def complete(self, request: CompletionRequest) -> Completion:
        """Decide by rule; the prompt is never rendered.

        Raises:
            LLMError: unknown strategy, or an indicator it needs is missing.
        """
        model = request.model
        decide, params = strategy_of(model), _params(model)
        with localcontext(EXACT):
            decisions = decide(request.context, params)
        return Completion(
            model=model.name,
            decisions=decisions,
            chain_of_thought=" ".join(d.reasoning for d in decisions),
        )


def strategy_of(model: ModelSpec) -> Strategy:
    """Return the strategy a model entry names.

    Raises:
        LLMError: there is none of that name.
    """
    found = STRATEGIES.get(model.model_name)
    if found is None:
        message = f"model {model.name}: {_unknown(model.model_name)}"
        raise LLMError(message)
    return found


def problem(model: ModelSpec) -> str | None:
    """Say what is wrong with a model entry, None for nothing."""
    if model.model_name not in STRATEGIES:
        return _unknown(model.model_name)
    try:
        interval_ms(_params(model).interval)
    except ValueError as error:
        return f"params.interval: {error}"
    return None


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, STRATEGIES, n=1)
    near = f', did you mean "{close[0]}"?' if close else ""
    return (
        f'unknown baseline strategy "{name}"{near} '
        f"(model_name must be one of {', '.join(STRATEGIES)})"
    )


def _params(model: ModelSpec) -> BaselineParams:
    if model.params is None:
        return BaselineParams()
    if isinstance(model.params, BaselineParams):
        return model.params
    message = f"model {model.name}: params are not those of the baseline backend"
    raise LLMError(message)
