"""A language model that is none: reads its prompt, writes at length, and trades by lot.

What it says depends on the seed of the run, the trader and the cycle alone.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from decimal import Decimal

import attrs

from nof0_core import BackendKind, hookimpl, opt
from nof0_core.domain.context import DecisionContext
from nof0_core.domain.model import Completion, ModelCall, Usage
from nof0_core.domain.vocabulary import CallOutcome
from nof0_core.errors import LLMError
from nof0_core.plugins.env import Env
from nof0_core.protocols import CompletionRequest

LETTERS_PER_TOKEN = 4
CYCLES_AWAY = 5
"""So many cycles an endpoint stays away once it is: long enough for an alert."""
ENTRIES = 0.014
"""Chance to enter in a cycle: about 200 trades a month, where there is one every three minutes."""

THOUGHTS = (
    "The four-hour averages of {coin} still point up and the last pullback held above {price}.",
    "Momentum on the short interval fades: the MACD histogram of {coin} shrinks for three bars.",
    "{coin} trades at {price}, in the middle of its range, and offers no level to be wrong at.",
    "RSI of {coin} is neither stretched nor turning, so waiting costs less than a bad entry.",
    "Funding of {coin} is small and speaks for neither side at {price}.",
    "Volume in {coin} dries up into the close of the bar, which argues for patience at {price}.",
)
REASONS = (
    "the plan is intact and nothing has come near the level that would disprove it",
    "direction, momentum and a level to be wrong at agree for the first time in hours",
    "the reason for the position is gone, and what is left of it is hope",
    "two of the three conditions are met, which is not enough after costs",
)


@attrs.frozen(kw_only=True)
class GeneratedConfig:
    """How it trades and how often it fails; chances are per cycle."""

    entries: float = opt(default=ENTRIES, help="chance to enter, with room")
    closes: float = opt(default=0.003, help="chance to close a position that has its exits")
    away: float = opt(default=0.00005, help="chance that the endpoint goes away for a while")
    unusable: float = opt(default=0.002, help="chance that the answer is no answer")


class GeneratedModel:
    """Answers as text, and notes a paid call for each question."""

    def __init__(self, config: GeneratedConfig, seed: int) -> None:
        self._config = config
        self._seed = seed
        self._away: dict[str, int] = {}

    async def complete(self, request: CompletionRequest) -> Completion:
        """Answer, or fail as endpoints do."""
        lot = hashlib.sha256(f"{self._seed}/{request.cycle}".encode()).digest()
        rng = random.Random(lot)
        if rng.random() < self._config.away:
            self._away[request.trader] = CYCLES_AWAY
        model, price = request.model.name, request.model.price
        asked = sum(len(message.content) for message in request.prompt.messages)
        left = self._away.get(request.trader, 0)
        if left:
            self._away[request.trader] = left - 1
            detail = "the endpoint says 503: the model is overloaded, try again later"
            request.calls.add(ModelCall(model=model, outcome=CallOutcome.REFUSED, detail=detail))
            raise LLMError(detail)
        text = self._text(request.context, rng)
        usage = Usage(
            prompt_tokens=asked // LETTERS_PER_TOKEN,
            completion_tokens=len(text) // LETTERS_PER_TOKEN,
        )
        if price is not None:
            usage = attrs.evolve(usage, cost_usd=price.cost(usage))
        request.calls.add(ModelCall(model=model, outcome=CallOutcome.ANSWERED, usage=usage))
        return Completion(model=model, text=text, usage=usage)

    def _text(self, context: DecisionContext, rng: random.Random) -> str:
        if rng.random() < self._config.unusable:
            return "I would rather look at the market a little longer before I answer."
        marks = {
            symbol: snapshot.quote.mark for symbol, snapshot in sorted(context.snapshots.items())
        }
        thoughts = [
            rng.choice(THOUGHTS).format(coin=symbol, price=mark)
            for symbol, mark in marks.items()
            for _ in range(2)
        ]
        held = {holding.symbol for holding in context.account.holdings}
        free = sorted(marks.keys() - held)
        decisions = [self._kept(symbol, rng) for symbol in sorted(held & marks.keys())]
        if free and rng.random() < self._config.entries:
            symbol = rng.choice(free)
            decisions.append(_entry(context, symbol, marks[symbol], rng))
        answer = {"chain_of_thought": " ".join(thoughts), "decisions": decisions}
        return json.dumps(answer)

    def _kept(self, symbol: str, rng: random.Random) -> dict[str, object]:
        signal = "close" if rng.random() < self._config.closes else "hold"
        return {
            "signal": signal,
            "symbol": symbol,
            "confidence": rng.randint(55, 90),
            "reasoning": f"{symbol}: {rng.choice(REASONS)}.",
        }


def _entry(
    context: DecisionContext, symbol: str, mark: Decimal, rng: random.Random
) -> dict[str, object]:
    side = rng.choice((1, -1))
    stop = mark * (1 - side * Decimal(rng.randint(120, 250)) / 10_000)
    target = mark * (1 + side * Decimal(rng.randint(250, 500)) / 10_000)
    rounded = context.instruments[symbol].round_price
    size = round(context.account.equity * rng.randint(8, 16) / 100, 2)
    return {
        "signal": "buy_to_enter" if side > 0 else "sell_to_enter",
        "symbol": symbol,
        "leverage": rng.randint(2, 4),
        "position_size_usd": float(size),
        "entry_price": float(mark),
        "stop_loss": float(rounded(stop)),
        "take_profit": float(rounded(target)),
        "risk_usd": float(round(size * abs(mark - stop) / mark, 2)),
        "confidence": rng.randint(75, 90),
        "invalidation_condition": f"a close of the four-hour bar beyond {rounded(stop)}",
        "reasoning": f"{symbol}: {rng.choice(REASONS)}.",
    }


@asynccontextmanager
async def _open(config: GeneratedConfig, env: Env) -> AsyncIterator[GeneratedModel]:
    yield GeneratedModel(config, env.rng.randrange(2**32))


@hookimpl
def nof0_llm_backends() -> Iterable[BackendKind[GeneratedConfig]]:
    """Offer it as `generated`."""
    return [
        BackendKind(
            type="generated",
            config=GeneratedConfig,
            open=_open,
            summary="trades by lot, in the words of a model",
            is_paid=True,
        )
    ]
